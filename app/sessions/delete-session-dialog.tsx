import { Form, Link, useNavigation } from "@remix-run/react";
import { Dialog } from "../ui/dialog";
import { RelativeTime } from "../ui/time";
import { messageCountText } from "./session-list";

interface DeleteSessionDialogProps {
  session: {
    repository: string;
    createdAt: number;
    /** Null where the Durable Object could not be asked. */
    messageCount: number | null;
  };
  /** Epoch milliseconds. */
  now: number;
  closeTo: string;
  alert?: string | undefined;
}

/** Says what would be lost, and asks whether to delete it for good. */
export function DeleteSessionDialog({ session, now, closeTo, alert }: DeleteSessionDialogProps) {
  const deleting = useNavigation().formMethod === "POST";
  const { repository, createdAt, messageCount } = session;
  return (
    <Dialog title="Delete this session?" closeTo={closeTo}>
      {alert && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      <p>
        <strong>{repository}</strong>, created <RelativeTime at={createdAt} now={now} />,{" "}
        {messageCount === null
          ? "its messages cannot be counted just now"
          : messageCountText(messageCount)}
        . It is deleted with everything in it, for good.
      </p>
      <Form method="post" className="flex flex-wrap justify-end gap-2" preventScrollReset>
        <Link to={closeTo} preventScrollReset className="button">
          Cancel
        </Link>
        <button className="button button-danger">
          {deleting ? "Deleting…" : "Delete session"}
        </button>
      </Form>
    </Dialog>
  );
}

/** Says, kindly, that there is nothing left to delete. */
export function SessionGoneDialog({ closeTo }: { closeTo: string }) {
  return (
    <Dialog title="Already deleted" closeTo={closeTo}>
      <p>This session is gone: you deleted it before, here or in another window.</p>
      <Link to={closeTo} preventScrollReset className="button justify-self-end">
        Close
      </Link>
    </Dialog>
  );
}
