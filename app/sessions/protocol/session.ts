/** What a session is, free of any platform. Every time is in epoch milliseconds. */

export type SessionStatus = "active" | "archived";

/** Who put an archived session away: its owner, or the alarm after a long idleness. */
export type ArchivedBy = "owner" | "idle";

/** What an owner may do to a session's status; "keep" lets the idleness of an active one count anew. */
export type StatusChange = "archive" | "restore" | "keep";

/** What an agent last said of its work; "waiting" is for its owner. */
export type AgentStatus = "working" | "waiting" | "done" | "failed";

export interface Repository {
  owner: string;
  name: string;
}

/** A line of the D1 table `sessions`: the session's existence and status. */
export interface SessionRow {
  id: string;
  user_id: string;
  repo_owner: string;
  repo_name: string;
  /** "owner/name" in lower case: made by D1, for the list's order and its search. */
  repo: string;
  status: SessionStatus;
  last_activity: number;
  created_at: number;
  archived_at: number | null;
  message_count: number;
  archived_by: ArchivedBy | null;
  kept_at: number | null;
  /** What an agent last reported; null where none has. */
  agent_status: AgentStatus | null;
  /** When an agent last reported, by a status or a message. */
  agent_at: number | null;
  /** The newest message of an agent, by its id; 0 where there is none. */
  agent_message: number;
  /** The newest message that the owner has seen, by its id. */
  seen_message: number;
  /** How many agents' tokens work; null where its object has not said so yet. */
  agent_tokens: number | null;
}

/** What a deleted session leaves in D1. */
export interface Tombstone {
  id: string;
  user_id: string;
  deleted_at: number;
  /** When the session was created; null where its row was gone already. */
  created_at: number | null;
}

export type SessionEventKind =
  "created" | "archived" | "auto-archived" | "restored" | "woken" | "kept" | "healed";

export interface SessionEvent {
  kind: SessionEventKind;
  at: number;
}

/** An event by its id, which counts up. */
export interface HistoryLine extends SessionEvent {
  id: number;
}

/** What an agent last said of its work, and when it was last heard of, by a status or a message. */
export interface AgentReport {
  status: AgentStatus | null;
  at: number;
}

/** What a Durable Object knows of its session. */
export interface SessionMetadata {
  id: string;
  user_id: string;
  repo_owner: string;
  repo_name: string;
  created_at: number;
  last_activity: number;
  message_count: number;
  agent_status: AgentStatus | null;
  agent_at: number | null;
  agent_message: number;
  /** How many agents' tokens work. */
  agent_tokens: number;
}

/** @returns what agents last reported of a session; null where none has */
export function agentReport({
  agent_status,
  agent_at,
}: Pick<SessionMetadata, "agent_status" | "agent_at">): AgentReport | null {
  return agent_at === null ? null : { status: agent_status, at: agent_at };
}

/** An agent that said it was working and was not heard of for this long, in milliseconds, has fallen silent. */
const SILENT_AFTER = 10 * 60_000;

/** @returns what an agent's status is by now; "silent" where it said "working" too long ago to be believed */
export function agentStatusAt(report: AgentReport, now: number): AgentStatus | "silent" | null {
  const silent = report.status === "working" && now - report.at >= SILENT_AFTER;
  return silent ? "silent" : report.status;
}

/**
 * @param session the parts of a row that carry the repository
 * @returns "owner/name"
 */
export function repositoryName(session: Pick<SessionRow, "repo_owner" | "repo_name">): string {
  return `${session.repo_owner}/${session.repo_name}`;
}

/**
 * When an active session will be archived for being idle: `idleSeconds` after its last activity, restore or "Keep".
 *
 * @returns epoch milliseconds, or undefined where `idleSeconds` is 0 (never)
 */
export function autoArchiveTime(
  row: Pick<SessionRow, "last_activity" | "kept_at">,
  idleSeconds: number,
): number | undefined {
  if (idleSeconds === 0) return undefined;
  return Math.max(row.last_activity, row.kept_at ?? 0) + idleSeconds * 1000;
}
