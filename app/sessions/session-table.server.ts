import { sql, type Generated, type RawBuilder } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { hasValidToken } from "../platform/runner-tokens.server";
import { accountStands } from "../platform/users.server";
import type { Seen, SessionEvent, SessionRow, Task, Tombstone } from "./protocol/session";

/** The D1 tables of sessions. */
export interface SessionTables {
  sessions: SessionRow;
  deleted_sessions: Tombstone;
  session_events: SessionEvent & { id: Generated<number>; session_id: string };
  tasks: Task & { session_id: string };
}

/** Builds statements on the tables of sessions. */
export const sessionStatements = statementBuilder<SessionTables>();

/** A person's id, or a subquery that selects it. */
type UserId = string | RawBuilder<string>;

/** Reads the row of a session, if this user owns it. */
export function readRow(id: string, userId: UserId): Statement<SessionRow> {
  return sessionStatements
    .selectFrom("sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** Reads the task of a session, if its object has not taken it yet and this user owns the session. */
export function readTask(id: string, userId: UserId): Statement<Task> {
  return sessionStatements
    .selectFrom("tasks")
    .innerJoin("sessions", "sessions.id", "tasks.session_id")
    .select(["author", "text"])
    .where("session_id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** Reads the runner of a session, if its token is valid and this user owns both. */
export function readRunnerOf(id: string, userId: string, now: number): Statement<{ id: string }> {
  return sql<{ id: string }>`
    SELECT runners.id FROM sessions JOIN runners ON runners.id = sessions.runner_id
    WHERE sessions.id = ${id} AND sessions.user_id = ${userId} AND runners.user_id = ${userId}
      AND ${hasValidToken(now)}`.compile(sessionStatements);
}

/** Reads how many of a person's sessions need them; no row if the person has no session. */
export function readNeedsYou(userId: string): Statement<{ needs_you: number }> {
  return sql<{ needs_you: number }>`
    SELECT needs_you FROM session_counts WHERE user_id = ${userId} AND repo = ''`.compile(
    sessionStatements,
  );
}

/** Reads the tombstone of a session, if this user deleted it. */
export function readTombstone(id: string, userId: string): Statement<Tombstone> {
  return sessionStatements
    .selectFrom("deleted_sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** Reads whether a session was deleted, on its own or with its owner's account. */
export function readDeletion({
  id,
  user_id,
  created_at,
}: Pick<SessionRow, "id" | "user_id" | "created_at">): Statement<{ deleted: 0 | 1 }> {
  return sql<{ deleted: 0 | 1 }>`
    SELECT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id} AND user_id = ${user_id})
      OR NOT ${accountStands(user_id, created_at)} AS deleted`.compile(sessionStatements);
}

/** An SQL condition that is always true. */
export const ALWAYS = sql`TRUE`;

/**
 * Stores what the owner has seen. Never lowers what is stored.
 *
 * @param allowed a condition; if it is false, nothing is changed
 */
export function markSeen(
  id: string,
  userId: string,
  { message, rev }: Seen,
  allowed = ALWAYS,
): Statement {
  return sql`
    UPDATE sessions
    SET seen_message = max(seen_message, ${message}), seen_rev = max(seen_rev, ${rev})
    WHERE id = ${id} AND user_id = ${userId}
      AND (seen_message < ${message} OR seen_rev < ${rev}) AND ${allowed}`.compile(
    sessionStatements,
  );
}

/**
 * Marks the newest message of an agent, and the newest change of status, as not seen.
 *
 * @param allowed a condition; if it is false, nothing is changed
 */
export function markUnseen(id: string, userId: string, allowed = ALWAYS): Statement {
  return sql`
    UPDATE sessions
    SET seen_message = max(0, min(seen_message, agent_message - 1)),
      seen_rev = max(0, min(seen_rev, status_rev - 1))
    WHERE id = ${id} AND user_id = ${userId} AND ${allowed}`.compile(sessionStatements);
}

/** @returns a subquery that selects these ids as `id`. They are one JSON parameter, because D1 allows at most 100. */
export function listed(ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)})`;
}
