/**
 * The statements of bulks. Every statement has a condition on the owner. The table `bulk_items` has one row per
 * session, and a step takes the next rows that have no outcome yet, so a step may run twice, or late. Times are epoch
 * milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import { archiveRows, restoreRows } from "../lifecycle/lifecycle-statements.server";
import type { SessionRow, SessionStatus } from "../protocol/session";
import { listed, sessionStatements } from "../session-table.server";
import type { BulkKind, BulkOutcome, BulkRow, ReversibleKind } from "./bulk";

/** How many sessions one bulk may have. */
export const BULK_LIMIT = 20_000;

/** How many times a session that cannot be reached is tried before it counts as failed. */
const ATTEMPTS = 3;

/** When finished bulks are deleted: after `age` milliseconds, and if the user has more than `count`. */
const BULK_RETENTION = { age: 7 * 24 * 60 * 60 * 1000, count: 20 };

/** Identifies a bulk together with its owner, so that no statement reaches another user's bulk. */
export type BulkKey = Pick<BulkRow, "id" | "user_id">;

/** How many unfinished bulks one user may have at the same time; revocations do not count. */
export const UNFINISHED_LIMIT = 5;

/** @returns a subquery with one number: how many unfinished bulks the user has */
function unfinishedOf(userId: string): RawBuilder<unknown> {
  return sql`
    SELECT count(*) AS count FROM bulks
    WHERE user_id = ${userId} AND finished_at IS NULL AND kind IN ('archive', 'restore', 'delete')`;
}

/** @returns the statement that counts the user's unfinished bulks, for `UNFINISHED_LIMIT` */
export function countUnfinished(userId: string): Statement<{ count: number }> {
  return sql<{ count: number }>`${unfinishedOf(userId)}`.compile(sessionStatements);
}

/** @returns the SQL condition that the user has fewer unfinished bulks than `UNFINISHED_LIMIT` */
export function mayBegin(userId: string): RawBuilder<unknown> {
  return sql`(${unfinishedOf(userId)}) < ${UNFINISHED_LIMIT}`;
}

/**
 * Creates a bulk of the chosen sessions, unless no session is chosen or the bulk exists already. Also deletes old
 * bulks.
 *
 * @param chosen a subquery that selects ids
 * @param allowed a condition; if it is false, no bulk is created
 */
export function insertBulk(
  bulk: BulkKey & { kind: BulkKind },
  chosen: RawBuilder<unknown>,
  now: number,
  allowed: RawBuilder<unknown>,
): Statement[] {
  const { id, user_id, kind } = bulk;
  return [
    ...deleteOldBulks(user_id, now),
    sql`
      INSERT INTO bulk_items (bulk_id, session_id)
      SELECT ${id}, id FROM (${chosen})
      WHERE NOT EXISTS (SELECT 1 FROM bulks WHERE id = ${id})
        AND ${accountStands(user_id, now)} AND ${allowed}`.compile(sessionStatements),
    sql`
      INSERT INTO bulks (id, user_id, kind, total, created_at, stepped_at)
      SELECT ${id}, ${user_id}, ${kind}, count(*), ${now}, ${now}
      FROM bulk_items WHERE bulk_id = ${id} HAVING count(*) > 0
      ON CONFLICT (id) DO NOTHING`.compile(sessionStatements),
  ];
}

/** Deletes at most a few bulks at a time, because each may have many items. */
function deleteOldBulks(userId: string, now: number): Statement[] {
  const old = sql`
    SELECT * FROM (SELECT id FROM bulks WHERE finished_at < ${now - BULK_RETENTION.age} LIMIT 2)
    UNION
    SELECT * FROM (
      SELECT id FROM bulks WHERE user_id = ${userId} AND finished_at IS NOT NULL
      ORDER BY finished_at DESC LIMIT 2 OFFSET ${BULK_RETENTION.count})`;
  return [
    sql`DELETE FROM bulk_items WHERE bulk_id IN (${old})`.compile(sessionStatements),
    sql`DELETE FROM bulks WHERE id IN (${old})`.compile(sessionStatements),
  ];
}

/** @returns the statement that reads a bulk, if it belongs to this user */
export function readBulk({ id, user_id }: BulkKey): Statement<BulkRow> {
  return sql<BulkRow>`SELECT * FROM bulks WHERE id = ${id} AND user_id = ${user_id}`.compile(
    sessionStatements,
  );
}

/**
 * @returns the statement that reads the user's bulks that are running or have stopped at failed sessions; newest first
 */
export function readUnfinished(userId: string): Statement<BulkRow> {
  return sql<BulkRow>`
    SELECT * FROM bulks WHERE user_id = ${userId} AND finished_at IS NULL
    ORDER BY created_at DESC LIMIT ${UNFINISHED_LIMIT}`.compile(sessionStatements);
}

/** @returns the statement that counts the sessions of a bulk by outcome; null: still to do */
export function readCounts(
  bulk: BulkKey,
): Statement<{ outcome: BulkOutcome | null; count: number }> {
  return sql<{ outcome: BulkOutcome | null; count: number }>`
    SELECT outcome, count(*) AS count FROM bulk_items WHERE ${isOf(bulk)}
    GROUP BY outcome`.compile(sessionStatements);
}

