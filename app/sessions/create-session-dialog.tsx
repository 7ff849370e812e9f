import { Form, Link, useNavigation } from "@remix-run/react";
import type { ReactNode } from "react";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";

interface CreateSessionDialogProps {
  /** Makes the same form sent twice one session. */
  formKey: string;
  closeTo: string;
  /** What is wrong with the whole. */
  alert?: string | undefined;
  /** Whether there is a repository to create a session for. */
  canCreate: boolean;
  /** The fields that ask for the repository. */
  children: ReactNode;
}

/** Asks for the repository that a new session is tied to. */
export function CreateSessionDialog({
  formKey,
  closeTo,
  alert,
  canCreate,
  children,
}: CreateSessionDialogProps) {
  const creating = useNavigation().formData?.get("key") === formKey;
  return (
    <Dialog title="New session" closeTo={closeTo}>
      <Form method="post" className="grid gap-4" preventScrollReset>
        {alert && (
          <p role="alert" className="notice text-danger">
            {alert}
          </p>
        )}
        <input type="hidden" name="key" value={formKey} />
        {children}
        <div className="flex flex-wrap justify-end gap-2">
          <Link to={closeTo} preventScrollReset className="button">
            Cancel
          </Link>
          {canCreate && (
            <button className="button button-primary">
              {creating ? "Creating…" : "Create session"}
            </button>
          )}
        </div>
      </Form>
    </Dialog>
  );
}

interface RepositoryFieldsProps {
  typed: Partial<Record<string, string>> | undefined;
  errors: Partial<Record<string, string>> | undefined;
}

/** Asks for any repository, by its owner and name. */
export function RepositoryFields({ typed, errors }: RepositoryFieldsProps) {
  return (
    <>
      <Field
        label="Repository owner"
        name="repoOwner"
        hint="The person or organization on GitHub."
        defaultValue={typed?.repoOwner}
        error={errors?.repoOwner}
        autoFocus
      />
      <Field
        label="Repository name"
        name="repoName"
        defaultValue={typed?.repoName}
        error={errors?.repoName}
      />
    </>
  );
}
