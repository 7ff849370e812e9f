import type { AppLoadContext, EntryContext } from "@remix-run/cloudflare";
import { RemixServer } from "@remix-run/react";
import { renderToString } from "react-dom/server";
import { NonceContext } from "./platform/http/nonce";

/** Renders a page to one string: its data is all there, so there is nothing to stream. */
export default function handleRequest(
  request: Request,
  status: number,
  headers: Headers,
  remix: EntryContext,
  { nonce }: AppLoadContext,
): Response {
  const html = renderToString(
    <NonceContext.Provider value={nonce}>
      <RemixServer context={remix} url={request.url} />
    </NonceContext.Provider>,
  );
  headers.set("Content-Type", "text/html; charset=utf-8");
  return new Response(`<!DOCTYPE html>${html}`, { status, headers });
}

/** Logs what a loader, an action or a component threw; a person only sees that something went wrong. */
export { logUnexpected as handleError } from "./platform/log";
