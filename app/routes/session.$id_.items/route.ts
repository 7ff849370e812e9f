import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { itemsLoader } from "../../sessions/agents/agent-api.server";

/** What has changed of a session's items, as JSON for an agent with a token of that session. */
export function loader({ request, params, context }: LoaderFunctionArgs) {
  return itemsLoader(request, context.env, params.id, context.token);
}
