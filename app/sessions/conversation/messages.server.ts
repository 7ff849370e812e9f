import * as z from "zod/mini";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import type { NewMessage } from "../protocol/message";
import type { NoRoom, ObjectAnswer } from "../protocol/object-answers";
import { FORM_INCOMPLETE, messageText } from "../session-input.server";
import { callObject, outcomeOf, type Outcome } from "../session-object.server";
import { countMessages } from "../session-queries.server";
import { markSeen } from "../session-table.server";

/**
 * Adds a message to a session.
 *
 * @returns what became of it:
 * - `too-fast`: not added, because many were sent within a minute; the wait is in milliseconds;
 * - `full`: not added, because the session stores as much as it may
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
 * Remembers up to which message the owner has seen a session.
 *
 * @param upTo the message's id; where it is beyond the newest one, the newest is meant: ids count up from 1 without a gap
 */
export async function seeMessages(
  env: Env,
  userId: string,
  id: string,
  upTo: number,
): Promise<ChangeResult> {
  // By the object, because the row is up to 10 seconds behind it.
  const newest = await countMessages(env, id, userId);
  if (newest === undefined) return { outcome: "unavailable" };
  return changeWithinLimit("see", env, userId, id, (_, allowed) => [
    markSeen(id, userId, Math.min(upTo, newest), allowed),
  ]);
}

/** The composer: the message's key, and its text. */
export const messageInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  text: messageText(FORM_INCOMPLETE),
});
