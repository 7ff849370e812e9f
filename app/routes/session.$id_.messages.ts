import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { messagesLoader } from "../sessions/agents/agent-api.server";

/** What was said in a session, for an agent that has a token of it. */
export function loader({ request, params, context }: LoaderFunctionArgs) {
  return messagesLoader(request, context.env, params.id, context.token);
}
