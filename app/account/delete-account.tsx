import { Form, Link, useNavigation } from "@remix-run/react";
import { sessionCountText } from "../sessions/session-summary";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/field";

/** The part of the account page that links to the dialog for deleting the account. */
export function DeleteAccountPanel() {
  return (
    <section aria-labelledby="delete-account" className="panel grid gap-3 p-4">
      <h2 id="delete-account" className="text-lg font-semibold">
        Delete account
      </h2>
      <p className="text-muted">Your sessions and everything else of yours, for good.</p>
      <Link to="/account/delete" preventScrollReset className="button justify-self-start">
        Delete my account
      </Link>
    </section>
  );
}

interface DeleteAccountDialogProps {
  /** The login, which must be typed to confirm. */
  login: string;
  sessions: number;
  /** Whether Ship has access to the person's GitHub account. */
  connected: boolean;
  failed: { error?: string; alert?: string; name: string } | undefined;
}

/** The dialog that lists what will be deleted, and requires the person to type their login. */
export function DeleteAccountDialog({
  login,
  sessions,
  connected,
  failed,
}: DeleteAccountDialogProps) {
  const deleting = useNavigation().formMethod === "POST";
  return (
    <Dialog title="Delete your account?" closeTo="/account">
      {failed?.alert && (
        <p role="alert" className="notice text-danger">
          {failed.alert}
        </p>
      )}
      <p>
        <strong>{sessionCountText(sessions)}</strong> with everything in{" "}
        {sessions === 1 ? "it" : "them"} and all tokens of agents are deleted, for good.
        {connected && " Ship’s access to GitHub is revoked."} You are signed out everywhere.
      </p>
      <Form method="post" className="grid gap-4" preventScrollReset>
        <Field
          label="Your name"
          name="name"
          hint={`Type “${login}” to confirm.`}
          defaultValue={failed?.name}
          error={failed?.error}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Link to="/account" preventScrollReset className="button">
            Cancel
          </Link>
          <button className="button button-danger">
            {deleting ? "Deleting…" : "Delete account"}
          </button>
        </div>
      </Form>
    </Dialog>
  );
}
