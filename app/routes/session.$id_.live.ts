import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { signInOf, verifySession } from "../auth/auth.server";
import { bearerToken } from "../platform/request-gate";
import { listenAsAgent, openLive } from "../sessions/agents.server";
import { parseAfter, parseSessionId } from "../sessions/input.server";

/** The live socket of a session: for its owner's pages, and for agents with a token of this session. */
export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const token = bearerToken(request);
  if (token !== undefined) return listenAsAgent(request, context.env, params.id, token);
  const user = await verifySession(request, context);
  if (request.headers.get("Upgrade") !== "websocket") {
    return new Response("Open a WebSocket here.", { status: 426 });
  }
  const after = parseAfter(new URL(request.url).searchParams.get("after")) ?? 0;
  const signIn = await signInOf(request, context);
  const listener = { user: user.id, signIn, after: `${after}` };
  return openLive(context.env, parseSessionId(params.id), listener);
}
