import { Form, Link, useNavigation } from "@remix-run/react";
import { Dialog } from "../../ui/dialog";
import { RelativeTime } from "../../ui/time";
import { sessionCountText } from "../session-summary";
import { messageCountText } from "../session-words";

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

interface DeleteSessionsDialogProps {
  many: {
    count: number;
    messages: number;
    /** Whether the messages were counted just now. */
    exact: boolean;
    /** The same for the same sessions. */
    checksum: string;
    /** Whether these are all that match, and not some that were selected. */
    all: boolean;
    /** Makes the same form sent twice one deletion. */
    formKey: string;
  };
  /** When they were counted, epoch milliseconds. */
  now: number;
  closeTo: string;
  alert?: string | undefined;
}

/** Says how much would be lost, and asks whether to delete it for good. */
export function DeleteSessionsDialog({ many, now, closeTo, alert }: DeleteSessionsDialogProps) {
  const deleting = useNavigation().formMethod === "POST";
  const { count, messages, exact, checksum, all, formKey } = many;
  const sessions = sessionCountText(count);
  return (
    <Dialog title={`Delete ${sessions}?`} closeTo={closeTo}>
      {alert && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      <p>
        <strong>
          {sessions} with {exact ? "" : "about "}
          {messageCountText(messages)}
        </strong>
        . {count === 1 ? "It is" : "They are"} deleted with everything in{" "}
        {count === 1 ? "it" : "them"}, for good.
      </p>
      <Form method="post" className="flex flex-wrap justify-end gap-2" preventScrollReset>
        <input type="hidden" name="key" value={formKey} />
        {all && (
          <>
            <input type="hidden" name="until" value={now} />
            <input type="hidden" name="count" value={count} />
            <input type="hidden" name="checksum" value={checksum} />
          </>
        )}
        <Link to={closeTo} preventScrollReset className="button">
          Cancel
        </Link>
        {count > 0 && (
          <button className="button button-danger">
            {deleting ? "Deleting…" : `Delete ${count === 1 ? "session" : sessions}`}
          </button>
        )}
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
