/** What the list shows, as its URL says it: the list's links, forms and redirects all keep to it. */
import {
  agentReport,
  autoArchiveTime,
  repositoryName,
  type AgentReport,
  type ArchivedBy,
  type SessionRow,
  type SessionStatus,
} from "../protocol/session";

/** The query parameters that belong to the list, as they stand in the URL. */
export const LIST_PARAMS = ["status", "q", "repo", "idle", "sort", "cursor"] as const;

/** What a list shows unless its URL says otherwise; no URL says it. */
const DEFAULTS = new Map<string, string>([
  ["status", "active"],
  ["sort", "activity"],
]);

/** The tabs of the list. */
export type ListStatus = SessionStatus | "all";

export const LIST_SORTS = ["activity", "created", "repository"] as const;
export type ListSort = (typeof LIST_SORTS)[number];

/** So many days without activity: what the review of idle sessions offers, shortest first. */
export const IDLE_DAYS = [7, 14, 30] as const;
export type IdleDays = (typeof IDLE_DAYS)[number];

/** How long a search may be, in characters. */
export const SEARCH_LENGTH = 150;

/** Which sessions a list shows, and in which order: its URL, checked, but for the page. */
export interface ListView {
  status: ListStatus;
  /** What is searched for, in lower case: each is the beginning of owner, name or "owner/name". */
  words: string[];
  /** "owner/name", in any case; null: any. */
  repo: string | null;
  /** Only active ones that have been idle for so many days. */
  idle: IdleDays | null;
  sort: ListSort;
}

/** @returns whether the list's order begins with the repository: not where it shows only one */
export function ordersByRepository({ sort, repo }: Pick<ListView, "sort" | "repo">): boolean {
  return sort === "repository" && repo === null;
}

/** A repository that the list offers to choose, "owner/name", and how many sessions it would show. */
export interface RepositoryCount {
  name: string;
  count: number;
}

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
    if (value && value !== DEFAULTS.get(name)) query.set(name, value);
  }
  if (change.id) query.set("id", change.id);
  return `/dashboard${page}${query.size > 0 ? `?${query}` : ""}`;
}

/**
 * @param from a URL's query, of the list
 * @returns what gives the path of the dialog that deletes a session over that list; the query is read once for all rows
 */
export function deletePaths(from: URLSearchParams): (id: string) => string {
  const path = listPath(from, "/delete");
  const joint = path.includes("?") ? "&" : "?";
  return (id) => `${path}${joint}id=${id}`;
}

/** The active sessions of a repository, as the create dialog tells of them. Times are epoch milliseconds. */
export interface SimilarSessions {
  /** "owner/name" */
  repository: string;
  count: number;
  /** Some of them, newest activity first. */
  sessions: Pick<SessionListItem, "id" | "lastActivity" | "messageCount">[];
}

/** A line of the list, as the browser gets it. Times are epoch milliseconds. */
export interface SessionListItem {
  id: string;
  repository: string;
  status: SessionStatus;
  createdAt: number;
  lastActivity: number;
  messageCount: number;
  /** What an agent last reported; null where none has. */
  agent: AgentReport | null;
  /** An agent has written since the owner last looked. */
  unread: boolean;
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
    createdAt: row.created_at,
    lastActivity: row.last_activity,
    messageCount: row.message_count,
    agent: agentReport(row),
    unread: row.agent_message > row.seen_message,
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
