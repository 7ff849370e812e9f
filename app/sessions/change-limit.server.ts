/**
 * The rate limit for changes of sessions: archive, restore, keep, mark as read, or start a bulk; a bulk counts as one
 * change. A change is counted in the same batch that writes it, whose statements have the limit as a condition, so
 * parallel requests cannot exceed it together. Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import { statementBuilder, write, type Statement } from "../platform/database.server";
import { attempt } from "../platform/log";
import { accountStands } from "../platform/users.server";
import { MINUTE } from "./protocol/budgets";
import type { SessionRow } from "./protocol/session";
import { readRow } from "./session-table.server";

/** A row of the D1 table `change_windows`: a user's fixed window of a minute, and the changes counted in it. */
interface ChangeWindow {
  user_id: string;
  began_at: number;
  changes: number;
}

const changeStatements = statementBuilder<{ change_windows: ChangeWindow }>();

const CHANGES_PER_MINUTE = 120;

/**
 * Counts a change in the user's current window of a minute. Once the count is over the limit, it is not written any
 * more.
 *
 * @param holds the SQL condition that there is something to change: a change of nothing is not counted
 * @returns the statement, which must come first in the batch
 */
export function countChange(userId: string, now: number, holds: RawBuilder<unknown>): Statement {
  const isOver = sql`began_at NOT BETWEEN ${now - MINUTE + 1} AND ${now}`;
  return sql`
    INSERT INTO change_windows (user_id, began_at, changes)
    SELECT ${userId}, ${now}, 1 WHERE ${accountStands(userId, now)} AND ${holds}
    ON CONFLICT (user_id) DO UPDATE SET
      began_at = CASE WHEN ${isOver} THEN ${now} ELSE began_at END,
      changes = CASE WHEN ${isOver} THEN 1 ELSE changes + 1 END
    WHERE ${isOver} OR changes <= ${CHANGES_PER_MINUTE}`.compile(changeStatements);
}

/** @returns the SQL condition that the change that was just counted is within the limit */
export function mayChange(userId: string): RawBuilder<unknown> {
  return sql`
    (SELECT changes FROM change_windows WHERE user_id = ${userId}) <= ${CHANGES_PER_MINUTE}`;
}

/** @returns the statement that reads the user's window, for `waitOf`; it belongs into the same batch */
export function readChanges(userId: string): Statement<ChangeWindow> {
  return changeStatements
    .selectFrom("change_windows")
    .selectAll()
    .where("user_id", "=", userId)
    .compile();
}

/** @returns 0 if the counted change is within the limit; otherwise how long to wait, in milliseconds */
export function waitOf(window: ChangeWindow | undefined, now: number): number {
  if (!window || window.changes <= CHANGES_PER_MINUTE) return 0;
  return window.began_at + MINUTE - now;
}

/**
 * - `done`: `session` is the row after the change;
 * - `not-found`: this user has no such session;
 * - `too-fast`: nothing was changed, because of too many changes within a minute; `wait` is in milliseconds;
 * - `unavailable`: D1 did not answer, so the change may or may not have happened.
 */
export type ChangeResult =
  | { outcome: "done"; session: SessionRow }
  | { outcome: "not-found" | "unavailable" }
  | { outcome: "too-fast"; wait: number };

/**
 * Changes the row of a session within the rate limit.
 *
 * @param step what is being done, in kebab case, for the log
 * @param change makes the statements; they must have `allowed` as a condition
 */
export async function changeWithinLimit(
  step: string,
  env: Env,
  userId: string,
  id: string,
  change: (now: number, allowed: RawBuilder<unknown>) => Statement[],
): Promise<ChangeResult> {
  const now = Date.now();
  const exists = sql`EXISTS (SELECT 1 FROM sessions WHERE id = ${id} AND user_id = ${userId})`;
  const answer = await attempt(step, () =>
    write(
      env.DB,
      [countChange(userId, now, exists), ...change(now, mayChange(userId))],
      readRow(id, userId),
      readChanges(userId),
    ),
  );
  if (!answer) return { outcome: "unavailable" };
  const [[session], [changes]] = answer;
  if (!session) return { outcome: "not-found" };
  const wait = waitOf(changes, now);
  return wait > 0 ? { outcome: "too-fast", wait } : { outcome: "done", session };
}
