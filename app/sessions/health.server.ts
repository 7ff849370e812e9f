import { read } from "../platform/database.server";
import { attempt } from "../platform/log";
import { objectOf } from "./object.server";
import { readRow } from "./rows.server";

/** How long each part may take to answer, in milliseconds. */
const PATIENCE = 5_000;

/** What is asked for: no UUID, and so never a session, and nobody's. */
const NOBODY = "healthz";

export interface Health {
  status: "ok" | "failed";
  d1: "ok" | "failed";
  durableObject: "ok" | "failed";
}

/** Asks D1 and a Durable Object for a session that cannot exist, as a page would: it reads, and leaves nothing behind. */
export async function checkHealth(env: Env, patience = PATIENCE): Promise<Health> {
  const [d1, durableObject] = await Promise.all([
    check("health-of-d1", patience, () => read(env.DB, readRow(NOBODY, NOBODY))),
    check("health-of-object", patience, () => objectOf(env, NOBODY).snapshot(NOBODY)),
  ]);
  const status = d1 === "ok" && durableObject === "ok" ? "ok" : "failed";
  return { status, d1, durableObject };
}

/** @param step as the log calls it where it fails @param patience in milliseconds */
async function check(
  step: string,
  patience: number,
  ask: () => Promise<unknown>,
): Promise<"ok" | "failed"> {
  let limit: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`No answer in ${patience} ms`)), patience);
  });
  const answer = await attempt(step, () => Promise.race([ask(), silence]));
  clearTimeout(limit);
  return answer === undefined ? "failed" : "ok";
}
