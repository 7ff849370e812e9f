import { Form, Link, useNavigation } from "@remix-run/react";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";

interface RenameDialogProps {
  /** The title to begin with: the submitted one if it was refused. */
  title: string;
  /** What the session is called without a title of the owner's. */
  automatic: string;
  error: string | undefined;
  alert: string | undefined;
  /** The path to go to when the dialog is closed. */
  closeTo: string;
}

/** The dialog that gives a session another title. */
export function RenameDialog({ title, automatic, error, alert, closeTo }: RenameDialogProps) {
  const saving = useNavigation().formMethod === "POST";
  return (
    <Dialog title="Rename this session" closeTo={closeTo}>
      {alert && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      <Form method="post" className="grid gap-4" preventScrollReset>
        <Field
          label="Title"
          name="title"
          hint={`At most 120 characters. Without one, it is called “${automatic}”.`}
          defaultValue={title}
          error={error}
          dir="auto"
          spellCheck
          autoCapitalize="sentences"
          autoFocus
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Link to={closeTo} preventScrollReset className="button">
            Cancel
          </Link>
          <button className="button button-primary">{saving ? "Saving…" : "Save"}</button>
        </div>
      </Form>
    </Dialog>
  );
}
