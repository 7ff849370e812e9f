/** The Pages Function that handles every request except those for static files. */
import {
  createRequestHandler,
  logDevReady,
  type AppLoadContext,
  type ServerBuild,
} from "@remix-run/cloudflare";
import { findBearerRoute, passGate, type Refusal } from "../app/platform/http/request-gate";
import { logRequest, routePatterns } from "../app/platform/http/request-log";
import { setSecurityHeaders } from "../app/platform/http/security-headers";
import { createLoadContext } from "../app/platform/load-context";
import { logEvent } from "../app/platform/log";
import { RUNNER_ROUTES } from "../app/runners/runner-routes";
import { AGENT_ROUTES } from "../app/sessions/agents/agent-routes";
import * as remixBuild from "../build/index.js";

const build = remixBuild as unknown as ServerBuild;
// The build's mode, not NODE_ENV: wrangler compiles this file and sets a NODE_ENV of its own.
const answer = createRequestHandler(build, build.mode);
const bearerRoutes = [...AGENT_ROUTES, ...RUNNER_ROUTES];
const patternOf = routePatterns(build.routes);
/** The URL of the app's stylesheet, for pages that are rendered without Remix. */
const stylesheet = (build.routes.root?.module.links?.() ?? [])
  .flatMap((link) => ("href" in link && link.rel === "stylesheet" ? [link.href] : []))
  .join("");

if (build.mode === "development") logDevReady(build);

export const onRequest: PagesFunction<Env> = async ({ request, env, waitUntil }) => {
  const bearer = findBearerRoute(request, bearerRoutes);
  const context = createLoadContext(env, waitUntil, bearer?.token);
  const passed = await passGate(request, env.ORIGIN, bearer?.route);
  const response = await respond(request, passed, context);
  logRequest(request, response, patternOf, context);
  if (response.webSocket) return response;
  // A copy, because the headers of a `Response.redirect()` are immutable.
  const secured = new Response(response.body, response);
  setSecurityHeaders(secured.headers, request, context.nonce, env, build.mode);
  return secured;
};

/** @param passed the result of `passGate` */
async function respond(
  request: Request,
  passed: Awaited<ReturnType<typeof passGate>>,
  context: AppLoadContext,
): Promise<Response> {
  if (passed instanceof Response) return passed;
  if (passed instanceof Request) return answer(passed, context);
  const { status, text, headers = {} } = passed;
  logEvent("refused", { status, method: request.method, path: new URL(request.url).pathname });
  if (context.token === undefined) return refusalPage(passed);
  return Response.json({ error: text }, { status, headers });
}

/** Renders a refusal without Remix, because a refused request must not reach the app. */
function refusalPage({ status, title, text, headers = {} }: Refusal): Response {
  const page = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${title} · Ship</title>
<link rel="stylesheet" href="${stylesheet}"></head><body class="px-4 py-6">
<main class="panel mx-auto grid w-full max-w-lg justify-items-start gap-3 p-6">
<h1 class="text-xl font-semibold">${title}</h1><p class="text-muted">${text}</p>
<a href="/dashboard?status=active" class="button button-primary">Go to your sessions</a></main></body></html>`;
  return new Response(page, {
    status,
    headers: { ...headers, "Content-Type": "text/html; charset=utf-8" },
  });
}
