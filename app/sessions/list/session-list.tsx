import { Form, useNavigation } from "@remix-run/react";
import { useClientLinks } from "../../ui/hooks/use-client-links";
import { RelativeTime } from "../../ui/time";
import { deletePaths, listPath } from "../paths";
import { sessionLabel, type SessionListItem } from "../session-summary";
import { AgentStatusLabel, StatusLabel } from "../session-text";
import { useListQuery, type ListView } from "./list-view";
import { PageCheckbox, SelectionBar, useSelectionReset } from "./selection";

interface SessionListProps {
  sessions: SessionListItem[];
  /** The list's tab, and its order, which decides which time is shown. */
  view: Pick<ListView, "status" | "sort">;
  /** How many sessions match, on all pages together. */
  count: number;
  /** The form's idempotency key. */
  formKey: string;
  /** The ids of rows that are no longer on this page: deleted, archived or moved meanwhile. */
  gone: ReadonlySet<string>;
  /** Epoch milliseconds. */
  now: number;
}

/**
 * The list of sessions: a table on a wide screen, cards on a narrow one. It is one form, so the value of a row's button
 * has both intent and id. Links are plain `<a>` elements, which render faster than `<Link>`; one click handler of the
 * form turns them into client navigations.
 */
export function SessionList({ sessions, gone, view, count, formKey, now }: SessionListProps) {
  const query = useListQuery(view);
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
      {/* Enter in a field of a form presses its first enabled submit button. This one does nothing: it would close the
          dialog around the form, but there is none. */}
      <button type="submit" formMethod="dialog" hidden />
      <table className="session-table">
        <thead>
          <tr>
            <td>
              <PageCheckbox />
            </td>
            <th scope="col">Session</th>
            <th scope="col">Status</th>
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
  const { id, title, repository, branch, asks, archiveDue } = session;
  const label = sessionLabel(session);
  return (
    <tr className={pending || gone ? "opacity-50" : undefined}>
      <td>
        <input
          type="checkbox"
          name="id"
          value={id}
          disabled={gone}
          aria-label={`Select ${label}`}
        />
      </td>
      <th scope="row">
        <span className="title">
          <a href={`/session/${id}`} className="hover:underline">
            {title === null ? repository : <bdi>{title}</bdi>}
          </a>
          {session.unread && <span className="unread">Unread</span>}
        </span>
        {(title !== null || branch !== null) && (
          <span className="about">
            {title !== null && repository}
            {title !== null && branch !== null && " · "}
            {branch !== null && <bdi>{branch}</bdi>}
          </span>
        )}
      </th>
      <td>
        {/* The agents' status implies that the session is active. */}
        {(session.status === "archived" || !session.agent) && (
          <StatusLabel status={session.status} />
        )}
        <AgentStatusLabel report={session.agent} asks={asks} now={now} />
        {session.archivedBy === "idle" && (
          <span className="note text-muted">automatically, for being idle</span>
        )}
        {archiveDue !== null && (
          <span className="note text-warn">
            will be archived <RelativeTime at={archiveDue} now={now} />{" "}
            <button
              name="intent"
              value={`keep:${id}`}
              className="link"
              aria-label={`Keep ${label}`}
            >
              Keep
            </button>
          </span>
        )}
      </td>
      <td>
        <RelativeTime at={time} now={now} />
      </td>
      <td>
        {gone ? (
          <span className="px-3 text-muted">No longer here</span>
        ) : (
          <RowActions session={session} label={label} deletePath={deletePath} />
        )}
      </td>
    </tr>
  );
}

function RowActions({
  session,
  label,
  deletePath,
}: {
  session: SessionListItem;
  label: string;
  deletePath: string;
}) {
  const { id, status } = session;
  const active = status === "active";
  return (
    <>
      <button
        name="intent"
        value={`${active ? "archive" : "restore"}:${id}`}
        className={`button button-quiet ${active ? "icon-archive" : "icon-restore"}`}
        aria-label={`${active ? "Archive" : "Restore"} ${label}`}
      >
        {active ? "Archive" : "Restore"}
      </button>
      <a
        href={deletePath}
        className="button button-quiet icon-delete"
        aria-label={`Delete ${label}`}
      >
        Delete
      </a>
    </>
  );
}

/** @returns the intent of the form that is being submitted, if any */
function usePendingIntent(): string | undefined {
  const intent = useNavigation().formData?.get("intent");
  return typeof intent === "string" ? intent : undefined;
}
