import * as z from "zod/mini";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import type { NewMessage } from "../protocol/message";
import type { Seen } from "../protocol/session";
import type { NoRoom, ObjectAnswer } from "../protocol/object-answers";
import { FORM_INCOMPLETE, messageText } from "../session-input.server";
import { callObject, outcomeOf, type Outcome } from "../session-object.server";
import { readSnapshot } from "../session-queries.server";
import { markSeen, markUnseen } from "../session-table.server";

/**
 * Adds a message of the owner to a session. Idempotent by the message's `client_key`.
 *
 * @returns the outcome:
 * - `sent`: the message is stored, now or before;
 * - `too-fast`: not added, because of too many messages within a minute; `wait` is in milliseconds;
 * - `full`: not added, because the session has stored as much as it may;
 * - `deleting`, `not-found`, `unavailable`: see `Outcome`
 */
export async function appendMessage(
  env: Env,
  userId: string,
  id: string,
  message: NewMessage,
): Promise<
  { outcome: "sent" | "full" | Exclude<Outcome, "done"> } | { outcome: "too-fast"; wait: number }
> {
  const answer = await callObject<ObjectAnswer | NoRoom>(
    "append",
    env,
    userId,
    id,
    async (object) => await object.append(userId, message),
  );
  if (answer?.state === "limited") return { outcome: "too-fast", wait: answer.wait };
  if (answer?.state === "full") return { outcome: "full" };
  const outcome = outcomeOf(answer);
  return { outcome: outcome === "done" ? "sent" : outcome };
}

/**
 * Stores what the owner has seen of a session.
 *
 * @param seen the newest message, and the newest change of status; what is newer than the newest counts as that
 */
export async function markRead(
  env: Env,
  userId: string,
  id: string,
  seen: Seen,
): Promise<ChangeResult> {
  // From the object, because the row is up to 10 seconds behind. Ids have no gaps, so the count is the newest id.
  const newest = await readSnapshot(env, id, userId);
  if (newest === undefined) return { outcome: "unavailable" };
  const message = Math.min(seen.message, newest?.message_count ?? 0);
  const rev = Math.min(seen.rev, newest?.status_rev ?? 0);
  return changeWithinLimit("see", env, userId, id, (_, allowed) => [
    markSeen(id, userId, { message, rev }, allowed),
  ]);
}

/** Makes the newest message and the newest status of a session unread again. */
export function markUnread(env: Env, userId: string, id: string): Promise<ChangeResult> {
  return changeWithinLimit("unsee", env, userId, id, (_, allowed) => [
    markUnseen(id, userId, allowed),
  ]);
}

/** The composer's form: the message's idempotency key and its text. */
export const messageInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  text: messageText(FORM_INCOMPLETE),
});
