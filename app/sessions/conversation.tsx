import { Form, Link, useNavigation } from "@remix-run/react";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { RelativeTime } from "../ui/time";
import type { Message } from "./session";

interface ConversationProps {
  /** Oldest first. */
  messages: Message[];
  /** Whether these are not the newest ones. */
  earlier: boolean;
  /** Epoch milliseconds. */
  now: number;
}

/** The messages of a session, with a way to the ones before them. */
export function Conversation({ messages, earlier, now }: ConversationProps) {
  const [first] = messages;
  return (
    <>
      <p className="flex gap-4 empty:hidden">
        {first && first.id > 1 && (
          <Link to={`?before=${first.id}`} className="link">
            Load earlier
          </Link>
        )}
        {earlier && (
          <Link to="." className="link">
            Newest messages
          </Link>
        )}
      </p>
      {messages.length === 0 && <p className="text-muted">No messages yet.</p>}
      <ol className="grid gap-3">
        {messages.map((message) => (
          <li key={message.id} className="panel grid gap-1 px-4 py-3">
            <p className="flex flex-wrap gap-x-3 text-sm text-muted">
              <span className="font-medium text-ink">{message.author}</span>
              <RelativeTime at={message.created_at} now={now} />
            </p>
            <p className="whitespace-pre-wrap [overflow-wrap:anywhere]">{message.text}</p>
          </li>
        ))}
      </ol>
    </>
  );
}

interface ComposerProps {
  /** A key that no message has yet. */
  freshKey: string;
  messages: Message[];
  archived: boolean;
  /** What the last sending was answered with. */
  failed?: { alert: string; draft: { key: string | null; text: string | null } } | undefined;
}

/** Writes into the session. A draft keeps its key until a message with that key is there: sent twice it is one message. */
export function Composer({ freshKey, messages, archived, failed: answered }: ComposerProps) {
  const isThere = (key: string) => messages.some((message) => message.client_key === key);
  // A message whose answer was lost on the way back is there all the same.
  const failed = isThere(answered?.draft.key ?? "") ? undefined : answered;
  const [key, setKey] = useState(failed?.draft.key ?? freshKey);
  const text = useRef<HTMLTextAreaElement>(null);
  const sending = useNavigation().formData?.get("key") === key;
  if (isThere(key) && key !== freshKey) setKey(freshKey);

  const firstKey = useRef(key);
  useEffect(() => {
    if (key !== firstKey.current) text.current?.focus();
  }, [key]);

  return (
    <Form method="post" className="grid gap-2">
      <input type="hidden" name="key" value={key} />
      <label htmlFor="text" className="font-medium">
        Message
      </label>
      {failed && (
        <p role="alert" id="text-error" className="text-danger">
          {failed.alert}
        </p>
      )}
      <textarea
        key={key}
        ref={text}
        id="text"
        name="text"
        rows={3}
        className="field"
        defaultValue={failed?.draft.text ?? ""}
        aria-invalid={failed ? true : undefined}
        aria-describedby={failed ? "text-error text-hint" : "text-hint"}
        onKeyDown={sendOnEnter}
      />
      <div className="flex flex-wrap items-center justify-between gap-2">
        <p id="text-hint" className="text-sm text-muted">
          {archived ? "Writing brings this session back from the archive." : "At most 32 KiB."}
        </p>
        <button name="intent" value="send" className="button button-primary">
          {sending ? "Sending…" : "Send"}
        </button>
      </div>
    </Form>
  );
}

/** Enter sends, Shift+Enter breaks the line; the Enter that ends the composing of a character does neither. */
function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
  event.preventDefault();
  const { form } = event.currentTarget;
  form?.requestSubmit(form.querySelector<HTMLButtonElement>("button[value=send]"));
}
