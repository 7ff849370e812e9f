import { read } from "../platform/database.server";
import { sessionObject } from "../platform/durable-objects.server";
import { attempt } from "../platform/log";
import type { ObjectAnswer } from "./protocol/object-answers";
import { readRow, readTask } from "./session-table.server";

/** The result of a call to a session's object. `unavailable`: it could not be reached. */
export type Outcome = "done" | "deleting" | "not-found" | "unavailable";

/** @param answer undefined if the object could not be reached */
export function outcomeOf(answer: ObjectAnswer | undefined): Outcome {
  if (!answer) return "unavailable";
  if (answer.state === "ready") return "done";
  return answer.state === "deleting" ? "deleting" : "not-found";
}

/** @param answer one that is not `ready`; undefined if the object could not be reached @returns why it was not done */
export function refusalOf(answer: ObjectAnswer | undefined): Exclude<Outcome, "done"> {
  const outcome = outcomeOf(answer);
  return outcome === "done" ? "unavailable" : outcome;
}

/**
 * Calls a session's object. If the object is still empty, initializes it from its row and task, and calls it again.
 *
 * @param step what is being done, in kebab case, for the log
 * @param ask calls the object; may run twice
 * @returns the object's answer; undefined if it or D1 could not be reached
 */
export function callObject<Answer extends { state: string }>(
  step: string,
  env: Env,
  userId: string,
  id: string,
  ask: (object: ReturnType<typeof sessionObject>) => Promise<Answer>,
): Promise<Answer | undefined> {
  return attempt(step, async () => {
    const first = await ask(sessionObject(env, id));
    if (first.state !== "empty") return first;
    const [[row], [task]] = await read(env.DB, readRow(id, userId), readTask(id, userId));
    if (!row) return first;
    await sessionObject(env, id).initialize(row, task);
    return await ask(sessionObject(env, id));
  });
}
