/**
 * The statements of bulks. Each names the owner. What is to be done stands in `bulk_items`, so that every step takes the
 * next ones that are still to do: run again, or late, it is one more step. Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/users.server";
import { archiveRows, restoreRows } from "../lifecycle/lifecycle-statements.server";
import type { SessionRow, SessionStatus } from "../protocol/session";
import { listed, sessionStatements } from "../session-table.server";
import type { BulkKind, BulkOutcome, BulkRow, ReversibleKind } from "./bulk";

/** The most sessions that one bulk is about. */
export const BULK_LIMIT = 20_000;

/** How often a session that cannot be reached is tried. */
const ATTEMPTS = 3;

/** How long, in milliseconds, and how many of one person's a finished bulk is kept. */
const BULKS_KEPT = { age: 7 * 24 * 60 * 60 * 1000, count: 20 };

/** A bulk as its owner names it. */
export type BulkKey = Pick<BulkRow, "id" | "user_id">;

/** How many bulks of a person's may be unfinished at the same time. */
export const UNFINISHED_LIMIT = 5;

/** A query of one number: how many bulks of a person's are unfinished. */
function unfinishedOf(userId: string): RawBuilder<unknown> {
  return sql`
    SELECT count(*) AS count FROM bulks
    WHERE user_id = ${userId} AND finished_at IS NULL AND kind IN ('archive', 'restore', 'delete')`;
}

export function countUnfinished(userId: string): Statement<{ count: number }> {
  return sql<{ count: number }>`${unfinishedOf(userId)}`.compile(sessionStatements);
}

/** @returns the condition that a person has fewer unfinished bulks than they may have */
export function mayBegin(userId: string): RawBuilder<unknown> {
  return sql`(${unfinishedOf(userId)}) < ${UNFINISHED_LIMIT}`;
}

/**
 * Makes a bulk of chosen sessions, unless there is none to be chosen or the bulk is there already. Old ones go along.
 *
 * @param chosen a query of ids
 * @param allowed a condition under which a bulk is made at all
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

/** A few at a time, since each may have many items. */
function deleteOldBulks(userId: string, now: number): Statement[] {
  const old = sql`
    SELECT * FROM (SELECT id FROM bulks WHERE finished_at < ${now - BULKS_KEPT.age} LIMIT 2)
    UNION
    SELECT * FROM (
      SELECT id FROM bulks WHERE user_id = ${userId} AND finished_at IS NOT NULL
      ORDER BY finished_at DESC LIMIT 2 OFFSET ${BULKS_KEPT.count})`;
  return [
    sql`DELETE FROM bulk_items WHERE bulk_id IN (${old})`.compile(sessionStatements),
    sql`DELETE FROM bulks WHERE id IN (${old})`.compile(sessionStatements),
  ];
}

export function readBulk({ id, user_id }: BulkKey): Statement<BulkRow> {
  return sql<BulkRow>`SELECT * FROM bulks WHERE id = ${id} AND user_id = ${user_id}`.compile(
    sessionStatements,
  );
}

/** The bulks of a person that are under way, or stopped at sessions that failed; newest first. */
export function readUnfinished(userId: string): Statement<BulkRow> {
  return sql<BulkRow>`
    SELECT * FROM bulks WHERE user_id = ${userId} AND finished_at IS NULL
    ORDER BY created_at DESC LIMIT ${UNFINISHED_LIMIT}`.compile(sessionStatements);
}

/** How many sessions of a bulk had which outcome; null: still to do. */
export function readCounts(
  bulk: BulkKey,
): Statement<{ outcome: BulkOutcome | null; count: number }> {
  return sql<{ outcome: BulkOutcome | null; count: number }>`
    SELECT outcome, count(*) AS count FROM bulk_items WHERE ${isOf(bulk)}
    GROUP BY outcome`.compile(sessionStatements);
}

