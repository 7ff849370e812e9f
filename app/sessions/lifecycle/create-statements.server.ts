import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import { MINUTE } from "../protocol/budgets";
import type { Repository, SessionMetadata } from "../protocol/session";
import { ALWAYS, sessionStatements } from "../session-table.server";

/**
 * How many sessions one person may create in a minute, have active, and have active on the same repository; 0: any number.
 */
export interface CreateLimits {
  perMinute: number;
  active: number;
  onRepository: number;
}

/**
 * Inserts the row of a new session unless it exists, was deleted or goes beyond a limit, with the first line of its
 * history. Applied twice it changes nothing the second time.
 */
export function insertSession(
  id: string,
  userId: string,
  repository: Repository,
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
        created_at: now,
        last_activity: now,
        message_count: 0,
        agent_status: null,
        agent_at: null,
        agent_message: 0,
        agent_tokens: 0,
      },
      withinLimits(userId, repository, now, limits),
    ),
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT id, 'created', created_at FROM sessions
      WHERE id = ${id} AND user_id = ${userId}
        AND NOT EXISTS (SELECT 1 FROM session_events WHERE session_id = ${id})`.compile(
      sessionStatements,
    ),
  ];
}

/** Conditions of the inserting statement itself, so that no number of parallel requests gets past them. */
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

/** How many active sessions a person has on a repository, '' for all: the number that the triggers of `sessions` keep. */
function activeOn(userId: string, repo: string): RawBuilder<unknown> {
  return sql`
    coalesce((SELECT active FROM session_counts WHERE user_id = ${userId} AND repo = ${repo}), 0)`;
}

/** When a person's newest sessions were created, those deleted since included. */
function createdSince(userId: string, since: number): RawBuilder<unknown> {
  return sql`
    SELECT created_at FROM sessions
    WHERE user_id = ${userId} AND status IN ('active', 'archived') AND created_at > ${since}
    UNION ALL
    SELECT created_at FROM deleted_sessions WHERE user_id = ${userId} AND created_at > ${since}`;
}

/** What a person has used of the limit per minute: how many, and when the oldest of them was created. */
export function readCreated(
  userId: string,
  now: number,
): Statement<{ count: number; oldest: number | null }> {
  return sql<{ count: number; oldest: number | null }>`
    SELECT count(*) AS count, min(created_at) AS oldest
    FROM (${createdSince(userId, now - MINUTE)})`.compile(sessionStatements);
}

export function insertRow(session: SessionMetadata, allowed = ALWAYS): Statement {
  const { id, user_id, repo_owner, repo_name, created_at, last_activity, message_count } = session;
  const { agent_status, agent_at, agent_message, agent_tokens } = session;
  return sql`
    INSERT INTO sessions
      (id, user_id, repo_owner, repo_name, status, created_at, last_activity, message_count,
        agent_status, agent_at, agent_message, agent_tokens)
    SELECT ${id}, ${user_id}, ${repo_owner}, ${repo_name}, 'active',
      ${created_at}, ${last_activity}, ${message_count},
      ${agent_status}, ${agent_at}, ${agent_message}, ${agent_tokens}
    WHERE NOT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id})
      AND ${accountStands(user_id, created_at)} AND ${allowed}
    ON CONFLICT (id) DO NOTHING`.compile(sessionStatements);
}
