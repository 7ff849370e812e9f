/** What the list shows, as its URL says it: the list's links, forms and redirects all keep to it. */
import {
  autoArchiveTime,
  repositoryName,
  type ArchivedBy,
  type SessionRow,
  type SessionStatus,
} from "./session";

/** The query parameters that belong to the list, as they stand in the URL. */
export const LIST_PARAMS = ["status", "cursor"] as const;

/**
 * @param from a URL's query, of the list or of a dialog over it
 * @param change parameters to set beside those kept; an undefined one is left out
 * @returns the path of the list, or of the page of that name over it
 */
export function listPath(
  from: URLSearchParams,
  page: "" | "/new" | "/delete" = "",
  change: Partial<Record<(typeof LIST_PARAMS)[number] | "id", string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const name of LIST_PARAMS) {
    const value = name in change ? change[name] : from.get(name);
    if (value) query.set(name, value);
  }
  if (change.id) query.set("id", change.id);
  return `/dashboard${page}${query.size > 0 ? `?${query}` : ""}`;
}

/** A line of the list, as the browser gets it. Times are epoch milliseconds. */
export interface SessionListItem {
  id: string;
  repository: string;
  status: SessionStatus;
  lastActivity: number;
  messageCount: number;
  archivedBy: ArchivedBy | null;
  /** When it will be archived for being idle, if that is soon. */
  archiveDue: number | null;
}

/**
 * @param now epoch milliseconds
 * @param durations of idleness: until a session is archived (0: never), and how long before the list says so
 */
export function listItem(
  row: SessionRow,
  now: number,
  durations: { autoArchiveSeconds: number; warningSeconds: number },
): SessionListItem {
  const due =
    row.status === "active" ? autoArchiveTime(row, durations.autoArchiveSeconds) : undefined;
  const soon = due !== undefined && due - now <= durations.warningSeconds * 1000;
  return {
    id: row.id,
    repository: repositoryName(row),
    status: row.status,
    lastActivity: row.last_activity,
    messageCount: row.message_count,
    archivedBy: row.archived_by,
    archiveDue: soon ? due : null,
  };
}

/** @returns the durations of `listItem`, in seconds, as configured */
export function durationsOf(env: Env) {
  return {
    autoArchiveSeconds: Number(env.AUTO_ARCHIVE_SECONDS),
    warningSeconds: Number(env.ARCHIVE_WARNING_SECONDS),
  };
}
