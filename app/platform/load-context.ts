import type { AppLoadContext } from "@remix-run/cloudflare";

declare module "@remix-run/cloudflare" {
  /** What loaders and actions get beside the request. */
  interface AppLoadContext {
    env: Env;
    /** The time of the request in epoch milliseconds: everything on a page is told at the same moment. */
    now: number;
    /** Marks the page's own inline scripts for the Content-Security-Policy. */
    nonce: string;
  }
}

/** Builds the load context of one request. Nowhere else is one made. */
export function createLoadContext(env: Env): AppLoadContext {
  return { env, now: Date.now(), nonce: crypto.randomUUID() };
}
