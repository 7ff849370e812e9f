/** The bounded steps in which a person's object deletes their account; docs/decisions/0008 says why. */
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

/** How many sessions one step deletes. */
const SESSIONS = 20;

/** How long, in milliseconds, what cannot be reached is asked again before the rest is deleted without it. */
const GITHUB_REVOKE_TIMEOUT = 60 * 60_000;

/**
 * Carries out the next step of the deletion of a person's account. Their sessions come first, each by the protocol of
 * docs/decisions/0002, then what else there is.
 *
 * @throws where something could not be reached; the step can then be done again
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
  const patient = Date.now() - account.deleted_at < GITHUB_REVOKE_TIMEOUT;
  if (sessions.length > 0) {
    const ids = sessions.map(({ id }) => id);
    return { left: "more", wait: 0, changed: await deleteSessions(env, userId, ids, patient) };
  }
  if (bulk) {
    await write(env.DB, deleteBulk(bulk.id, userId));
    return { left: "more", wait: 0, changed: [] };
  }
  await revokeGrant(env, userId, patient);
  await write(env.DB, finishDeletedUser(userId, Date.now(), Number(env.TOMBSTONE_SECONDS)));
  logEvent("account-deleted", { user: userId });
  return { left: "nothing" };
}

/**
 * A session whose object cannot be reached is left for later, as long as there is patience. Without it, its row goes: its
 * tombstone then makes the object's own alarm wipe it.
 *
 * @returns the ids of those that were deleted
 */
async function deleteSessions(
  env: CompanionEnv,
  userId: string,
  ids: string[],
  patient: boolean,
): Promise<string[]> {
  const begun = await inParallel(ids, OBJECTS_AT_ONCE, (id) =>
    attempt("account-session", () => beginDeletion(env, userId, id)),
  );
  const ready = ids.filter((_, index) => begun[index] !== undefined || !patient);
  if (ready.length === 0) throw new Error("No session could be reached");
  await finishDeletions(env, userId, ready);
  return ready;
}

/** Gives Ship's access to GitHub back, which may never be possible. */
async function revokeGrant(env: CompanionEnv, userId: string, patient: boolean): Promise<void> {
  const outcome = await disconnect(env, userId, Date.now());
  if (outcome === "unavailable" && patient) throw new Error("GitHub could not be asked");
  if (outcome !== "not-connected") logEvent("account-github", { user: userId, outcome });
}
