/** The bounded steps in which a person's object carries out a bulk; docs/decisions/0006 says why. */
import { read, write } from "../platform/database.server";
import { attempt } from "../platform/log";
import { inParallel } from "../platform/parallel";
import type { BulkRow } from "./bulk";
import {
  advanceBulk,
  changeItems,
  countAttempt,
  readBulk,
  readPending,
  settle,
  settleItems,
} from "./bulk-rows.server";
import {
  beginDeletion,
  finishDeletions,
  OBJECTS_AT_ONCE,
  type DeletionEnv,
} from "./lifecycle.server";

/** How many sessions one step is about. */
const STEP = { change: 100, delete: 20 };

/** How much later sessions that failed are tried again, in milliseconds a failed attempt. */
const RETRY_AFTER = 2_000;

/**
 * What a step leaves to be done: `more` after a wait in milliseconds; `nothing`; or it is `unknown`, because no such bulk
 * is there, or not yet.
 */
export type BulkStep =
  { left: "more"; wait: number; changed: string[] } | { left: "nothing" | "unknown" };

/** Carries out the next step of a bulk. @throws what D1 throws; the step can then be done again */
export async function stepBulk(env: DeletionEnv, userId: string, id: string): Promise<BulkStep> {
  const named = { id, user_id: userId };
  const [[bulk], pending] = await read(env.DB, readBulk(named), readPending(named, STEP.delete));
  if (!bulk) return { left: "unknown" };
  if (pending.length === 0) return { left: "nothing" };
  const { kind } = bulk;
  if (kind === "delete") return deleteStep(env, bulk, pending);
  const now = Date.now();
  const [settled] = await write(
    env.DB,
    changeItems({ ...named, kind }, now, STEP.change),
    settleItems(named),
    advanceBulk(named, now),
  );
  return { left: "more", wait: 0, changed: settled.map(({ session_id }) => session_id) };
}

/** Deletes as `deleteSession` does, with all rows of the step in one batch. A wipe that fails is the object's own to repeat. */
async function deleteStep(
  env: DeletionEnv,
  bulk: BulkRow,
  pending: { session_id: string; attempts: number }[],
): Promise<BulkStep> {
  const begun = await inParallel(pending, OBJECTS_AT_ONCE, async ({ session_id }) => ({
    id: session_id,
    state: await attempt("delete-begin", () => beginDeletion(env, bulk.user_id, session_id)),
  }));
  const idsOf = (...states: (typeof begun)[number]["state"][]) =>
    begun.filter(({ state }) => states.includes(state)).map(({ id }) => id);
  const deleting = idsOf("deleting");
  const unreachable = idsOf(undefined);
  await finishDeletions(env, bulk.user_id, deleting, [
    settle(bulk, [...deleting, ...idsOf("already-deleted")], "done"),
    settle(bulk, idsOf("not-found"), "gone"),
    countAttempt(bulk, unreachable),
    advanceBulk(bulk, Date.now()),
  ]);
  const noneReached = unreachable.length === pending.length;
  const attempts = Math.max(...pending.map((one) => one.attempts)) + 1;
  return { left: "more", wait: noneReached ? RETRY_AFTER * attempts : 0, changed: deleting };
}
