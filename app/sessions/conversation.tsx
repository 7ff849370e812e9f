import { Link } from "@remix-run/react";
import type { MouseEvent } from "react";
import type { Connection } from "../ui/live-socket";
import { ScrollPlace } from "../ui/scroll-place";
import { RelativeTime } from "../ui/time";
import { ConnectionClosed } from "./connection-closed";
import { MarkdownView } from "./markdown-view";
import type { ShownMessage } from "./session";

interface ConversationProps {
  /** Oldest first. */
  messages: ShownMessage[];
  /** Whether these are not the newest ones. */
  isEarlierPart: boolean;
  /** Epoch milliseconds. */
  now: number;
  onLoadEarlier: () => void;
}

/** The messages of a session, with a way to the ones before them. */
export function Conversation({ messages, isEarlierPart, now, onLoadEarlier }: ConversationProps) {
  const [first] = messages;
  function loadEarlier(event: MouseEvent) {
    if (isEarlierPart || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onLoadEarlier();
  }
  return (
    <>
      <p className="flex gap-4 empty:hidden">
        {first && first.id > 1 && (
          <Link to={`?before=${first.id}`} className="link" onClick={loadEarlier}>
            Load earlier
          </Link>
        )}
        {messages.length > 5 && (
          <a href="#newest" className="link">
            Skip to the newest
          </a>
        )}
        {isEarlierPart && (
          <Link to="." className="link">
            Newest messages
          </Link>
        )}
      </p>
      {messages.length === 0 && <p className="text-muted">No messages yet.</p>}
      <ScrollPlace first={first?.id ?? 0} last={messages.at(-1)?.id ?? 0} endId="newest">
        <ol className="grid gap-3">
          {messages.map((message) => (
            <MessageItem key={message.id} message={message} now={now} />
          ))}
        </ol>
      </ScrollPlace>
    </>
  );
}

function MessageItem({ message, now }: { message: ShownMessage; now: number }) {
  const { role, author, created_at, content } = message;
  return (
    <li className="panel grid min-w-0 gap-1 px-4 py-3">
      <p className="flex flex-wrap items-center gap-x-3 text-sm text-muted">
        <span className={`font-medium text-ink ${role === "agent" ? "status icon-agent" : ""}`}>
          {author}
          {role === "agent" && <span className="sr-only"> (agent)</span>}
        </span>
        <RelativeTime at={created_at} now={now} />
      </p>
      <MarkdownView content={content} />
    </li>
  );
}

/** Says, quietly, whether what is shown keeps itself up to date. */
export function ConnectionWord({ connection }: { connection: Connection }) {
  return (
    <p aria-live="polite" className="text-sm text-muted">
      {connection.state === "offline" && "Offline. Reconnecting…"}
      {connection.state === "live" && "Live"}
      {connection.state === "closed" && <ConnectionClosed {...connection} />}
    </p>
  );
}
