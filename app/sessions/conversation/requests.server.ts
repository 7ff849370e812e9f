import type { Item } from "../protocol/item";
import { callObject, refusalOf, type Outcome } from "../session-object.server";

/**
 * Answers a request of an agent.
 *
 * @param item the item's id
 * @param option the id of one of its options
 * @param by the owner's name
 * @returns `answered` if this answer counts; `too-late` if it does not, with the request as it is now, if there is one
 */
export async function answerRequest(
  env: Env,
  userId: string,
  id: string,
  item: number,
  option: string,
  by: string,
): Promise<{ outcome: "answered" | "too-late" | Exclude<Outcome, "done">; item?: Item }> {
  const answer = await callObject("answer", env, userId, id, async (object) =>
    object.answer(userId, item, option, by),
  );
  if (answer?.state !== "ready") return { outcome: refusalOf(answer) };
  const outcome = answer.isTaken ? "answered" : "too-late";
  return { outcome, ...(answer.item && { item: answer.item }) };
}
