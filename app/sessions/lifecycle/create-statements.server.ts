import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import { MINUTE } from "../protocol/budgets";
import type { Repository, SessionMetadata, Task } from "../protocol/session";
import { titleOfTask } from "../protocol/title";
import { ALWAYS, sessionStatements } from "../session-table.server";

/** How many sessions one user may have; 0 means no limit. */
export interface CreateLimits {
  /** Created within the last minute. */
  perMinute: number;
  /** Active at the same time. */
  active: number;
  /** Active at the same time on the same repository. */
  onRepository: number;
}

/** What a session is created with. */
export interface NewSession {
  repository: Repository;
  /** The branch to start from; without it, the repository's default branch. */
  branch?: string | undefined;
  /** Without it, the session begins without a message. */
  task?: Task | undefined;
}

/**
 * Inserts the row of a new session, its task and the first line of its history, unless the session exists, was deleted
 * or exceeds a limit. Idempotent.
 *
 * @param now when the session is created, epoch milliseconds
 */
export function insertSession(
  id: string,
  userId: string,
  { repository, branch, task }: NewSession,
  now: number,
  limits: CreateLimits,
): Statement[] {
  return [
    insertRow(
      {
        id,
        user_id: userId,
        repo_owner: repository.owner,
        repo_name: repository.name,
        branch: branch ?? null,
        auto_title: task ? titleOfTask(task.text) : null,
        created_at: now,
        last_activity: now,
        message_count: task ? 1 : 0,
        agent_status: null,
        status_rev: 0,
        agent_at: null,
        agent_message: 0,
        asks: null,
        runner_id: null,
        assign: 0,
        agent: null,
        agent_tokens: 0,
      },
      withinLimits(userId, repository, now, limits),
    ),
    ...(task ? [insertTask(id, userId, task)] : []),
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT id, 'created', created_at FROM sessions
      WHERE id = ${id} AND user_id = ${userId}
        AND NOT EXISTS (SELECT 1 FROM session_events WHERE session_id = ${id})`.compile(
      sessionStatements,
    ),
  ];
}

/**
 * Inserts the task of a session whose row the same batch has just inserted: the history is still empty. So neither a
 * tombstone nor a form that is sent again leaves a task that nobody takes.
 */
function insertTask(id: string, userId: string, { author, text }: Task): Statement {
  return sql`
    INSERT INTO tasks (session_id, author, text)
    SELECT id, ${author}, ${text} FROM sessions
    WHERE id = ${id} AND user_id = ${userId}
      AND NOT EXISTS (SELECT 1 FROM session_events WHERE session_id = ${id})
    ON CONFLICT (session_id) DO NOTHING`.compile(sessionStatements);
}

/** The limits, as a condition inside the INSERT statement, so that parallel requests cannot exceed them together. */
function withinLimits(
  userId: string,
  { owner, name }: Repository,
  now: number,
  limits: CreateLimits,
): RawBuilder<unknown> {
  const repo = `${owner}/${name}`.toLowerCase();
  return sql`
    (${limits.perMinute} = 0
      OR (SELECT count(*) FROM (${createdSince(userId, now - MINUTE)})) < ${limits.perMinute})
    AND (${limits.active} = 0 OR ${activeOn(userId, "")} < ${limits.active})
    AND (${limits.onRepository} = 0 OR ${activeOn(userId, repo)} < ${limits.onRepository})`;
}

/**
 * How many active sessions a user has on a repository ('' for all), from the table that the triggers on `sessions`
 * fill.
 */
function activeOn(userId: string, repo: string): RawBuilder<unknown> {
  return sql`
    coalesce((SELECT active FROM session_counts WHERE user_id = ${userId} AND repo = ${repo}), 0)`;
}

/** When a user's sessions since a time were created, including sessions that have been deleted. */
function createdSince(userId: string, since: number): RawBuilder<unknown> {
  return sql`
    SELECT created_at FROM sessions
    WHERE user_id = ${userId} AND status IN ('active', 'archived') AND created_at > ${since}
    UNION ALL
    SELECT created_at FROM deleted_sessions WHERE user_id = ${userId} AND created_at > ${since}`;
}

/**
 * @returns the statement that reads how many sessions a user has created within the last minute, and when the oldest of
 *   them was created, epoch milliseconds
 */
export function readCreated(
  userId: string,
  now: number,
): Statement<{ count: number; oldest: number | null }> {
  return sql<{ count: number; oldest: number | null }>`
    SELECT count(*) AS count, min(created_at) AS oldest
    FROM (${createdSince(userId, now - MINUTE)})`.compile(sessionStatements);
}

/**
 * Inserts the row of a session as active, unless it exists, or it or its owner's account was deleted.
 *
 * @param allowed a further condition for the insert
 */
export function insertRow(session: SessionMetadata, allowed = ALWAYS): Statement {
  const { id, user_id, repo_owner, repo_name, branch, auto_title } = session;
  const { created_at, last_activity, message_count } = session;
  const { agent_status, status_rev, agent_at, agent_message, agent_tokens } = session;
  const { asks, runner_id, assign, agent } = session;
  return sql`
    INSERT INTO sessions
      (id, user_id, repo_owner, repo_name, branch, auto_title, status,
        created_at, last_activity, message_count,
        agent_status, status_rev, agent_at, agent_message, agent_tokens,
        asks, runner_id, assign, agent)
    SELECT ${id}, ${user_id}, ${repo_owner}, ${repo_name}, ${branch}, ${auto_title}, 'active',
      ${created_at}, ${last_activity}, ${message_count},
      ${agent_status}, ${status_rev}, ${agent_at}, ${agent_message}, ${agent_tokens},
      ${asks}, ${runner_id}, ${assign}, ${agent}
    WHERE NOT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id})
      AND ${accountStands(user_id, created_at)} AND ${allowed}
    ON CONFLICT (id) DO NOTHING`.compile(sessionStatements);
}
