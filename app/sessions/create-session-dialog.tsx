import { Form, Link, useNavigation } from "@remix-run/react";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";

interface CreateSessionDialogProps {
  /** Makes the same form sent twice one session. */
  formKey: string;
  closeTo: string;
  /** What the last sending was answered with: what was typed, and what was wrong. */
  failed?: {
    typed: Partial<Record<string, string>>;
    errors?: Partial<Record<string, string>>;
    /** What is wrong with the whole. */
    alert?: string | undefined;
  };
}

/** Asks for the repository that a new session is tied to. */
export function CreateSessionDialog({ formKey, closeTo, failed }: CreateSessionDialogProps) {
  const creating = useNavigation().formData?.get("key") === formKey;
  return (
    <Dialog title="New session" closeTo={closeTo}>
      <Form method="post" className="grid gap-4" preventScrollReset>
        {failed?.alert && (
          <p role="alert" className="notice text-danger">
            {failed.alert}
          </p>
        )}
        <input type="hidden" name="key" value={formKey} />
        <Field
          label="Repository owner"
          name="repoOwner"
          hint="The person or organization on GitHub."
          defaultValue={failed?.typed.repoOwner}
          error={failed?.errors?.repoOwner}
          autoFocus
        />
        <Field
          label="Repository name"
          name="repoName"
          defaultValue={failed?.typed.repoName}
          error={failed?.errors?.repoName}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Link to={closeTo} preventScrollReset className="button">
            Cancel
          </Link>
          <button className="button button-primary">
            {creating ? "Creating…" : "Create session"}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
