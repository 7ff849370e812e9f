import { Form, Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { RelativeTime } from "../../ui/time";
import { deletePaths } from "../paths";
import type { AgentReport } from "../protocol/session";
import type { SessionListItem } from "../session-summary";
import { AgentStatusLabel, StatusLabel } from "../session-text";

/** A session as its own page shows it. Times are epoch milliseconds. */
export interface ShownSession extends SessionListItem {
  /** The repository's page on GitHub. */
  repositoryUrl: string;
  /** The branch's page on GitHub; null if none was given. */
  branchUrl: string | null;
  archivedAt: number | null;
  canBeUnread: boolean;
}

interface SessionHeaderProps {
  session: ShownSession;
  /** The agents' last report; null if there is none. */
  agent: AgentReport | null;
  /** Epoch milliseconds. */
  now: number;
  /** Why the last action was not done. */
  alert: string | undefined;
}

/** The top of a session's page: what it is, what can be done with it, and what its owner should know. */
export function SessionHeader({ session, agent, now, alert }: SessionHeaderProps) {
  return (
    <>
      <header className="grid gap-3">
        <div className="grid min-w-0 gap-1">
          <h1
            className="text-2xl font-semibold [overflow-wrap:anywhere] max-sm:text-xl"
            tabIndex={-1}
          >
            <bdi>{session.title ?? session.repository}</bdi>
          </h1>
          <dl className="session-line">
            <Said term="Repository">
              <GitHubLink to={session.repositoryUrl} name={session.repository} />
            </Said>
            {session.branchUrl !== null && (
              <Said term="Branch">
                <GitHubLink to={session.branchUrl} name={session.branch} />
              </Said>
            )}
            <Said term="Status">
              <StatusLabel status={session.status} />{" "}
              <span className="agent">
                <AgentStatusLabel report={agent} now={now} />
              </span>
            </Said>
          </dl>
        </div>
        <Actions session={session} />
      </header>
      {alert !== undefined && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      <ArchiveNotice session={session} now={now} />
    </>
  );
}

function Said({ term, children }: { term: string; children: ReactNode }) {
  return (
    <div>
      <dt className="sr-only">{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function GitHubLink({ to, name }: { to: string; name: string | null }) {
  return (
    <a href={to} rel="noreferrer" className="link">
      <bdi>{name}</bdi>
      <span className="icon-external ml-1" />
      <span className="sr-only"> on GitHub</span>
    </a>
  );
}

function Actions({ session: { id, status, canBeUnread } }: { session: ShownSession }) {
  const active = status === "active";
  return (
    <Form method="post" className="flex flex-wrap gap-2">
      <Link
        to={`/session/${id}/rename`}
        preventScrollReset
        className="button icon-rename max-sm:px-2"
      >
        Rename
      </Link>
      {canBeUnread && (
        <button name="intent" value="unread" className="button icon-unread max-sm:px-2">
          Mark unread
        </button>
      )}
      <button
        name="intent"
        value={`${active ? "archive" : "restore"}:${id}`}
        className={`button max-sm:px-2 ${active ? "icon-archive" : "icon-restore"}`}
      >
        {active ? "Archive" : "Restore"}
      </button>
      {/* The response's Content-Disposition makes it a download. With the attribute `download`, the browser would save
          the sign-in page or an error as a file too. */}
      <a href={`/session/${id}/export`} className="button icon-download max-sm:px-2">
        Download
      </a>
      <Link
        to={deletePaths(new URLSearchParams({ status }))(id)}
        className="button icon-delete max-sm:px-2"
      >
        Delete
      </Link>
    </Form>
  );
}

/** Says that the session will be archived for being idle, or was. */
function ArchiveNotice({ session, now }: { session: ShownSession; now: number }) {
  const { id, archivedBy, archivedAt, archiveDue } = session;
  return (
    <>
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
          <button name="intent" value={`keep:${id}`} className="button">
            Keep
          </button>
        </Form>
      )}
    </>
  );
}
