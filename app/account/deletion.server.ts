/** What the account page does to delete an account. */
import { write } from "../platform/database.server";
import { attempt, logEvent } from "../platform/log";
import { personOf } from "../platform/person.server";
import { insertDeletedUser } from "./rows.server";

/**
 * Begins the deletion of an account. The person's object is told first: whoever dies from here on, it looks whether the
 * deletion was asked for, and finishes it.
 *
 * @returns `unavailable` where D1 or that object did not answer: it may not have begun, and asking again is safe
 */
export async function deleteAccount(env: Env, userId: string): Promise<"begun" | "unavailable"> {
  const begun = await attempt("account-delete", async () => {
    await personOf(env, userId).expectDeletion(userId);
    await write(env.DB, insertDeletedUser(userId, Date.now()));
    return true;
  });
  if (!begun) return "unavailable";
  logEvent("account-deletion", { user: userId });
  await attempt("account-run", async () => await personOf(env, userId).runDeletion(userId));
  return "begun";
}
