import type { HeadersFunction } from "@remix-run/cloudflare";

/** A route's `headers`: a document bears those of its routes, not those of what their actions answer. */
export const retryAfterOfAction: HeadersFunction = ({ actionHeaders }) => {
  const wait = actionHeaders.get("Retry-After");
  return new Headers(wait ? { "Retry-After": wait } : {});
};
