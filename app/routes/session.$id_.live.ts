import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { signInOf, verifySession } from "../auth/auth.server";
import { sessionObject } from "../platform/durable-objects.server";
import { openSocket } from "../platform/http/socket.server";
import { liveLoader } from "../sessions/agents/agent-api.server";
import { openForPage } from "../sessions/page-socket.server";
import { parseAfter, parseSessionId } from "../sessions/session-input.server";
import { findSession } from "../sessions/session-queries.server";

/**
 * WebSocket with a session's items and changes: for its owner's pages, and for agents with a token of the session.
 */
export async function loader({ request, params, context }: LoaderFunctionArgs) {
  if (context.token !== undefined) {
    return liveLoader(request, context.env, params.id, context.token);
  }
  return openForPage(request, async () => {
    const user = await verifySession(request, context);
    const signIn = await signInOf(request, context);
    const since = parseAfter(new URL(request.url).searchParams.get("since")) ?? 0;
    const object = () => sessionObject(context.env, parseSessionId(params.id));
    const listener = { user: user.id, signIn, since: `${since}` };
    const answer = await openSocket(request, object, listener);
    if (answer.status !== 404) return answer;
    const { tombstone } = await findSession(context.reads, parseSessionId(params.id), user.id);
    return tombstone ? new Response("This session was deleted.", { status: 410 }) : answer;
  });
}
