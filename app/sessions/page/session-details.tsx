import { useState, type ReactNode } from "react";
import { ExactTime, RelativeTime } from "../../ui/time";
import type { SessionEvent, SessionEventKind } from "../protocol/session";
import { messageCountText } from "../session-text";
import type { ShownSession } from "./session-header";

interface SessionDetailsProps extends SessionHistoryProps {
  session: ShownSession;
  /** Whether a response is inside, for which the panel opens. */
  answered?: boolean;
  /** Shown between facts and history. */
  children?: ReactNode;
}

/** The panel beside a conversation, folded below it on a narrow screen: counts and times, agents, history. */
export function SessionDetails({
  session,
  answered = false,
  children,
  ...history
}: SessionDetailsProps) {
  const { now } = history;
  // It stays open after the response, so that it does not close while the user works in it.
  const [unfolded, setUnfolded] = useState(answered);
  if (answered && !unfolded) setUnfolded(true);
  return (
    <section aria-label="Details" className="session-details">
      <details className="panel" open={unfolded || undefined}>
        <summary>Details</summary>
        <dl>
          <Detail term="Messages">{messageCountText(session.messageCount)}</Detail>
          <Detail term="Created">
            <RelativeTime at={session.createdAt} now={now} />
          </Detail>
          <Detail term="Last activity">
            <RelativeTime at={session.lastActivity} now={now} />
          </Detail>
        </dl>
        {children}
        <SessionHistory {...history} />
      </details>
    </section>
  );
}

function Detail({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-muted">{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const EVENT_TEXT: Record<SessionEventKind, string> = {
  created: "Created",
  archived: "Archived",
  "auto-archived": "Archived automatically, for being idle",
  restored: "Restored",
  woken: "Restored by a new message",
  kept: "Kept active",
  renamed: "Renamed",
  healed: "Put back into the list after it was missing there",
};

interface SessionHistoryProps {
  /** Oldest first. */
  events: SessionEvent[];
  /** Whether there are older events, which are not shown. */
  older: boolean;
  /** Epoch milliseconds. */
  now: number;
}

/** The list of a session's events. */
function SessionHistory({ events, older, now }: SessionHistoryProps) {
  if (events.length === 0) return null;
  return (
    <section aria-labelledby="history">
      <h2 id="history" className="font-semibold">
        History
      </h2>
      {older && (
        <p className="text-sm text-muted">
          The newest {events.length} lines. “Download” gives you all of them.
        </p>
      )}
      <ol className="grid gap-1 text-sm text-muted">
        {events.map(({ kind, at }, index) => (
          <li key={index}>
            {EVENT_TEXT[kind]} <RelativeTime at={at} now={now} /> (<ExactTime at={at} />)
          </li>
        ))}
      </ol>
    </section>
  );
}
