import type { HeadersFunction } from "@remix-run/cloudflare";

/**
 * Builds the Retry-After header of a 429 response.
 *
 * @param wait in milliseconds
 * @returns the wait in whole seconds, at least 1, and the header with the same number
 */
export function retryAfter(wait: number): { seconds: number; headers: HeadersInit } {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return { seconds, headers: { "Retry-After": `${seconds}` } };
}

/**
 * A route's `headers` export that passes on its action's Retry-After header: Remix sends a document without the
 * action's headers otherwise.
 */
export const passRetryAfter: HeadersFunction = ({ actionHeaders }) => {
  const wait = actionHeaders.get("Retry-After");
  return new Headers(wait ? { "Retry-After": wait } : {});
};
