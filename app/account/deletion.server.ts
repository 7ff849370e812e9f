/** Begins the deletion of an account; the person's Durable Object carries it out (docs/decisions/0008). */
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
 * Begins the deletion of an account, and ends all its sign-ins. The person's object is notified before the write to D1:
 * if this request fails halfway, the object checks whether the deletion was written, and finishes it.
 *
 * @returns `unavailable` if D1 or the object could not be reached: the deletion may not have begun, and a retry is safe
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
