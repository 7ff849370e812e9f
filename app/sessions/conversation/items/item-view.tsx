import { memo, type ReactNode } from "react";
import { relativeTime, RelativeTime } from "../../../ui/time";
import type { Item, Notice, Plan, ShownItem, Thought } from "../../protocol/item";
import type { ShownMessage } from "../../protocol/message";
import { MarkdownView } from "../markdown-view";
import { ChangesView } from "./changes-view";
import { foldText } from "./fold-items";
import { RequestView } from "./request-view";
import { ToolView } from "./tool-view";

interface ItemViewProps {
  item: ShownItem;
  sessionId: string;
  /** The id of the request that is shown above the composer; undefined if there is none. */
  pinned: number | undefined;
  /** Epoch milliseconds. */
  now: number;
}

/** A line of the conversation. Renders again only if the item is another object, or its relative time has changed. */
export const ItemView = memo(
  ItemListItem,
  (before, after) =>
    before.item === after.item &&
    isPinned(before) === isPinned(after) &&
    timeOf(before) === timeOf(after),
);

function isPinned({ item, pinned }: ItemViewProps): boolean {
  return item.id === pinned;
}

function timeOf({ item, now }: ItemViewProps): string {
  return relativeTime("message" in item ? item.message.created_at : item.updated_at, now);
}

function ItemListItem(props: ItemViewProps) {
  const { item, sessionId, now } = props;
  if ("message" in item) return <MessageView message={item.message} now={now} />;
  const { body } = item;
  const by = <By name={item.author} isAgent at={item.updated_at} now={now} />;
  switch (body.kind) {
    case "thought":
      return <ThoughtView thought={body} by={by} />;
    case "tool":
      return <ToolView call={body} by={by} />;
    case "plan":
      return <PlanView plan={body} by={by} />;
    case "changes":
      return <ChangesView changes={body} by={by} />;
    case "notice":
      return <NoticeView notice={body} by={by} />;
    case "permission":
      return (
        <RequestView
          id={item.id}
          sessionId={sessionId}
          request={body}
          pinned={isPinned(props)}
          by={by}
        />
      );
  }
}

/** Items that are folded into one line. */
export function FoldedItems({ items, children }: { items: Item[]; children: ReactNode }) {
  return (
    <li className="item">
      <details>
        <summary className="text-muted">{foldText(items)}</summary>
        <ol className="mt-3 grid grid-cols-1 gap-3">{children}</ol>
      </details>
    </li>
  );
}

interface ByProps {
  name: string;
  isAgent: boolean;
  /** Epoch milliseconds. */
  at: number;
  now: number;
}

/** Who wrote or did something, and when. */
function By({ name, isAgent, at, now }: ByProps) {
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

function MessageView({ message, now }: { message: ShownMessage; now: number }) {
  const { role, author, created_at, content } = message;
  return (
    <li className="panel item">
      <By name={author} isAgent={role === "agent"} at={created_at} now={now} />
      <MarkdownView content={content} />
    </li>
  );
}

/** How many characters of a thought are shown while it is folded. */
const FIRST_WORDS = 80;

function ThoughtView({ thought: { text }, by }: { thought: Thought; by: ReactNode }) {
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

const ENTRY_STATUS = {
  pending: { label: "To do", look: "icon-active text-muted" },
  in_progress: { label: "In progress", look: "icon-working text-accent" },
  completed: { label: "Done", look: "icon-done text-good" },
} as const;

const PRIORITY = { high: " (high priority)", medium: "", low: " (low priority)" };

function PlanView({ plan: { entries }, by }: { plan: Plan; by: ReactNode }) {
  const done = entries.filter(({ status }) => status === "completed").length;
  return (
    <li className="panel item">
      {by}
      <p>
        <span className="font-medium">Plan</span>, {done} of {entries.length} done
      </p>
      <ol aria-label="Plan" className="grid grid-cols-1 gap-1">
        {entries.map(({ content, priority, status }, place) => (
          <li key={place} className="plan-entry">
            <span className={`status ${ENTRY_STATUS[status].look}`}>
              {ENTRY_STATUS[status].label}
            </span>
            <span>
              {content}
              <span className="text-muted">{PRIORITY[priority]}</span>
            </span>
          </li>
        ))}
      </ol>
    </li>
  );
}

const SEVERITY = {
  info: { label: "Note", look: "icon-info" },
  warning: { label: "Warning", look: "icon-warning text-warn" },
  error: { label: "Error", look: "icon-failed text-danger" },
} as const;

function NoticeView({ notice: { severity, text }, by }: { notice: Notice; by: ReactNode }) {
  const { label, look } = SEVERITY[severity];
  return (
    <li className="panel item">
      {by}
      <p className="whitespace-pre-wrap">
        <span className={`status font-medium ${look}`}>{label}:</span> {text}
      </p>
    </li>
  );
}
