import { memo, type ReactNode } from "react";
import { relativeTime } from "../../../ui/time";
import type { Item, Notice, Plan, ShownItem } from "../../protocol/item";
import { ChangesView } from "./changes-view";
import { foldText } from "./fold-items";
import { isQueued } from "./known-items";
import { RequestView } from "./request-view";
import { storedText } from "./streamed-text";
import type { StreamedTexts } from "./streamed-texts";
import { By, MessageView, ThoughtView } from "./text-view";
import { ToolView } from "./tool-view";

interface ItemViewProps {
  item: ShownItem;
  sessionId: string;
  /** The id of the request that is shown above the composer; undefined if there is none. */
  pinned: number | undefined;
  /** See `RunReport`. */
  handled: number | null;
  streamed: StreamedTexts;
  /** Epoch milliseconds. */
  now: number;
}

/** A line of the conversation. Renders again only if the item is another object, or its relative time has changed. */
export const ItemView = memo(
  ItemListItem,
  (before, after) =>
    before.item === after.item &&
    isPinned(before) === isPinned(after) &&
    isQueued(before.item, before.handled) === isQueued(after.item, after.handled) &&
    timeOf(before) === timeOf(after),
);

function isPinned({ item, pinned }: ItemViewProps): boolean {
  return item.id === pinned;
}

function timeOf({ item, now }: ItemViewProps): string {
  return relativeTime("message" in item ? item.message.created_at : item.updated_at, now);
}

function ItemListItem(props: ItemViewProps) {
  const { item, sessionId, handled, streamed, now } = props;
  const growing = { stored: storedText(item), streamed };
  if ("message" in item) {
    const { message } = item;
    return (
      <MessageView
        message={message}
        sessionId={sessionId}
        isQueued={isQueued(item, handled)}
        now={now}
        {...growing}
      />
    );
  }
  const { body } = item;
  const by = <By name={item.author} isAgent at={item.updated_at} now={now} />;
  switch (body.kind) {
    case "thought":
      return <ThoughtView text={body.text} by={by} {...growing} />;
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
