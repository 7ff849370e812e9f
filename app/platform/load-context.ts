import type { AppLoadContext } from "@remix-run/cloudflare";
import { collectReads, type Database } from "./database.server";
import { countCalls, type Calls } from "./http/request-log";

declare module "@remix-run/cloudflare" {
  /** What loaders and actions get beside the request. */
  interface AppLoadContext {
    env: Env;
    /** D1 for what loaders read: all loaders of a page together make one round trip. */
    reads: Database;
    /** The time of the request in epoch milliseconds: everything on a page is told at the same moment. */
    now: number;
    /** Marks the page's own inline scripts for the Content-Security-Policy. */
    nonce: string;
    /** Of a request that the gate let pass by its token, without cookies; undefined for every other. */
    token: string | undefined;
    /** How often this request has asked D1 and Durable Objects so far. */
    calls: Calls;
    /** Lets work go on after the answer was sent. */
    waitUntil: (work: Promise<unknown>) => void;
  }
}

/** Builds the load context of one request. Nowhere else is one made. */
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
