import { Form, useNavigation, useSearchParams } from "@remix-run/react";
import { useClientLinks } from "../../ui/hooks/use-client-links";
import { RelativeTime } from "../../ui/time";
import { deletePaths, listPath } from "../paths";
import type { SessionListItem } from "../session-summary";
import { AgentStatusLabel, messageCountText, StatusLabel } from "../session-words";
import type { ListView } from "./list-view";
import { PageCheckbox, SelectionBar, useSelectionReset } from "./selection";

interface SessionListProps {
  sessions: SessionListItem[];
  /** What the list shows, and by what it is sorted, which decides what time it tells. */
  view: Pick<ListView, "status" | "sort">;
  /** How many sessions match, on all pages together. */
  count: number;
  /** Makes the same form sent twice one change. */
  formKey: string;
  /** The ids of lines that are no longer on this page: deleted, archived or moved away by now. */
  gone: ReadonlySet<string>;
  /** Epoch milliseconds. */
  now: number;
}

/**
 * The list of sessions: a table on a wide screen, cards on a narrow one. It is one form; a row's buttons say intent and
 * id in one value. Rows hold plain links, which cost nothing; one handler makes them client navigations.
 */
export function SessionList({ sessions, gone, view, count, formKey, now }: SessionListProps) {
  const [query] = useSearchParams();
  const { status, sort } = view;
  const deletePath = deletePaths(query);
  const pending = usePendingIntent();
  const followLink = useClientLinks();
  const selection = useSelectionReset();
  return (
    <Form
      method="post"
      action={listPath(query)}
      preventScrollReset
      className="session-list"
      onClick={followLink}
      {...selection}
    >
      {/* Enter in a field of a form presses its first submit button that is not disabled. This one does nothing: it closes
          the dialog that the form is in, and there is none. */}
      <button type="submit" formMethod="dialog" hidden />
      <table className="session-table">
        <thead>
          <tr>
            <td>
              <PageCheckbox />
            </td>
            <th scope="col">Repository</th>
            <th scope="col">Status</th>
            <th scope="col">Messages</th>
            <th scope="col">{sort === "created" ? "Created" : "Last activity"}</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionListRow
              key={session.id}
              session={session}
              time={sort === "created" ? session.createdAt : session.lastActivity}
              now={now}
              deletePath={deletePath(session.id)}
              gone={gone.has(session.id)}
              pending={pending?.endsWith(session.id) ?? false}
            />
          ))}
        </tbody>
      </table>
      <SelectionBar
        status={status}
        matching={count > sessions.length ? count : undefined}
        formKey={formKey}
      />
    </Form>
  );
}

function SessionListRow({
  session,
  time,
  now,
  deletePath,
  gone,
  pending,
}: {
  session: SessionListItem;
  time: number;
  now: number;
  deletePath: string;
  gone: boolean;
  pending: boolean;
}) {
  const { id, repository, archiveDue } = session;
  return (
    <tr className={pending || gone ? "opacity-50" : undefined}>
      <td>
        <input
          type="checkbox"
          name="id"
          value={id}
          disabled={gone}
          aria-label={`Select ${repository}`}
        />
      </td>
      <th scope="row">
        <a href={`/session/${id}`} className="hover:underline">
          {repository}
        </a>
        {session.unread && <span className="unread">Unread</span>}
      </th>
      <td>
        {/* What an agent says of its work says that the session is active, too. */}
        {(session.status === "archived" || !session.agent) && (
          <StatusLabel status={session.status} />
        )}
        <AgentStatusLabel report={session.agent} now={now} />
        {session.archivedBy === "idle" && (
          <span className="block text-sm text-muted">automatically, for being idle</span>
        )}
        {archiveDue !== null && (
          <span className="block text-sm text-warn">
            will be archived <RelativeTime at={archiveDue} now={now} />{" "}
            <button
              name="intent"
              value={`keep:${id}`}
              className="link"
              aria-label={`Keep ${repository}`}
            >
              Keep
            </button>
          </span>
        )}
      </td>
      <td>{messageCountText(session.messageCount)}</td>
      <td>
        <RelativeTime at={time} now={now} />
      </td>
      <td>
        {gone ? (
          <span className="px-3 text-muted">No longer here</span>
        ) : (
          <RowActions session={session} deletePath={deletePath} />
        )}
      </td>
    </tr>
  );
}

function RowActions({ session, deletePath }: { session: SessionListItem; deletePath: string }) {
  const { id, repository, status } = session;
  const active = status === "active";
  return (
    <>
      <button
        name="intent"
        value={`${active ? "archive" : "restore"}:${id}`}
        className={`button button-quiet ${active ? "icon-archive" : "icon-restore"}`}
        aria-label={`${active ? "Archive" : "Restore"} ${repository}`}
      >
        {active ? "Archive" : "Restore"}
      </button>
      <a
        href={deletePath}
        className="button button-quiet icon-delete"
        aria-label={`Delete ${repository}`}
      >
        Delete
      </a>
    </>
  );
}

/** @returns the intent of the form that is being sent, if there is one */
function usePendingIntent(): string | undefined {
  const intent = useNavigation().formData?.get("intent");
  return typeof intent === "string" ? intent : undefined;
}
