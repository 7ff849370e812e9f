/**
 * Gives a session to another runner, in the order of docs/decisions/0010: its object, then its row, then the object again.
 * Times are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import { read, write, type Statement } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import { hasValidToken } from "../../platform/runner-tokens.server";
import {
  countChange,
  mayChange,
  readChanges,
  waitOf,
  type ChangeResult,
} from "../change-limit.server";
import type { Assignment, SessionRow } from "../protocol/session";
import { readRow, sessionStatements } from "../session-table.server";

/** Who is to work on a session: one of a runner's agents, or nobody. */
export type MoveTarget = { runner_id: string; agent: string } | { runner_id: null; agent: null };

/**
 * - `busy`: a run is running, and its runner is not lost: the owner must stop it first. Nothing was changed;
 * - `no-such-runner`: this user has no such runner, or its token is not valid. The session was not moved;
 * - for the others see `ChangeResult`.
 *
 * A run whose runner is lost is interrupted first, and stays so if the session is not moved after all.
 */
export type MoveResult = ChangeResult | { outcome: "busy" | "no-such-runner" };

/**
 * Moves a session to another runner or agent, or to none. Sending it again is safe: a session that is there already is not
 * moved, and only its object is told again.
 */
export async function moveSession(
  env: Env,
  userId: string,
  id: string,
  target: MoveTarget,
): Promise<MoveResult> {
  const now = Date.now();
  const found = await attempt("move-find", () =>
    read(env.DB, readRow(id, userId), readHasRunner(userId, target, now)),
  );
  if (!found) return { outcome: "unavailable" };
  const [[row], [runner]] = found;
  if (!row) return { outcome: "not-found" };
  if (runner?.known !== 1) return { outcome: "no-such-runner" };
  const result = isAt(row, target)
    ? ({ outcome: "done", session: row } as const)
    : await leaveAndMove(env, userId, id, target, now);
  if (result.outcome === "done") await tellMoved(env, userId, result.session);
  return result;
}

async function leaveAndMove(
  env: Env,
  userId: string,
  id: string,
  target: MoveTarget,
  now: number,
): Promise<MoveResult> {
  const left = await attempt("move-leave", async () => sessionObject(env, id).leave(userId));
  if (!left) return { outcome: "unavailable" };
  if (left.state === "foreign" || left.state === "deleting") return { outcome: "not-found" };
  if (left.state === "ready" && !left.isFree) return { outcome: "busy" };
  const known = left.state === "ready" ? left.assign : 0;
  const answer = await attempt("move-row", () =>
    write(
      env.DB,
      [countChange(userId, now, exists(id, userId)), assignRow(id, userId, target, known, now)],
      readRow(id, userId),
      readChanges(userId),
    ),
  );
  if (!answer) return { outcome: "unavailable" };
  const [[row], [changes]] = answer;
  if (!row) return { outcome: "not-found" };
  if (isAt(row, target)) return { outcome: "done", session: row };
  const wait = waitOf(changes, now);
  return wait > 0 ? { outcome: "too-fast", wait } : { outcome: "no-such-runner" };
}

/** Has the object follow its row. If it does not answer, the runner's next socket or the next alarm makes up for it. */
async function tellMoved(
  env: Env,
  userId: string,
  { id, runner_id, assign, agent }: SessionRow,
): Promise<void> {
  await attempt("move-tell", async () =>
    sessionObject(env, id).moved(userId, { runner_id, assign, agent }),
  );
}

/**
 * Writes who works on a session, if that changes, the runner is the owner's and valid, and the rate limit allows it.
 *
 * @param known the greatest assignment that the session's object knows, which a restored D1 may lack
 */
export function assignRow(
  id: string,
  userId: string,
  target: MoveTarget,
  known: number,
  now: number,
): Statement {
  const { runner_id, agent } = target;
  return sql`
    UPDATE sessions SET runner_id = ${runner_id}, agent = ${agent}, assign = max(assign, ${known}) + 1
    WHERE id = ${id} AND user_id = ${userId} AND (runner_id, agent) IS NOT (${runner_id}, ${agent})
      AND ${hasRunner(userId, target, now)} AND ${mayChange(userId)}`.compile(sessionStatements);
}

/** Reads whether a person has the runner of a target, and its token is valid; true for nobody's. */
export function readHasRunner(
  userId: string,
  target: MoveTarget,
  now: number,
): Statement<{ known: 0 | 1 }> {
  return sql<{ known: 0 | 1 }>`SELECT ${hasRunner(userId, target, now)} AS known`.compile(
    sessionStatements,
  );
}

function hasRunner(userId: string, { runner_id }: MoveTarget, now: number): RawBuilder<boolean> {
  return sql<boolean>`(${runner_id} IS NULL OR EXISTS (
    SELECT 1 FROM runners
    WHERE runners.id = ${runner_id} AND runners.user_id = ${userId} AND ${hasValidToken(now)}))`;
}

function exists(id: string, userId: string): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (SELECT 1 FROM sessions WHERE id = ${id} AND user_id = ${userId})`;
}

function isAt(row: Assignment, { runner_id, agent }: MoveTarget): boolean {
  return row.runner_id === runner_id && row.agent === agent;
}
