import { Form } from "@remix-run/react";
import type { ReactNode } from "react";
import { ExactTime, RelativeTime } from "../../ui/time";
import type { SessionEvent, SessionEventKind } from "../protocol/session";
import type { SessionListItem } from "../session-summary";
import { messageCountText, StatusLabel } from "../session-text";

export interface SessionDetailsProps {
  session: SessionListItem & {
    /** The repository's page on GitHub. */
    repositoryUrl: string;
    /** The branch's page on GitHub; null if none was given. */
    branchUrl: string | null;
    createdAt: number;
    archivedAt: number | null;
  };
  /** Epoch milliseconds. */
  now: number;
  /** Shown below the session's status. */
  children?: ReactNode;
}

/** The panel with the details of a session: repository, status, counts and times. */
export function SessionDetails({ session, now, children }: SessionDetailsProps) {
  const { repository, status, archivedAt, archivedBy, archiveDue } = session;
  return (
    <section aria-label="Details" className="panel grid gap-4 p-4">
      <dl className="grid grid-cols-2 gap-4 sm:grid-cols-3 lg:grid-cols-2">
        <Detail term="Repository">
          <a href={session.repositoryUrl} rel="noreferrer" className="link">
            {repository} <span className="icon-external" />
            <span className="sr-only"> on GitHub</span>
          </a>
        </Detail>
        {session.branchUrl !== null && (
          <Detail term="Branch">
            <a href={session.branchUrl} rel="noreferrer" className="link">
              <bdi>{session.branch}</bdi> <span className="icon-external" />
              <span className="sr-only"> on GitHub</span>
            </a>
          </Detail>
        )}
        <Detail term="Status">
          <StatusLabel status={status} />
          <span className="block text-sm empty:hidden">{children}</span>
        </Detail>
        <Detail term="Messages">{messageCountText(session.messageCount)}</Detail>
        <Detail term="Created">
          <RelativeTime at={session.createdAt} now={now} />
        </Detail>
        <Detail term="Last activity">
          <RelativeTime at={session.lastActivity} now={now} />
        </Detail>
      </dl>
      {archivedBy === "idle" && archivedAt !== null && (
        <p className="text-muted">
          Archived automatically <RelativeTime at={archivedAt} now={now} />, because nothing had
          happened in it for a long time.
        </p>
      )}
      {archiveDue !== null && (
        <Form method="post" className="flex flex-wrap items-center gap-3">
          <p className="text-warn">
            Nothing has happened here for a long time: it will be archived{" "}
            <RelativeTime at={archiveDue} now={now} />.
          </p>
          <button name="intent" value={`keep:${session.id}`} className="button">
            Keep
          </button>
        </Form>
      )}
    </section>
  );
}

function Detail({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div className="min-w-0 [overflow-wrap:anywhere]">
      <dt className="text-sm text-muted">{term}</dt>
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
export function SessionHistory({ events, older, now }: SessionHistoryProps) {
  if (events.length === 0) return null;
  return (
    <section aria-labelledby="history" className="grid gap-2">
      <h2 id="history" className="text-lg font-semibold">
        History
      </h2>
      {older && (
        <p className="text-muted">
          The newest {events.length} lines. “Download” gives you all of them.
        </p>
      )}
      <ol className="grid gap-1 text-muted">
        {events.map(({ kind, at }, index) => (
          <li key={index}>
            {EVENT_TEXT[kind]} <RelativeTime at={at} now={now} /> (<ExactTime at={at} />)
          </li>
        ))}
      </ol>
    </section>
  );
}
