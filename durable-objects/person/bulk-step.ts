/** The bounded steps in which a person's object carries out a bulk; docs/decisions/0006 says why. */
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

/** How many sessions one step is about. */
const STEP = { change: 100, objects: 20 };

/** How much later sessions that failed are tried again, in milliseconds a failed attempt. */
const RETRY_AFTER = 2_000;

/**
 * What a step leaves to be done: `more` after a wait in milliseconds, with the ids of the sessions that it changed;
 * `nothing`; or it is `unknown`, because D1 says that it was not asked for, or not yet.
 */
export type BulkStep =
  { left: "more"; wait: number; changed: string[] } | { left: "nothing" | "unknown" };

/** Carries out the next step of a bulk. @throws what D1 throws; the step can then be done again */
export async function stepBulk(env: DeletionEnv, userId: string, id: string): Promise<BulkStep> {
  const named = { id, user_id: userId };
  const [[bulk], pending] = await read(env.DB, readBulk(named), readPending(named, STEP.objects));
  if (!bulk) return { left: "unknown" };
  if (pending.length === 0) return { left: "nothing" };
  const { kind } = bulk;
  if (kind === "delete") return deleteStep(env, bulk, pending);
  if (kind === "revoke") return revokeStep(env, bulk, pending);
  const now = Date.now();
  const [settled] = await write(
    env.DB,
    changeItems({ ...named, kind }, now, STEP.change),
    settleItems(named),
    advanceBulk(named, now),
  );
  return { left: "more", wait: 0, changed: settled.map(({ session_id }) => session_id) };
}

type Pending = { session_id: string; attempts: number }[];

/** Deletes as `deleteSession` does, with all rows of the step in one batch. A wipe that fails is the object's own to repeat. */
async function deleteStep(env: DeletionEnv, bulk: BulkRow, pending: Pending): Promise<BulkStep> {
  const { idsOf, wait } = await askEach("delete-begin", pending, (id) =>
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

/** Revokes the tokens of all agents. A session that has none, or not even an object yet, is as it is to be. */
async function revokeStep(env: DeletionEnv, bulk: BulkRow, pending: Pending): Promise<BulkStep> {
  const { idsOf, wait } = await askEach("revoke-agents", pending, async (id) => {
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
 * Asks something of each session's object.
 *
 * @returns `idsOf` which sessions have answered so; undefined: not at all. And in how many milliseconds the next step is due
 */
async function askEach<State extends string>(
  step: string,
  pending: Pending,
  ask: (id: string) => Promise<State>,
) {
  const answers = await inParallel(pending, OBJECTS_AT_ONCE, async ({ session_id: id }) => ({
    id,
    state: await attempt(step, () => ask(id)),
  }));
  const idsOf = (...states: (State | undefined)[]) =>
    answers.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  const noneReached = idsOf(undefined).length === pending.length;
  const attempts = Math.max(...pending.map((one) => one.attempts)) + 1;
  return { idsOf, wait: noneReached ? RETRY_AFTER * attempts : 0 };
}
