import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { signInOf, verifySession } from "../auth/auth.server";
import { bearerToken } from "../platform/request-gate";
import { openSocket } from "../platform/socket.server";
import { listenAsAgent } from "../sessions/agents.server";
import { parseAfter, parseSessionId } from "../sessions/input.server";
import { objectOf } from "../sessions/object.server";

/** The live socket of a session: for its owner's pages, and for agents with a token of this session. */
export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const token = bearerToken(request);
  if (token !== undefined) return listenAsAgent(request, context.env, params.id, token);
  const user = await verifySession(request, context);
  const signIn = await signInOf(request, context);
  const after = parseAfter(new URL(request.url).searchParams.get("after")) ?? 0;
  const object = () => objectOf(context.env, parseSessionId(params.id));
  return openSocket(request, object, { user: user.id, signIn, after: `${after}` });
}
