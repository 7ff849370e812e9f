import type { StopOutcome } from "../protocol/object-answers";
import { callObject, refusalOf, type Outcome } from "../session-object.server";

/**
 * Stops a run.
 *
 * @param run its id, as the page shows it
 * @returns `stopping` if its runner ends it, `stopped` if it has ended now, `over` if it had ended before
 */
export async function stopRun(
  env: Env,
  userId: string,
  id: string,
  run: string,
): Promise<StopOutcome | Exclude<Outcome, "done">> {
  const answer = await callObject("stop", env, userId, id, async (object) =>
    object.stop(userId, run),
  );
  return answer?.state === "ready" ? answer.outcome : refusalOf(answer);
}

/**
 * Takes back a message that waits for a run.
 *
 * @param message its id
 * @returns `withdrawn`, now or before; `too-late` if a run has got it
 */
export async function withdrawMessage(
  env: Env,
  userId: string,
  id: string,
  message: number,
): Promise<"withdrawn" | "too-late" | Exclude<Outcome, "done">> {
  const answer = await callObject("withdraw", env, userId, id, async (object) =>
    object.withdraw(userId, message),
  );
  if (answer?.state !== "ready") return refusalOf(answer);
  return answer.isWithdrawn ? "withdrawn" : "too-late";
}
