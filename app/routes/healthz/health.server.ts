import { offersGitHub } from "../../github/client.server";
import { read } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { cookieSecrets } from "../../platform/http/cookies.server";
import { attempt } from "../../platform/log";
import { parseKeys } from "../../platform/seal.server";
import { readRow } from "../../sessions/session-table.server";

/** In milliseconds. */
const CHECK_TIMEOUT = 5_000;

/** Session and user id for the checks. It is not a UUID, so no such session can exist. */
const PROBE = "healthz";

type Part = "ok" | "failed";

/** The health of each part; `status` is `failed` if any part is. */
export interface Health {
  status: Part;
  d1: Part;
  durableObject: Part;
  /** Whether there is a secret to sign cookies with. */
  authSecrets: Part;
  /** Whether there is a key to encrypt GitHub tokens with; `ok` if sign-in with GitHub is not offered. */
  tokenKeys: Part;
}

/**
 * Checks that D1 and Durable Objects respond, by reading a session that cannot exist; nothing is written. Also checks
 * that the secrets for signing in are set, without exposing them.
 *
 * @param timeout time limit for each response, in milliseconds
 */
export async function checkHealth(env: Env, timeout = CHECK_TIMEOUT): Promise<Health> {
  const [d1, durableObject] = await Promise.all([
    check("health-of-d1", timeout, () => read(env.DB, readRow(PROBE, PROBE))),
    check("health-of-object", timeout, () => sessionObject(env, PROBE).snapshot(PROBE)),
  ]);
  const parts = {
    d1,
    durableObject,
    authSecrets: part(cookieSecrets(env).length > 0),
    tokenKeys: part(!offersGitHub(env) || parseKeys(env.TOKEN_KEYS).length > 0),
  };
  return { status: part(Object.values(parts).every((state) => state === "ok")), ...parts };
}

function part(works: boolean): Part {
  return works ? "ok" : "failed";
}

/**
 * @param step name of the check in the log, if it fails
 * @param timeout in milliseconds
 */
async function check(step: string, timeout: number, run: () => Promise<unknown>): Promise<Part> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer in ${timeout} ms`)), timeout);
  });
  const result = await attempt(step, () => Promise.race([run(), timedOut]));
  clearTimeout(timer);
  return part(result !== undefined);
}
