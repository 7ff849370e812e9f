/** What the pages do to delete an account. */
import { read, write, type Database } from "../platform/database.server";
import { personObject } from "../platform/durable-objects.server";
import { attempt, logEvent } from "../platform/log";
import { insertDeletedUser, readSessionCount } from "./rows.server";

/** @returns how many sessions a person has */
export async function countSessions(d1: Database, userId: string): Promise<number> {
  const [[counted]] = await read(d1, readSessionCount(userId));
  return counted?.count ?? 0;
}

/**
 * Begins the deletion of an account. The person's object is told first: whoever dies from here on, it looks whether the
 * deletion was asked for, and finishes it.
 *
 * @returns `unavailable` where D1 or that object did not answer: it may not have begun, and asking again is safe
 */
export async function deleteAccount(env: Env, userId: string): Promise<"begun" | "unavailable"> {
  const begun = await attempt("account-delete", async () => {
    await personObject(env, userId).expectDeletion(userId);
    await write(env.DB, insertDeletedUser(userId, Date.now()));
    return true;
  });
  if (!begun) return "unavailable";
  logEvent("account-deletion", { user: userId });
  await attempt("account-run", async () => await personObject(env, userId).runDeletion(userId));
  return "begun";
}