/** @returns the statement that reads at most `limit` sessions of a bulk that failed */
export function readFailed(
  bulk: BulkKey,
  limit: number,
): Statement<Pick<SessionRow, "id" | "heading" | "repo_owner" | "repo_name">> {
  return sql<Pick<SessionRow, "id" | "heading" | "repo_owner" | "repo_name">>`
    SELECT sessions.id, heading, repo_owner, repo_name
    FROM bulk_items JOIN sessions ON sessions.id = session_id
    WHERE ${isOf(bulk)} AND outcome IN ('failed', 'left') AND sessions.user_id = ${bulk.user_id}
    LIMIT ${limit}`.compile(sessionStatements);
}

/**
 * @returns the statement that reads the next sessions of a bulk that are still to do; those that failed before come
 * last
 */
export function readPending(
  bulk: BulkKey,
  limit: number,
): Statement<{ session_id: string; attempts: number }> {
  return sql<{ session_id: string; attempts: number }>`
    SELECT session_id, attempts FROM bulk_items WHERE ${isOf(bulk)} AND outcome IS NULL
    ORDER BY attempts LIMIT ${limit}`.compile(sessionStatements);
}

const STATUS_CHANGE: Record<ReversibleKind, { from: SessionStatus; to: SessionStatus }> = {
  archive: { from: "active", to: "archived" },
  restore: { from: "archived", to: "active" },
};

/**
 * Changes the status of the next sessions of a bulk that are still to do. Their items first get a temporary outcome
 * ("changing", "keeping"), which `settleItems` replaces later in the same batch.
 *
 * @param limit how many sessions at most
 */
export function changeItems(
  bulk: BulkKey & { kind: ReversibleKind },
  now: number,
  limit: number,
): Statement[] {
  const { user_id, kind } = bulk;
  const { from, to } = STATUS_CHANGE[kind];
  const marked = sql`
    SELECT session_id FROM bulk_items WHERE ${isOf(bulk)} AND outcome IN ('changing', 'keeping')`;
  return [
    sql`
      UPDATE bulk_items SET outcome = CASE
        (SELECT status FROM sessions WHERE id = session_id AND user_id = ${user_id})
        WHEN ${from} THEN 'changing' WHEN ${to} THEN 'keeping' ELSE 'gone' END
      WHERE ${isOf(bulk)} AND session_id IN (
        SELECT session_id FROM bulk_items WHERE ${isOf(bulk)} AND outcome IS NULL
        LIMIT ${limit})`.compile(sessionStatements),
    ...(kind === "archive" ? archiveRows : restoreRows)(marked, user_id, now),
  ];
}

/** Replaces the temporary outcomes of `changeItems`. @returns the statement, which returns the ids of those sessions */
export function settleItems(bulk: BulkKey): Statement<{ session_id: string }> {
  return sql<{ session_id: string }>`
    UPDATE bulk_items SET outcome = CASE outcome WHEN 'changing' THEN 'done' ELSE 'unchanged' END
    WHERE ${isOf(bulk)} AND outcome IN ('changing', 'keeping')
    RETURNING session_id`.compile(sessionStatements);
}

/** Sets the outcome of sessions that were still to do. */
export function settle(bulk: BulkKey, ids: readonly string[], outcome: BulkOutcome): Statement {
  return sql`
    UPDATE bulk_items SET outcome = ${outcome}
    WHERE ${isOf(bulk)} AND session_id IN (${listed(ids)}) AND outcome IS NULL`.compile(
    sessionStatements,
  );
}

/** Counts a failed attempt for these sessions; after `ATTEMPTS` of them, a session's outcome is "failed". */
export function countAttempt(bulk: BulkKey, ids: readonly string[]): Statement {
  return sql`
    UPDATE bulk_items
    SET attempts = attempts + 1, outcome = CASE WHEN attempts + 1 >= ${ATTEMPTS} THEN 'failed' END
    WHERE ${isOf(bulk)} AND session_id IN (${listed(ids)}) AND outcome IS NULL`.compile(
    sessionStatements,
  );
}

/** Makes the sessions that failed pending again. */
export function retryFailed(bulk: BulkKey): Statement {
  return sql`
    UPDATE bulk_items SET outcome = NULL, attempts = 0
    WHERE ${isOf(bulk)} AND outcome = 'failed'`.compile(sessionStatements);
}

/** Gives up on the sessions that failed: their outcome becomes "left". */
export function leaveFailed(bulk: BulkKey): Statement {
  return sql`
    UPDATE bulk_items SET outcome = 'left'
    WHERE ${isOf(bulk)} AND outcome = 'failed'`.compile(sessionStatements);
}

/** Stores that a bulk made progress, and that it is finished if no session is pending or failed. */
export function advanceBulk(bulk: BulkKey, now: number): Statement {
  return sql`
    UPDATE bulks SET stepped_at = ${now}, finished_at = CASE
      WHEN NOT EXISTS (
        SELECT 1 FROM bulk_items WHERE ${isOf(bulk)} AND (outcome IS NULL OR outcome = 'failed'))
      THEN ${now} END
    WHERE id = ${bulk.id} AND user_id = ${bulk.user_id} AND finished_at IS NULL`.compile(
    sessionStatements,
  );
}

/** @returns the SQL condition on `bulk_items` that selects the items of this bulk, if it belongs to this user */
export function isOf({ id, user_id }: BulkKey): RawBuilder<unknown> {
  return sql`bulk_id = (SELECT bulks.id FROM bulks WHERE bulks.id = ${id} AND user_id = ${user_id})`;
}
