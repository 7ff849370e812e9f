import { read, write, type Statement } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt, logEvent } from "../../platform/log";
import { inParallel } from "../../platform/parallel";
import { readRow, readTombstone } from "../session-table.server";
import { deleteRows } from "./lifecycle-statements.server";

/**
 * - `deleted`: gone from D1 and from the object;
 * - `already-deleted`: this person deleted it before;
 * - `under-way`: begun for good; the object's alarm finishes what could not be finished now;
 * - `unavailable`: not known to have begun.
 */
export type DeleteOutcome =
  "deleted" | "already-deleted" | "under-way" | "not-found" | "unavailable";

/** Deletes a session for good: object marked, row gone, object wiped, in that order. */
export async function deleteSession(env: Env, userId: string, id: string): Promise<DeleteOutcome> {
  const begun = await attempt("delete-begin", () => beginDeletion(env, userId, id));
  if (begun !== "deleting") return begun ?? "unavailable";

  const finished = await attempt("delete-finish", () => finishDeletions(env, userId, [id]));
  logEvent("session-deleted", { user: userId, session: id, finished: finished ? 1 : 0 });
  return finished ? "deleted" : "under-way";
}

/** What deleting needs, in the app and in a person's object alike. */
export type DeletionEnv = Pick<Env, "DB" | "SESSION_DO" | "TOMBSTONE_SECONDS">;

/** How many objects are asked at once. */
export const OBJECTS_AT_ONCE = 10;

/** Marks a session's object: from then on its deletion is certain. @throws what object and D1 throw */
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
 * Finishes deletions that have begun: all rows go in one batch, then the objects are wiped.
 *
 * @param more statements that belong into the same batch
 * @throws what D1 and the objects throw; the objects' alarms finish what is left
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