/** The sessions of a bulk that failed. */
export function readFailed(
  bulk: BulkKey,
  limit: number,
): Statement<Pick<SessionRow, "id" | "repo_owner" | "repo_name">> {
  return sql<Pick<SessionRow, "id" | "repo_owner" | "repo_name">>`
    SELECT sessions.id, repo_owner, repo_name
    FROM bulk_items JOIN sessions ON sessions.id = session_id
    WHERE ${isOf(bulk)} AND outcome IN ('failed', 'left') AND sessions.user_id = ${bulk.user_id}
    LIMIT ${limit}`.compile(sessionStatements);
}

/** The next sessions of a bulk that are still to do; those that failed before come last. */
export function readPending(
  bulk: BulkKey,
  limit: number,
): Statement<{ session_id: string; attempts: number }> {
  return sql<{ session_id: string; attempts: number }>`
    SELECT session_id, attempts FROM bulk_items WHERE ${isOf(bulk)} AND outcome IS NULL
    ORDER BY attempts LIMIT ${limit}`.compile(sessionStatements);
}

const STATUS_AFTER: Record<ReversibleKind, { from: SessionStatus; to: SessionStatus }> = {
  archive: { from: "active", to: "archived" },
  restore: { from: "archived", to: "active" },
};

/**
 * Changes the next sessions of a bulk that are still to do. They are marked first, by outcomes that exist within this
 * batch only: `settleItems`, run later in it, makes them lasting.
 */
export function changeItems(
  bulk: BulkKey & { kind: ReversibleKind },
  now: number,
  limit: number,
): Statement[] {
  const { user_id, kind } = bulk;
  const { from, to } = STATUS_AFTER[kind];
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

/** @returns the statement that answers with the ids that `changeItems` has changed */
export function settleItems(bulk: BulkKey): Statement<{ session_id: string }> {
  return sql<{ session_id: string }>`
    UPDATE bulk_items SET outcome = CASE outcome WHEN 'changing' THEN 'done' ELSE 'unchanged' END
    WHERE ${isOf(bulk)} AND outcome IN ('changing', 'keeping')
    RETURNING session_id`.compile(sessionStatements);
}

/** Says what became of sessions that were still to do. */
export function settle(bulk: BulkKey, ids: readonly string[], outcome: BulkOutcome): Statement {
  return sql`
    UPDATE bulk_items SET outcome = ${outcome}
    WHERE ${isOf(bulk)} AND session_id IN (${listed(ids)}) AND outcome IS NULL`.compile(
    sessionStatements,
  );
}

/** Counts an attempt that failed; after the last one, the session has failed. */
export function countAttempt(bulk: BulkKey, ids: readonly string[]): Statement {
  return sql`
    UPDATE bulk_items
    SET attempts = attempts + 1, outcome = CASE WHEN attempts + 1 >= ${ATTEMPTS} THEN 'failed' END
    WHERE ${isOf(bulk)} AND session_id IN (${listed(ids)}) AND outcome IS NULL`.compile(
    sessionStatements,
  );
}

/** Lets the sessions that failed be tried again. */
export function retryFailed(bulk: BulkKey): Statement {
  return sql`
    UPDATE bulk_items SET outcome = NULL, attempts = 0
    WHERE ${isOf(bulk)} AND outcome = 'failed'`.compile(sessionStatements);
}

/** Lets the sessions that failed be as they are. */
export function leaveFailed(bulk: BulkKey): Statement {
  return sql`
    UPDATE bulk_items SET outcome = 'left'
    WHERE ${isOf(bulk)} AND outcome = 'failed'`.compile(sessionStatements);
}

/** Says that a bulk got on, and that it is finished where nothing is left of it. */
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

/** A condition on `bulk_items`: those of this bulk, where it is this person's. */
export function isOf({ id, user_id }: BulkKey): RawBuilder<unknown> {
  return sql`bulk_id = (SELECT bulks.id FROM bulks WHERE bulks.id = ${id} AND user_id = ${user_id})`;
}
