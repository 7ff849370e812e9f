import { Form, Link } from "@remix-run/react";
import type { SessionListItem } from "../session-summary";

/** The heading of a session's page, with buttons to archive or restore, download and delete the session. */
export function SessionHeader({
  session,
}: {
  session: Pick<SessionListItem, "id" | "status" | "title" | "repository"> & {
    canBeUnread: boolean;
  };
}) {
  const active = session.status === "active";
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <h1 className="text-2xl font-semibold [overflow-wrap:anywhere]" tabIndex={-1}>
        <bdi>{session.title ?? session.repository}</bdi>
      </h1>
      <Form method="post" className="flex flex-wrap gap-2">
        <Link
          to={`/session/${session.id}/rename`}
          preventScrollReset
          className="button icon-rename max-sm:px-2"
        >
          Rename
        </Link>
        {session.canBeUnread && (
          <button name="intent" value="unread" className="button icon-unread max-sm:px-2">
            Mark unread
          </button>
        )}
        <button
          name="intent"
          value={`${active ? "archive" : "restore"}:${session.id}`}
          className={`button max-sm:px-2 ${active ? "icon-archive" : "icon-restore"}`}
        >
          {active ? "Archive" : "Restore"}
        </button>
        {/* The response's Content-Disposition makes it a download. With the attribute `download`, the browser would save
            the sign-in page or an error as a file too. */}
        <a href={`/session/${session.id}/export`} className="button icon-download max-sm:px-2">
          Download
        </a>
        <Link to={`/dashboard/delete?id=${session.id}`} className="button icon-delete max-sm:px-2">
          Delete
        </Link>
      </Form>
    </div>
  );
}
