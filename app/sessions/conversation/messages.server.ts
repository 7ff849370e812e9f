import * as z from "zod/mini";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import type { NewMessage } from "../protocol/message";
import type { NoRoom, ObjectAnswer } from "../protocol/object-answers";
import { FORM_INCOMPLETE, messageText } from "../session-input.server";
import { callObject, outcomeOf, type Outcome } from "../session-object.server";
import { countMessages } from "../session-queries.server";
import { markSeen } from "../session-table.server";

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
 * Stores up to which message the owner has seen a session.
 *
 * @param upTo the message's id; an id greater than the newest message's counts as that one
 */
export async function seeMessages(
  env: Env,
  userId: string,
  id: string,
  upTo: number,
): Promise<ChangeResult> {
  // From the object, because the row is up to 10 seconds behind. Ids have no gaps, so the count is the newest id.
  const newest = await countMessages(env, id, userId);
  if (newest === undefined) return { outcome: "unavailable" };
  return changeWithinLimit("see", env, userId, id, (_, allowed) => [
    markSeen(id, userId, Math.min(upTo, newest), allowed),
  ]);
}

/** The composer's form: the message's idempotency key and its text. */
export const messageInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  text: messageText(FORM_INCOMPLETE),
});
