import { offersGitHub } from "../../github/client.server";
import { read } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { cookieSecrets } from "../../platform/http/cookies.server";
import { attempt } from "../../platform/log";
import { parseKeys } from "../../platform/seal.server";
import { readRow } from "../../sessions/session-table.server";

const CHECK_TIMEOUT = 5_000;

/** What is asked for: no UUID, and so never a session, and nobody's. */
const NOBODY = "healthz";

type Part = "ok" | "failed";

/** `failed` as a whole where one of its parts is. */
export interface Health {
  status: Part;
  d1: Part;
  durableObject: Part;
  /** Whether cookies can be signed. */
  authSecrets: Part;
  /** Whether access to GitHub can be sealed, where people sign in with it. */
  tokenKeys: Part;
}

/**
 * Asks D1 and a Durable Object for a session that cannot exist, as a page would: it reads, and leaves nothing behind. And
 * looks whether the secrets are there that signing in needs; no value is told.
 *
 * @param patience how long each may take to answer, in milliseconds
 */
export async function checkHealth(env: Env, patience = CHECK_TIMEOUT): Promise<Health> {
  const [d1, durableObject] = await Promise.all([
    check("health-of-d1", patience, () => read(env.DB, readRow(NOBODY, NOBODY))),
    check("health-of-object", patience, () => sessionObject(env, NOBODY).snapshot(NOBODY)),
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

/** @param step as the log calls it where it fails @param patience in milliseconds */
async function check(step: string, patience: number, ask: () => Promise<unknown>): Promise<Part> {
  let limit: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`No answer in ${patience} ms`)), patience);
  });
  const answer = await attempt(step, () => Promise.race([ask(), silence]));
  clearTimeout(limit);
  return part(answer !== undefined);
}
