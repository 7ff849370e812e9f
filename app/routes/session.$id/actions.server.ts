import { json, redirect } from "@remix-run/cloudflare";
import type { User } from "../../auth/records.server";
import { checkFields, type Fields } from "../../platform/http/form.server";
import { connectAgent, tokenInput } from "../../sessions/agents/agent-tokens.server";
import { appendMessage, messageInput } from "../../sessions/conversation/messages.server";
import type { SessionAnswer } from "../../sessions/page/open-session";
import { sessionNotFound } from "../../sessions/session-input.server";

/** The message when a session's Durable Object could not be reached. */
export const NOT_REACHED = "The session did not answer, so this may not have happened. Try again.";

const FULL = "This session is full, so the message was not sent. Go on in a new session.";

/** The message when nothing changes in a session any more. */
export const BEING_DELETED = "This session is being deleted.";

const KEY_USED = "This form has already made a token. Send it again to make another.";

/** @returns a failed action's JSON response, for the session's page to show */
export function sessionFailure(data: SessionAnswer, status: number, headers: HeadersInit = {}) {
  return json<SessionAnswer>(data, { status, headers });
}

/**
 * Appends the person's message to the session. If it fails, the response has the draft, so that it can be sent again.
 */
export async function sendAction(env: Env, user: User, id: string, typed: Fields) {
  const draft = { key: typed.key ?? crypto.randomUUID(), text: typed.text ?? "" };
  const { values, errors } = checkFields(messageInput, typed);
  if (errors) return sessionFailure({ alert: errors.text ?? errors.key ?? "", draft }, 400);

  const { text, key } = values;
  const message = { role: "user" as const, author: user.name, text, client_key: key };
  const result = await appendMessage(env, user.id, id, message);
  switch (result.outcome) {
    case "sent":
      return redirect(`/session/${id}`);
    case "full":
      return sessionFailure({ alert: FULL, draft }, 507);
    case "too-fast": {
      const seconds = Math.ceil(result.wait / 1000);
      const alert = `You have sent many messages within a minute. This one was not sent; send it again in ${seconds} seconds.`;
      return sessionFailure({ alert, draft }, 429, { "Retry-After": `${seconds}` });
    }
    case "not-found":
      throw sessionNotFound();
    case "deleting":
      return sessionFailure({ alert: `${BEING_DELETED} The message was not sent.`, draft }, 409);
    case "unavailable": {
      const alert =
        "The session did not answer, so the message may not have been sent. Send it again; it will not be there twice.";
      return sessionFailure({ alert, draft }, 503);
    }
  }
}

/**
 * Creates a token for an agent. The response shows it once: Ship stores only its hash.
 *
 * @returns the token, or an error; with the idempotency key for the next token if this one's was used
 */
export async function connectAction(env: Env, user: User, id: string, typed: Fields) {
  const refused = (error: string, status: number, fresh?: { nextTokenKey: string }) =>
    sessionFailure({ token: { error, name: typed.name ?? "" }, ...fresh }, status);
  const { values, errors } = checkFields(tokenInput, typed);
  if (errors) return refused(errors.name ?? errors.key ?? "", 400);

  const result = await connectAgent(env, user.id, id, values);
  const fresh = { nextTokenKey: crypto.randomUUID() };
  if ("token" in result) {
    return json<SessionAnswer>({ made: { ...result, name: values.name }, ...fresh });
  }
  switch (result.outcome) {
    case "not-found":
      throw sessionNotFound();
    case "too-many":
      return refused("This session has as many tokens as it may have. Revoke one first.", 409);
    case "key-used":
      return refused(KEY_USED, 409, fresh);
    case "deleting":
      return refused(BEING_DELETED, 409);
    default:
      return refused(NOT_REACHED, 503);
  }
}
