import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { messagesLoader } from "../sessions/agents/agent-api.server";

/** The messages of a session, as JSON for an agent with a token of that session. */
export function loader({ request, params, context }: LoaderFunctionArgs) {
  return messagesLoader(request, context.env, params.id, context.token);
}
