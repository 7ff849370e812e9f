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

/** @returns "1 session", "2 sessions" */
export function sessionCountText(count: number): string {
  return count === 1 ? "1 session" : `${numberText(count)} sessions`;
}
