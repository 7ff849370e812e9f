import * as z from "zod/mini";
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import type { NewToken, ObjectAnswer } from "../protocol/object-answers";
import { FORM_INCOMPLETE } from "../session-input.server";
import { callObject, outcomeOf, type Outcome } from "../session-object.server";

/**
 * Creates a token with which an agent reports into a session. The same form sent again creates no second one.
 *
 * @param key the form's idempotency key
 * @returns the token; `too-many` if the session has as many tokens as it may have; `key-used` if this key has already
 *   created a token that must not be replaced, so that the form needs another key
 */
export async function connectAgent(
  env: Env,
  userId: string,
  id: string,
  { name, key }: { name: string; key: string },
): Promise<{ token: string } | { outcome: "key-used" | "too-many" | Outcome }> {
  const answer = await callObject<ObjectAnswer<NewToken>>(
    "connect-agent",
    env,
    userId,
    id,
    (object) => object.connectAgent(userId, name, key),
  );
  if (answer?.state !== "ready") return { outcome: outcomeOf(answer) };
  return answer.token === undefined ? { outcome: answer.refused } : { token: answer.token };
}

/** Revokes a token of a session. Idempotent. @param token the token's id */
export async function revokeAgent(
  env: Env,
  userId: string,
  id: string,
  token: number,
): Promise<Outcome> {
  const answer = await attempt("revoke-agent", async () =>
    sessionObject(env, id).revokeAgent(userId, token),
  );
  return outcomeOf(answer);
}

const TOKEN_NAME_MISSING = "Name the agent.";

/** The form that creates an agent's token: its idempotency key and the agent's name. */
export const tokenInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  name: z
    .string(TOKEN_NAME_MISSING)
    .check(
      z.trim(),
      z.minLength(1, { error: TOKEN_NAME_MISSING, abort: true }),
      z.maxLength(60, { error: "A name has at most 60 characters." }),
    ),
});
