import { Form, Link, useNavigation } from "@remix-run/react";
import { Dialog } from "../../ui/dialog";
import { RelativeTime } from "../../ui/time";
import { sessionCountText } from "../session-summary";
import { messageCountText } from "../session-text";

interface DeleteSessionDialogProps {
  session: {
    /** Its title, or its repository. */
    name: string;
    /** Epoch milliseconds. */
    createdAt: number;
    /** Null if the session's Durable Object could not be reached. */
    messageCount: number | null;
  };
  /** Epoch milliseconds. */
  now: number;
  /** The path to go to when the dialog is closed. */
  closeTo: string;
  alert?: string | undefined;
}

/** Asks whether to delete a session permanently, and shows what would be lost. */
export function DeleteSessionDialog({ session, now, closeTo, alert }: DeleteSessionDialogProps) {
  const deleting = useNavigation().formMethod === "POST";
  const { name, createdAt, messageCount } = session;
  return (
    <Dialog title="Delete this session?" closeTo={closeTo}>
      {alert && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      <p>
        <strong>
          <bdi>{name}</bdi>
        </strong>
        , created <RelativeTime at={createdAt} now={now} />,{" "}
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
    /** How many sessions there are. */
    count: number;
    /** How many messages they have together. */
    messages: number;
    /** Whether `messages` was counted just now; otherwise it is approximate. */
    exact: boolean;
    /** Of the sessions' ids: the action refuses to delete other sessions than these. */
    checksum: string;
    /** Whether these are all that match the list's filters, not rows that were selected. */
    all: boolean;
    /** The form's idempotency key. */
    formKey: string;
  };
  /** When they were counted, epoch milliseconds. */
  now: number;
  /** The path to go to when the dialog is closed. */
  closeTo: string;
  alert?: string | undefined;
}

/** Asks whether to delete many sessions permanently, and shows how much would be lost. */
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

/** Shown instead of the question if the session is deleted already. */
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
