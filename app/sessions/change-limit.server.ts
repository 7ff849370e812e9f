/**
 * How often a person may change sessions: archive, restore, keep or mark them as read, one or a page of them. A change is
 * counted in the batch that writes it, whose statements hold only where it was not one too many; so parallel requests do
 * not get past the limit. Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import { statementBuilder, write, type Statement } from "../platform/database.server";
import { attempt } from "../platform/log";
import { accountStands } from "../platform/users.server";
import { MINUTE } from "./protocol/budgets";
import type { SessionRow } from "./protocol/session";
import { readRow } from "./session-table.server";

interface ChangeWindow {
  user_id: string;
  began_at: number;
  changes: number;
}

const changeStatements = statementBuilder<{ change_windows: ChangeWindow }>();

const CHANGES_PER_MINUTE = 120;

/**
 * Counts a change in the minute that began with the first one. Once one is too many, nothing is written any more.
 *
 * @param holds the condition under which there is something to change: what changes nothing is not counted
 * @returns the statement that comes first in the batch
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

/** @returns the condition that the change that was just counted is not one too many */
export function mayChange(userId: string): RawBuilder<unknown> {
  return sql`
    (SELECT changes FROM change_windows WHERE user_id = ${userId}) <= ${CHANGES_PER_MINUTE}`;
}

/** What was counted: read in the same batch. */
export function readChanges(userId: string): Statement<ChangeWindow> {
  return changeStatements
    .selectFrom("change_windows")
    .selectAll()
    .where("user_id", "=", userId)
    .compile();
}

/** @returns in how many milliseconds the next change may be; 0 where the one that was counted may be */
export function waitOf(window: ChangeWindow | undefined, now: number): number {
  if (!window || window.changes <= CHANGES_PER_MINUTE) return 0;
  return window.began_at + MINUTE - now;
}

/**
 * - `done`: the row is as it is afterwards;
 * - `not-found`: this person has no such session;
 * - `too-fast`: nothing was changed, because this person has changed much within a minute; the wait is in milliseconds;
 * - `unavailable`: D1 did not answer, so it may or may not have happened.
 */
export type ChangeResult =
  | { outcome: "done"; session: SessionRow }
  | { outcome: "not-found" | "unavailable" }
  | { outcome: "too-fast"; wait: number };

/**
 * Changes the row of a session, unless this person has changed too much within a minute.
 *
 * @param step what is being done, in kebab case
 * @param change the statements, at this time and under this condition
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
