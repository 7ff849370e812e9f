/**
 * The statements that write rows, used by the app's actions and by the alarm of a session's Durable Object. Every
 * statement has a condition on the owner. Every one that could insert a row has a condition that there is no tombstone
 * of the session or of its owner, because the statement may run late, after a deletion. Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import type { Answered, SessionEventKind, SessionMetadata } from "../protocol/session";
import { ALWAYS, listed, sessionStatements } from "../session-table.server";
import { insertRow } from "./create-statements.server";

/** The id of one session, or a subquery that selects ids. */
export type Ids = string | RawBuilder<unknown>;

/**
 * Archives active sessions at their owner's request. A session that is archived already gets a new `archived_at`, so
 * that an earlier message that its row does not have yet does not restore it.
 *
 * @param allowed a condition; if it is false, nothing is changed
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

/** Restores archived sessions; their idle time counts from now. @param allowed see `archiveRows` */
export function restoreRows(ids: Ids, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(ids, userId, "restored", now, {
    guard: sql`status = 'archived' AND ${allowed}`,
    set: sql`status = 'active', archived_at = NULL, archived_by = NULL, kept_at = ${now}`,
  });
}

/** Restarts the idle time of an active session ("Keep"). @param allowed see `archiveRows` */
export function keepRow(id: string, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(id, userId, "kept", now, {
    guard: sql`status = 'active' AND ${allowed}`,
    set: sql`kept_at = ${now}`,
  });
}

/**
 * Gives a session another title; one that is the automatic title follows that from then on.
 *
 * @param title null: the automatic one again
 * @param allowed see `archiveRows`
 */
export function renameRow(
  id: string,
  userId: string,
  title: string | null,
  now: number,
  allowed = ALWAYS,
): Statement[] {
  return transition(id, userId, "renamed", now, {
    guard: sql`title IS NOT nullif(${title}, auto_title) AND ${allowed}`,
    set: sql`title = nullif(${title}, auto_title)`,
  });
}

/** Deletes the task of a session, because its object has taken it. */
export function deleteTask(id: string, userId: string): Statement {
  return sql`
    DELETE FROM tasks
    WHERE session_id = (SELECT id FROM sessions WHERE id = ${id} AND user_id = ${userId})`.compile(
    sessionStatements,
  );
}

/**
 * Deletes sessions permanently: inserts their tombstones, deletes their history, tasks and rows, and deletes old
 * tombstones of any session. A session of another user is not changed.
 *
 * @param tombstoneSeconds how long tombstones are kept
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
    sql`
      DELETE FROM tasks
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
 * The statements by which the alarm of a session's object updates the session's row:
 * - inserts the row if it is missing;
 * - copies activity, counts, the automatic title and the agents' last report, all together, unless the row's activity
 *   is newer; the first time after the owner has answered, it marks what they answered as seen;
 * - copies the agents' status where only that has changed, and the runner where the row has an earlier one;
 * - restores an archived session that has a newer message;
 * - archives an active session that has been idle for too long.
 *
 * @param lastMessageAt when the newest message was written, epoch milliseconds; 0 if there is none
 * @param idleSeconds how long a session may be idle until it is archived; 0: never archived
 */
export function reportToRow(
  session: SessionMetadata & Answered,
  lastMessageAt: number,
  now: number,
  idleSeconds: number,
): Statement[] {
  const { id, user_id, auto_title, last_activity, message_count } = session;
  const { agent_status, status_rev, agent_at, agent_message, agent_tokens } = session;
  const { asks, runner_id, assign, agent } = session;
  const { answered_at, answered_message, answered_rev } = session;
  const copied = { auto_title, last_activity, message_count };
  // Only once, because the owner may mark it as unread afterwards.
  const isNewAnswer = sql`coalesce(last_activity < ${answered_at}, FALSE)`;
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
      .set({ ...copied, agent_status, status_rev, agent_at, agent_message, asks })
      .set({
        seen_message: sql`max(seen_message, ${isNewAnswer} * ${answered_message})`,
        seen_rev: sql`max(seen_rev, ${isNewAnswer} * ${answered_rev})`,
      })
      .where("id", "=", id)
      .where("user_id", "=", user_id)
      .where("last_activity", "<=", last_activity)
      // Skips the write if nothing would change, because D1 charges per row written.
      .where(
        sql<boolean>`(last_activity, message_count) IS NOT (${last_activity}, ${message_count})`,
      )
      .compile(),
    // On its own too, because it can change without activity, as when the connection to a runner is lost.
    sql`
      UPDATE sessions
      SET agent_status = ${agent_status}, status_rev = ${status_rev}, agent_at = ${agent_at}, asks = ${asks}
      WHERE id = ${id} AND user_id = ${user_id} AND status_rev < ${status_rev}`.compile(
      sessionStatements,
    ),
    // A restored D1 may have an earlier assignment.
    sql`
      UPDATE sessions SET runner_id = ${runner_id}, assign = ${assign}, agent = ${agent}
      WHERE id = ${id} AND user_id = ${user_id} AND assign < ${assign}`.compile(sessionStatements),
    // On its own, because setting this column writes another index, whatever its value.
    sql`
      UPDATE sessions SET agent_tokens = ${agent_tokens}
      WHERE id = ${id} AND user_id = ${user_id} AND last_activity <= ${last_activity}
        AND agent_tokens IS NOT ${agent_tokens}`.compile(sessionStatements),
    ...transition(id, user_id, "woken", now, {
      // If both have the same millisecond, the order is unknown: rather restore than overlook a message.
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

/**
 * Changes rows and adds a line to the history of each. Both statements have the same guard, so both or neither apply.
 */
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
