import type { AppLoadContext, EntryContext } from "@remix-run/cloudflare";
import { RemixServer } from "@remix-run/react";
import { renderToString } from "react-dom/server";
import { NonceContext } from "./platform/http/nonce";

/** Renders a page to one string. No streaming, because no loader defers data. */
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

/** Logs errors of loaders, actions and components; the page itself shows no details of them. */
export { logUnexpected as handleError } from "./platform/log";
