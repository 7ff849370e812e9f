import { Link } from "@remix-run/react";
import { memo, useState, type MouseEvent } from "react";
import type { Connection } from "../../ui/hooks/live-socket";
import { ScrollAnchor } from "../../ui/scroll-anchor";
import { relativeTime, RelativeTime } from "../../ui/time";
import { ConnectionClosed } from "../connection-closed";
import { plainText } from "../protocol/markdown";
import type { ShownMessage } from "../protocol/message";
import { goToNewest, JumpToNewest } from "./jump-to-newest";
import { END_ID } from "./live-session";
import { MarkdownView } from "./markdown-view";

interface ConversationProps {
  /** Oldest first. */
  messages: ShownMessage[];
  /** Whether this is an earlier page of the conversation, not the newest one. */
  isEarlierPart: boolean;
  /** Epoch milliseconds. */
  now: number;
  onLoadEarlier: () => void;
}

/** The messages of a session, with a link to load earlier ones. */
export function Conversation({ messages, isEarlierPart, now, onLoadEarlier }: ConversationProps) {
  const [first] = messages;
  const last = messages.at(-1)?.id ?? 0;
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
          <a
            href={`#${END_ID}`}
            className={`link ${isEarlierPart ? "" : "skip"}`}
            onClick={goToNewest}
          >
            Skip to the newest
          </a>
        )}
        {isEarlierPart && (
          <Link to="." className="link">
            Newest messages
          </Link>
        )}
      </p>
      <ScrollAnchor first={first?.id ?? 0} last={last} endId={END_ID}>
        <ol className="grid gap-3">
          {messages.map((message) => (
            <MessageItem key={message.id} message={message} now={now} />
          ))}
        </ol>
        {!isEarlierPart && <JumpToNewest last={last} />}
      </ScrollAnchor>
      <MessageLog messages={messages} />
    </>
  );
}

/**
 * What a screen reader announces at once: at most this many of the newest messages, and this many characters of each.
 */
const READ_ALOUD = { messages: 5, characters: 500 };

/**
 * A live region for screen readers that announces each message received since the page was opened. The conversation
 * itself is not a live region, because then the messages of "Load earlier" and every change of a time would be
 * announced too.
 */
function MessageLog({ messages }: { messages: ShownMessage[] }) {
  const [opened] = useState(messages.at(-1)?.id ?? 0);
  const received = messages.filter(({ id }) => id > opened).slice(-READ_ALOUD.messages);
  return (
    <div role="log" aria-label="What is new" className="sr-only">
      {received.map(({ id, author, content }) => (
        <p key={id}>{`${author}: ${plainText(content).slice(0, READ_ALOUD.characters).trim()}`}</p>
      ))}
    </div>
  );
}

interface MessageItemProps {
  message: ShownMessage;
  /** Epoch milliseconds. */
  now: number;
}

/** Renders again only if the message is another object, or its relative time has changed. */
const MessageItem = memo(
  MessageListItem,
  (before, after) => before.message === after.message && timeOf(before) === timeOf(after),
);

function timeOf({ message, now }: MessageItemProps): string {
  return relativeTime(message.created_at, now);
}

function MessageListItem({ message, now }: MessageItemProps) {
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

/** Shows whether the page receives live updates. */
export function ConnectionStatus({ connection }: { connection: Connection }) {
  return (
    <p aria-live="polite" className="text-sm text-muted">
      {connection.state === "offline" && "Offline. Reconnecting…"}
      {connection.state === "live" && "Live"}
      {connection.state === "closed" && <ConnectionClosed {...connection} />}
    </p>
  );
}
