import type { HeadersFunction } from "@remix-run/cloudflare";

/** @param wait in milliseconds @returns what is said of it and the header: whole seconds, at least one */
export function retryAfter(wait: number): { seconds: number; headers: HeadersInit } {
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  return { seconds, headers: { "Retry-After": `${seconds}` } };
}

/** Of a route whose action may answer so: a document bears the headers of its routes, not those of their actions. */
export const passRetryAfter: HeadersFunction = ({ actionHeaders }) => {
  const wait = actionHeaders.get("Retry-After");
  return new Headers(wait ? { "Retry-After": wait } : {});
};
