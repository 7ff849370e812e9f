import { read } from "../platform/database.server";
import { sessionObject } from "../platform/durable-objects.server";
import { attempt } from "../platform/log";
import type { ObjectAnswer } from "./protocol/object-answers";
import { readRow } from "./session-table.server";

/** What became of something that was asked of a session. */
export type Outcome = "done" | "deleting" | "not-found" | "unavailable";

export function outcomeOf(answer: ObjectAnswer | undefined): Outcome {
  if (!answer) return "unavailable";
  if (answer.state === "ready") return "done";
  return answer.state === "deleting" ? "deleting" : "not-found";
}

/** Asks a session's object, initializing it from its row where it is still empty. @returns undefined without an answer */
export function askObject<Answer extends { state: string }>(
  step: string,
  env: Env,
  userId: string,
  id: string,
  ask: (object: ReturnType<typeof sessionObject>) => Promise<Answer>,
): Promise<Answer | undefined> {
  return attempt(step, async () => {
    const first = await ask(sessionObject(env, id));
    if (first.state !== "empty") return first;
    const [[row]] = await read(env.DB, readRow(id, userId));
    if (!row) return first;
    await sessionObject(env, id).initialize(row);
    return await ask(sessionObject(env, id));
  });
}
