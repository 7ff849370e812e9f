import { read, write, type Statement } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt, logEvent } from "../../platform/log";
import { inParallel } from "../../platform/parallel";
import { readRow, readTombstone } from "../session-table.server";
import { deleteRows } from "./lifecycle-statements.server";

/**
 * - `deleted`: deleted from D1 and from the session's object;
 * - `already-deleted`: this user deleted it before;
 * - `under-way`: the deletion has begun and cannot be stopped; the object's alarm finishes it;
 * - `not-found`: this user has no such session;
 * - `unavailable`: D1 or the object could not be reached; the deletion may or may not have begun.
 */
export type DeleteOutcome =
  "deleted" | "already-deleted" | "under-way" | "not-found" | "unavailable";

/** Deletes a session permanently: marks its object, deletes its row, wipes its object, in that order. */
export async function deleteSession(env: Env, userId: string, id: string): Promise<DeleteOutcome> {
  const begun = await attempt("delete-begin", () => beginDeletion(env, userId, id));
  if (begun !== "deleting") return begun ?? "unavailable";

  const finished = await attempt("delete-finish", () => finishDeletions(env, userId, [id]));
  logEvent("session-deleted", { user: userId, session: id, finished: finished ? 1 : 0 });
  return finished ? "deleted" : "under-way";
}

/** The bindings and vars that deleting needs, both in the app and in a person's object. */
export type DeletionEnv = Pick<Env, "DB" | "SESSION_DO" | "TOMBSTONE_SECONDS">;

/** How many Durable Objects are called in parallel. */
export const OBJECTS_AT_ONCE = 10;

/**
 * Begins the deletion of a session by marking its object. Once marked, the object's alarm finishes the deletion even if
 * the caller does not.
 *
 * @throws what the object and D1 throw
 */
export async function beginDeletion(
  env: DeletionEnv,
  userId: string,
  id: string,
): Promise<"deleting" | "already-deleted" | "not-found"> {
  let answer = await sessionObject(env, id).prepare(userId);
  if (answer.state === "empty") {
    const [[row], [tombstone]] = await read(env.DB, readRow(id, userId), readTombstone(id, userId));
    if (!row) return tombstone ? "already-deleted" : "not-found";
    answer = await sessionObject(env, id).prepare(userId, row);
  }
  return answer.state === "deleting" ? "deleting" : "not-found";
}

/**
 * Finishes deletions that have begun: deletes all rows in one batch, then wipes the objects.
 *
 * @param more statements to run in the same batch
 * @throws what D1 and the objects throw; the objects' alarms then finish the deletions
 */
export async function finishDeletions(
  env: DeletionEnv,
  userId: string,
  ids: readonly string[],
  more: readonly Statement[] = [],
): Promise<unknown[]> {
  const tombstoneSeconds = Number(env.TOMBSTONE_SECONDS);
  await write(env.DB, [...deleteRows(ids, userId, Date.now(), tombstoneSeconds), ...more]);
  return inParallel(ids, OBJECTS_AT_ONCE, async (id) => await sessionObject(env, id).wipe(userId));
}
