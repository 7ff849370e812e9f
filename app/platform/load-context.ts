import type { AppLoadContext } from "@remix-run/cloudflare";
import { collectReads, type Database } from "./database.server";
import { countCalls, type Calls } from "./http/request-log";

declare module "@remix-run/cloudflare" {
  /** The `context` argument of every loader and action. */
  interface AppLoadContext {
    env: Env;
    /** D1, for reads in loaders: the reads of all loaders of a page share one round trip. */
    reads: Database;
    /** The time of the request, epoch milliseconds; one value, so that all parts of a page agree. */
    now: number;
    /** The Content-Security-Policy nonce of the page's inline scripts. */
    nonce: string;
    /** The bearer token of a request to a token route, whose cookies were removed; undefined for other requests. */
    token: string | undefined;
    /** How many calls this request has made to D1 and Durable Objects so far. */
    calls: Calls;
    /** Keeps the Worker running until `work` settles, after the response was sent. */
    waitUntil: (work: Promise<unknown>) => void;
  }
}

/**
 * Creates the load context of one request.
 *
 * @param token the bearer token, if the request is for a token route
 */
export function createLoadContext(
  env: Env,
  waitUntil: (work: Promise<unknown>) => void,
  token: string | undefined,
): AppLoadContext {
  const calls: Calls = { d1: 0, objects: 0 };
  const counted = countCalls(env, calls);
  return {
    env: counted,
    reads: collectReads(counted.DB),
    now: Date.now(),
    nonce: crypto.randomUUID(),
    token,
    calls,
    waitUntil,
  };
}
