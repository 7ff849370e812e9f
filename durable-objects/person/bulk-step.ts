/** Runs a bulk in bounded steps, from the person's object; docs/decisions/0006 says why. */
import { read, write } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { attempt } from "../../app/platform/log";
import { inParallel } from "../../app/platform/parallel";
import type { BulkRow } from "../../app/sessions/bulk/bulk";
import {
  advanceBulk,
  changeItems,
  countAttempt,
  readBulk,
  readPending,
  settle,
  settleItems,
} from "../../app/sessions/bulk/bulk-tables.server";
import {
  beginDeletion,
  finishDeletions,
  OBJECTS_AT_ONCE,
  type DeletionEnv,
} from "../../app/sessions/lifecycle/deletion.server";

/** How many sessions one step handles at most: `change` in D1 alone, `objects` if each session's object is called. */
const STEP = { change: 100, objects: 20 };

/** The wait before the next step if no object could be reached: milliseconds per failed attempt so far. */
const RETRY_AFTER = 2_000;

/**
 * What is left to do after a step:
 * - `more`: another step, after `wait` milliseconds; `changed` has the ids of the sessions that this step changed;
 * - `nothing`: the task is finished;
 * - `unknown`: D1 has no such task, or not yet.
 */
export type BulkStep =
  { left: "more"; wait: number; changed: string[] } | { left: "nothing" | "unknown" };

/** Runs the next step of a bulk. @throws what D1 throws; the step can then run again */
export async function stepBulk(env: DeletionEnv, userId: string, id: string): Promise<BulkStep> {
  const key = { id, user_id: userId };
  const [[bulk], pending] = await read(env.DB, readBulk(key), readPending(key, STEP.objects));
  if (!bulk) return { left: "unknown" };
  if (pending.length === 0) return { left: "nothing" };
  const { kind } = bulk;
  if (kind === "delete") return deleteStep(env, bulk, pending);
  if (kind === "revoke") return revokeStep(env, bulk, pending);
  const now = Date.now();
  const [settled] = await write(
    env.DB,
    changeItems({ ...key, kind }, now, STEP.change),
    settleItems(key),
    advanceBulk(key, now),
  );
  return { left: "more", wait: 0, changed: settled.map(({ session_id }) => session_id) };
}

type Pending = { session_id: string; attempts: number }[];

/**
 * Deletes sessions as `deleteSession` does, but with all rows of the step in one batch. If a wipe fails, the object's
 * own alarm repeats it.
 */
async function deleteStep(env: DeletionEnv, bulk: BulkRow, pending: Pending): Promise<BulkStep> {
  const { idsOf, wait } = await callEach("delete-begin", pending, (id) =>
    beginDeletion(env, bulk.user_id, id),
  );
  const deleting = idsOf("deleting");
  await finishDeletions(env, bulk.user_id, deleting, [
    settle(bulk, [...deleting, ...idsOf("already-deleted")], "done"),
    settle(bulk, idsOf("not-found"), "gone"),
    countAttempt(bulk, idsOf(undefined)),
    advanceBulk(bulk, Date.now()),
  ]);
  return { left: "more", wait, changed: deleting };
}

/** Revokes the tokens of all agents. A session without tokens, or even without an object (`empty`), counts as done. */
async function revokeStep(env: DeletionEnv, bulk: BulkRow, pending: Pending): Promise<BulkStep> {
  const { idsOf, wait } = await callEach("revoke-agents", pending, async (id) => {
    const { state } = await sessionObject(env, id).revokeAgents(bulk.user_id);
    return state;
  });
  const revoked = idsOf("ready", "empty");
  await write(env.DB, [
    settle(bulk, revoked, "done"),
    settle(bulk, idsOf("deleting", "foreign"), "gone"),
    countAttempt(bulk, idsOf(undefined)),
    advanceBulk(bulk, Date.now()),
  ]);
  return { left: "more", wait, changed: revoked };
}

/**
 * Calls the object of each session, `OBJECTS_AT_ONCE` at a time.
 *
 * @param step what is being done, in kebab case, for the log
 * @param call calls one session's object, and returns the state of its answer
 * @returns `idsOf` gives the ids of the sessions whose answer had one of these states, undefined meaning that the call
 *   failed; `wait` is how long to wait before the next step, in milliseconds
 */
async function callEach<State extends string>(
  step: string,
  pending: Pending,
  call: (id: string) => Promise<State>,
) {
  const answers = await inParallel(pending, OBJECTS_AT_ONCE, async ({ session_id: id }) => ({
    id,
    state: await attempt(step, () => call(id)),
  }));
  const idsOf = (...states: (State | undefined)[]) =>
    answers.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  const noneReached = idsOf(undefined).length === pending.length;
  const attempts = Math.max(...pending.map((one) => one.attempts)) + 1;
  return { idsOf, wait: noneReached ? RETRY_AFTER * attempts : 0 };
}
