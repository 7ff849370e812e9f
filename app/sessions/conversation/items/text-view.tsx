import { Form } from "@remix-run/react";
import type { ReactNode } from "react";
import { RelativeTime } from "../../../ui/time";
import type { ShownMessage } from "../../protocol/message";
import { MarkdownView } from "../markdown-view";
import type { NewText, StreamedTexts } from "./streamed-texts";
import { StreamedTail, useStreamedText } from "./streamed-view";
import { tailOf } from "./streamed-text";
import { useFocusOnEnd } from "./use-focus-on-end";

interface ByProps {
  name: string;
  isAgent: boolean;
  /** Epoch milliseconds. */
  at: number;
  now: number;
}

/** Who wrote or did something, and when. */
export function By({ name, isAgent, at, now }: ByProps) {
  return (
    <p className="flex flex-wrap items-center gap-x-3 text-sm text-muted">
      <span className={`font-medium text-ink ${isAgent ? "status icon-agent" : ""}`}>
        {name}
        {isAgent && <span className="sr-only"> (agent)</span>}
      </span>
      <RelativeTime at={at} now={now} />
    </p>
  );
}

/** A text that may be growing. */
interface Growing {
  streamed: StreamedTexts;
  /** What is stored of it; undefined if no run writes it. */
  stored: { id: string; length: number } | undefined;
}

interface MessageViewProps extends Growing {
  message: ShownMessage;
  sessionId: string;
  /** Whether it waits for a run. */
  isQueued: boolean;
  now: number;
}

/** A message of the owner or an agent, with what the agent has written behind what is stored. */
export function MessageView({ message, stored, streamed, isQueued, ...props }: MessageViewProps) {
  const { id, role, author, created_at, content, withdrawn } = message;
  const isChanged = isQueued || withdrawn;
  return (
    <li
      {...(isChanged && { id: placeOf(id), tabIndex: -1 })}
      className={`panel item ${withdrawn ? "withdrawn" : ""}`}
    >
      <By name={author} isAgent={role === "agent"} at={created_at} now={props.now} />
      {stored ? (
        <MarkdownView
          content={content}
          tail={(isInline) => (
            <StreamedTail
              streamed={streamed}
              id={stored.id}
              after={stored.length}
              isInline={isInline}
            />
          )}
        />
      ) : (
        <MarkdownView content={content} />
      )}
      {isQueued && <QueuedNote id={id} sessionId={props.sessionId} />}
      {withdrawn && <p className="text-sm">Taken back: no agent gets it.</p>}
    </li>
  );
}

/** @returns the id of the element of a message of the owner */
function placeOf(id: number): string {
  return `message-${id}`;
}

/** Says that a message waits for an agent, with a button that takes it back. Works without JavaScript. */
function QueuedNote({ id, sessionId }: { id: number; sessionId: string }) {
  const focusMessage = useFocusOnEnd(placeOf(id));
  return (
    <Form
      method="post"
      action={`/session/${sessionId}`}
      preventScrollReset
      onSubmit={focusMessage}
      className="mt-1 flex flex-wrap items-center gap-3 text-sm"
    >
      <span className="status icon-queued text-muted">Queued</span>
      <button name="intent" value={`withdraw:${id}`} className="button">
        Take back
      </button>
    </Form>
  );
}

/** How many characters of a thought are shown while it is folded. */
const FIRST_WORDS = 80;

interface ThoughtViewProps extends Growing {
  /** As far as it is stored. */
  text: string;
  by: ReactNode;
}

/** A thought of an agent, folded, with what has come behind what is stored. */
export function ThoughtView({ text: before, by, streamed, stored }: ThoughtViewProps) {
  const known = useStreamedText(streamed, stored?.id ?? "");
  const text = before + (tailOf(known, stored?.length ?? Infinity)?.text ?? "");
  // By code points: half a character would not be the same in the browser as in the server's HTML.
  const start = Array.from(text.trimStart().slice(0, 2 * FIRST_WORDS));
  return (
    <li className="item">
      <details>
        <summary>
          <span className="text-muted">Thought:</span> {start.slice(0, FIRST_WORDS).join("")}
          {start.length > FIRST_WORDS && "…"}
        </summary>
        <div className="mt-2 grid gap-1">
          {by}
          <p className="whitespace-pre-wrap">{text}</p>
        </div>
      </details>
    </li>
  );
}

interface NewTextViewProps {
  text: NewText;
  streamed: StreamedTexts;
  /** The agent's name. */
  author: string;
  /** Epoch milliseconds. */
  now: number;
}

/** A text of which nothing is stored yet. */
export function NewTextView({ text: { id, kind }, streamed, author, now }: NewTextViewProps) {
  const by = <By name={author} isAgent at={now} now={now} />;
  if (kind === "thought") {
    return <ThoughtView text="" by={by} streamed={streamed} stored={{ id, length: 0 }} />;
  }
  return (
    <li className="panel item">
      {by}
      <div className="markdown">
        <StreamedTail streamed={streamed} id={id} after={0} isInline={false} />
      </div>
    </li>
  );
}
