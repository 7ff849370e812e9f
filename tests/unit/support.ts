/**
 * What the unit tests share: the load context of a request, and a browser's handling of cookies and thrown responses.
 */
import type { AppLoadContext } from "@remix-run/cloudflare";
import type { Database } from "../../app/platform/database.server";

export const NOW = Date.UTC(2026, 10, 22, 12);

/** The load context of a request at `now`, with these vars and no bindings. */
export function contextWith(vars: Partial<Env> = {}, now = NOW): AppLoadContext {
  const env = { AUTH_SECRETS: "a secret for tests", ...vars } as Env;
  const unbound = {} as Database;
  const calls = { d1: 0, objects: 0 };
  return {
    env,
    reads: unbound,
    now,
    token: undefined,
    nonce: "a-nonce",
    calls,
    waitUntil: () => undefined,
  };
}

export function get(url: string, headers: Record<string, string> = {}): Request {
  return new Request(new URL(url, "http://localhost:8788"), { headers });
}

/** @returns a response's cookie as a browser would send it back: "name=value" */
export function cookieOf(headers: Headers): string {
  return setCookieOf(headers).split(";")[0]!;
}

/** @returns a response's only Set-Cookie header */
export function setCookieOf(headers: Headers): string {
  const [cookie, ...others] = headers.getSetCookie();
  if (!cookie || others.length > 0) throw new Error("The answer does not set one cookie");
  return cookie;
}

/** @returns the Response that `run` throws */
export async function thrownBy(run: () => unknown): Promise<Response> {
  try {
    await run();
  } catch (thrown) {
    if (thrown instanceof Response) return thrown;
    throw thrown;
  }
  throw new Error("Nothing was thrown");
}
