import { sql, type Generated, type RawBuilder } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { accountStands } from "../platform/users.server";
import type { SessionEvent, SessionRow, Tombstone } from "./protocol/session";

export interface SessionTables {
  sessions: SessionRow;
  deleted_sessions: Tombstone;
  session_events: SessionEvent & { id: Generated<number>; session_id: string };
}

export const sessionStatements = statementBuilder<SessionTables>();

/** The row of a session, for its owner only. */
export function readRow(id: string, userId: string): Statement<SessionRow> {
  return sessionStatements
    .selectFrom("sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** The tombstone of a session, for the person who deleted it only. */
export function readTombstone(id: string, userId: string): Statement<Tombstone> {
  return sessionStatements
    .selectFrom("deleted_sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** Whether a session was deleted, by itself or with its owner's account. */
export function readDeletion({
  id,
  user_id,
  created_at,
}: Pick<SessionRow, "id" | "user_id" | "created_at">): Statement<{ deleted: 0 | 1 }> {
  return sql<{ deleted: 0 | 1 }>`
    SELECT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id} AND user_id = ${user_id})
      OR NOT ${accountStands(user_id, created_at)} AS deleted`.compile(sessionStatements);
}

/** A condition that always holds. */
export const ALWAYS = sql`TRUE`;

/**
 * Remembers that the owner has seen all messages up to the one with this id; only ever upwards.
 *
 * @param allowed as for `archiveRows`
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

/** @returns a query of these ids, as one parameter: D1 takes at most 100 of them */
export function listed(ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)})`;
}
