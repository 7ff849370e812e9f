/** Deletes a person's account in bounded steps, run by that person's object; docs/decisions/0008 says why. */
import {
  deleteBulk,
  finishDeletedUser,
  readDeletedUser,
  readOneBulk,
  readSomeSessions,
} from "../../app/account/rows.server";
import { disconnect } from "../../app/github/tokens.server";
import { read, write } from "../../app/platform/database.server";
import { attempt, logEvent } from "../../app/platform/log";
import { inParallel } from "../../app/platform/parallel";
import {
  beginDeletion,
  finishDeletions,
  OBJECTS_AT_ONCE,
} from "../../app/sessions/lifecycle/deletion.server";
import type { CompanionEnv } from "../env";
import type { BulkStep } from "./bulk-step";

/** How many sessions one step deletes at most. */
const SESSIONS = 20;

/**
 * How long after the request, in milliseconds, a session's object or GitHub that cannot be reached is tried again.
 * After that, the deletion goes on without it.
 */
const RETRY_TIMEOUT = 60 * 60_000;

/**
 * Runs the next step of the deletion of an account: first the sessions (each by the protocol of docs/decisions/0002),
 * then the bulks, then Ship's access to GitHub and the user's rows.
 *
 * @returns `changed` has the ids of the sessions that this step deleted
 * @throws if D1, a session's object or GitHub could not be reached; the step can then run again
 */
export async function stepDeletion(env: CompanionEnv, userId: string): Promise<BulkStep> {
  const [[account], sessions, [bulk]] = await read(
    env.DB,
    readDeletedUser(userId),
    readSomeSessions(userId, SESSIONS),
    readOneBulk(userId),
  );
  if (!account) return { left: "unknown" };
  if (account.finished_at !== null) return { left: "nothing" };
  const mayRetry = Date.now() - account.deleted_at < RETRY_TIMEOUT;
  if (sessions.length > 0) {
    const ids = sessions.map(({ id }) => id);
    return { left: "more", wait: 0, changed: await deleteSessions(env, userId, ids, mayRetry) };
  }
  if (bulk) {
    await write(env.DB, deleteBulk(bulk.id, userId));
    return { left: "more", wait: 0, changed: [] };
  }
  await revokeGrant(env, userId, mayRetry);
  await write(env.DB, finishDeletedUser(userId, Date.now(), Number(env.TOMBSTONE_SECONDS)));
  logEvent("account-deleted", { user: userId });
  return { left: "nothing" };
}

/**
 * Deletes sessions. One whose object cannot be reached is left for a later step, unless `mayRetry` is false: then its
 * row is deleted anyway, and the tombstone makes the object's own alarm wipe it.
 *
 * @returns the ids of the sessions that were deleted
 * @throws if none could be deleted
 */
async function deleteSessions(
  env: CompanionEnv,
  userId: string,
  ids: string[],
  mayRetry: boolean,
): Promise<string[]> {
  const begun = await inParallel(ids, OBJECTS_AT_ONCE, (id) =>
    attempt("account-session", () => beginDeletion(env, userId, id)),
  );
  const ready = ids.filter((_, index) => begun[index] !== undefined || !mayRetry);
  if (ready.length === 0) throw new Error("No session could be reached");
  await finishDeletions(env, userId, ready);
  return ready;
}

/** Revokes Ship's access to GitHub. @throws if GitHub cannot be reached and `mayRetry`; otherwise only logs it */
async function revokeGrant(env: CompanionEnv, userId: string, mayRetry: boolean): Promise<void> {
  const outcome = await disconnect(env, userId, Date.now());
  if (outcome === "unavailable" && mayRetry) throw new Error("GitHub could not be reached");
  if (outcome !== "not-connected") logEvent("account-github", { user: userId, outcome });
}
