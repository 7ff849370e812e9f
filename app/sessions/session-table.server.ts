import { sql, type Generated, type RawBuilder } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { accountStands } from "../platform/users.server";
import type { SessionEvent, SessionRow, Tombstone } from "./protocol/session";

/** The D1 tables of sessions. */
export interface SessionTables {
  sessions: SessionRow;
  deleted_sessions: Tombstone;
  session_events: SessionEvent & { id: Generated<number>; session_id: string };
}

/** Builds statements on the tables of sessions. */
export const sessionStatements = statementBuilder<SessionTables>();

/** Reads the row of a session, if this user owns it. */
export function readRow(id: string, userId: string): Statement<SessionRow> {
  return sessionStatements
    .selectFrom("sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
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
 * Stores that the owner has seen all messages up to the one with id `upTo`. Never lowers the stored id.
 *
 * @param allowed a condition; if it is false, nothing is changed
 */
export function markSeen(id: string, userId: string, upTo: number, allowed = ALWAYS): Statement {
  return sessionStatements
    .updateTable("sessions")
    .set({ seen_message: upTo })
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .where("seen_message", "<", upTo)
    .where(sql<boolean>`${allowed}`)
    .compile();
}

/** @returns a subquery that selects these ids as `id`. They are one JSON parameter, because D1 allows at most 100. */
export function listed(ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)})`;
}
