/** What all paths for runners have in common: how a token looks, and how a refusal is answered. */
import { hashToken } from "../platform/token.server";

/** The format of a runner's token. An agent's begins with another word, so that each is refused at the other's paths. */
const TOKEN = /^shipr_[0-9a-f]{64}$/;

/**
 * Hashes a token that looks like a runner's, so that anything else is refused before D1 is asked.
 *
 * @param token the bearer token; undefined if there is none
 * @returns undefined if it is no runner's
 */
export async function hashOfRunnerToken(token: string | undefined): Promise<string | undefined> {
  return token !== undefined && TOKEN.test(token) ? hashToken(token) : undefined;
}

/** Why a runner is refused for good, by status. */
const REFUSED = {
  401: "This token is not valid: the runner was disconnected, or not used for 90 days. Connect it again.",
  403: "You may not use this Ship any more.",
  404: "This session does not exist, or it is not yours.",
  409: "This session was given to another runner, or to none.",
} as const;

/**
 * Builds a refusal that repeating the request does not change: the runner ends what it does for the session. It knows that
 * by `final`, because a proxy may answer with the same status.
 */
export function refuseForGood(status: keyof typeof REFUSED): Response {
  const headers: HeadersInit = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  return Response.json({ error: REFUSED[status], final: true }, { status, headers });
}
