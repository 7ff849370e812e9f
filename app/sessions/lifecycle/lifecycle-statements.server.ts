/**
 * The statements that write rows, for the app's actions and for the Durable Object's alarm alike. Each names the owner,
 * and each that could insert a row refuses where a tombstone of the session or of its owner stands: a statement may land
 * late, after a delete.
 * Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import type { SessionEventKind, SessionMetadata } from "../protocol/session";
import { ALWAYS, listed, sessionStatements } from "../session-table.server";
import { insertRow } from "./create-statements.server";

/** The id of a session, or a query of many. */
export type Ids = string | RawBuilder<unknown>;

/**
 * Archives active sessions on their owner's word. One that is archived already is archived anew, as of now: a message
 * written into it since, of which its row has not heard yet, does not bring it back any more.
 *
 * @param allowed a condition under which anything is done at all
 */
export function archiveRows(ids: Ids, userId: string, now: number, allowed = ALWAYS): Statement[] {
  const set = sql`status = 'archived', archived_at = ${now}, archived_by = 'owner'`;
  return [
    sql`
      UPDATE sessions SET ${set}
      WHERE id IN (${ids}) AND user_id = ${userId} AND status = 'archived' AND ${allowed}`.compile(
      sessionStatements,
    ),
    ...transition(ids, userId, "archived", now, {
      guard: sql`status = 'active' AND ${allowed}`,
      set,
    }),
  ];
}

/** Brings archived sessions back; their idleness counts from now. @param allowed as for `archiveRows` */
export function restoreRows(ids: Ids, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(ids, userId, "restored", now, {
    guard: sql`status = 'archived' AND ${allowed}`,
    set: sql`status = 'active', archived_at = NULL, archived_by = NULL, kept_at = ${now}`,
  });
}

/** Lets the idleness of an active session count from now. @param allowed as for `archiveRows` */
export function keepRow(id: string, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(id, userId, "kept", now, {
    guard: sql`status = 'active' AND ${allowed}`,
    set: sql`kept_at = ${now}`,
  });
}

/**
 * Deletes sessions for good: tombstone, history, row of each. Old tombstones go along.
 * The caller has seen that they are this person's; should a row be somebody else's after all, it stays as it is.
 */
export function deleteRows(
  ids: readonly string[],
  userId: string,
  now: number,
  tombstoneSeconds: number,
): Statement[] {
  const given = listed(ids);
  return [
    sql`
      INSERT INTO deleted_sessions (id, user_id, deleted_at, created_at)
      SELECT given.id, ${userId}, ${now}, created_at
      FROM (${given}) AS given LEFT JOIN sessions ON sessions.id = given.id
      WHERE sessions.user_id IS NULL OR sessions.user_id = ${userId}
      ON CONFLICT (id) DO NOTHING`.compile(sessionStatements),
    sql`
      DELETE FROM session_events
      WHERE session_id IN
        (SELECT id FROM deleted_sessions WHERE id IN (${given}) AND user_id = ${userId})`.compile(
      sessionStatements,
    ),
    sql`DELETE FROM sessions WHERE id IN (${given}) AND user_id = ${userId}`.compile(
      sessionStatements,
    ),
    sql`DELETE FROM deleted_sessions WHERE deleted_at < ${now - tombstoneSeconds * 1000}`.compile(
      sessionStatements,
    ),
  ];
}

/**
 * What the alarm tells the row: it exists and carries the object's activity, its counts and what agents reported
 * (together, and only where the object's activity is not older); an archived session that was written into since is
 * active again; an active one that has been idle too long is archived.
 *
 * @param lastMessageAt when the newest message was said, by the clock; 0 where there is none
 * @param idleSeconds archive after this long without activity; 0 never
 */
export function reportToRow(
  session: SessionMetadata,
  lastMessageAt: number,
  now: number,
  idleSeconds: number,
): Statement[] {
  const { id, user_id, last_activity, message_count } = session;
  const { agent_status, agent_at, agent_message, agent_tokens } = session;
  return [
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT ${id}, 'healed', ${now}
      WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = ${id})
        AND NOT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id})
        AND ${accountStands(user_id, session.created_at)}`.compile(sessionStatements),
    insertRow(session),
    sessionStatements
      .updateTable("sessions")
      .set({ last_activity, message_count, agent_status, agent_at, agent_message, agent_tokens })
      .where("id", "=", id)
      .where("user_id", "=", user_id)
      .where("last_activity", "<=", last_activity)
      // Not written where nothing would change: rows written are what D1 charges for.
      .where(
        sql<boolean>`(last_activity, message_count, agent_tokens)
          IS NOT (${last_activity}, ${message_count}, ${agent_tokens})`,
      )
      .compile(),
    ...transition(id, user_id, "woken", now, {
      // Of the same millisecond, nobody knows which came first: a message is rather heard than missed.
      guard: sql`status = 'archived' AND archived_at <= ${lastMessageAt}`,
      set: sql`status = 'active', archived_at = NULL, archived_by = NULL`,
    }),
    ...transition(id, user_id, "auto-archived", now, {
      guard: sql`status = 'active' AND ${idleSeconds} > 0
        AND max(last_activity, coalesce(kept_at, 0)) <= ${now - idleSeconds * 1000}`,
      set: sql`status = 'archived', archived_at = ${now}, archived_by = 'idle'`,
    }),
  ];
}

/** A guarded change of rows, preceded by their lines of history under the same guard: both happen or neither does. */
function transition(
  ids: Ids,
  userId: string,
  kind: SessionEventKind,
  at: number,
  change: { guard: RawBuilder<unknown>; set: RawBuilder<unknown> },
): Statement[] {
  const where = sql`WHERE id IN (${ids}) AND user_id = ${userId} AND ${change.guard}`;
  return [
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT id, ${kind}, ${at} FROM sessions ${where}`.compile(sessionStatements),
    sql`UPDATE sessions SET ${change.set} ${where}`.compile(sessionStatements),
  ];
}
