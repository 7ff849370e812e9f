import { numberText } from "../ui/number";
import {
  agentReport,
  autoArchiveTime,
  repositoryName,
  type AgentReport,
  type ArchivedBy,
  type SessionRow,
  type SessionStatus,
} from "./protocol/session";

/** The active sessions of a repository, as the create dialog shows them. Times are epoch milliseconds. */
export interface ActiveOnRepository {
  /** "owner/name" */
  repository: string;
  /** How many there are in all. */
  count: number;
  /** At most 3 of them, newest activity first. */
  sessions: Pick<SessionListItem, "id" | "title" | "lastActivity" | "messageCount">[];
}

/** A session as the list shows it. Times are epoch milliseconds. */
export interface SessionListItem {
  id: string;
  /** Null if it is called by its repository. */
  title: string | null;
  /** "owner/name" */
  repository: string;
  branch: string | null;
  status: SessionStatus;
  createdAt: number;
  lastActivity: number;
  messageCount: number;
  /** The agents' last report; null if there is none. */
  agent: AgentReport | null;
  /** What the agent of an active session asks; null if it asks nothing, or does not say what. */
  asks: string | null;
  /** Whether an agent has written a message that the owner has not seen. */
  unread: boolean;
  /** Null if the session is active. */
  archivedBy: ArchivedBy | null;
  /** When the session will be archived for being idle; null if that is not soon. */
  archiveDue: number | null;
}

/** What an item of the list is made of. */
export type ListedRow = Pick<
  SessionRow,
  | "id"
  | "repo_owner"
  | "repo_name"
  | "branch"
  | "heading"
  | "status"
  | "last_activity"
  | "created_at"
  | "kept_at"
  | "archived_by"
  | "message_count"
  | "agent_status"
  | "status_rev"
  | "agent_at"
  | "asks"
  | "agent_message"
  | "seen_message"
>;

/**
 * Turns a row into an item of the list.
 *
 * @param now epoch milliseconds
 * @param durations in seconds: how long a session may be idle until it is archived (0: never), and how long before that
 *   the list warns of it
 */
export function listItem(
  row: ListedRow,
  now: number,
  durations: { autoArchiveSeconds: number; warningSeconds: number },
): SessionListItem {
  const due =
    row.status === "active" ? autoArchiveTime(row, durations.autoArchiveSeconds) : undefined;
  const isAsking = row.status === "active" && row.agent_status === "waiting";
  const soon = due !== undefined && due - now <= durations.warningSeconds * 1000;
  return {
    id: row.id,
    title: row.heading,
    repository: repositoryName(row),
    branch: row.branch,
    status: row.status,
    createdAt: row.created_at,
    lastActivity: row.last_activity,
    messageCount: row.message_count,
    agent: agentReport(row),
    asks: isAsking ? row.asks : null,
    unread: row.agent_message > row.seen_message,
    archivedBy: row.archived_by,
    archiveDue: soon ? due : null,
  };
}

/** @returns the `durations` of `listItem` from the environment, in seconds */
export function durationsOf(env: Env) {
  return {
    autoArchiveSeconds: Number(env.AUTO_ARCHIVE_SECONDS),
    warningSeconds: Number(env.ARCHIVE_WARNING_SECONDS),
  };
}

/** @returns what a session is called in the names of its controls: its title and its repository */
export function sessionLabel({ title, repository }: Pick<SessionListItem, "title" | "repository">) {
  return title === null ? repository : `${title}, ${repository}`;
}

/** @returns "1 session", "2 sessions" */
export function sessionCountText(count: number): string {
  return count === 1 ? "1 session" : `${numberText(count)} sessions`;
}
