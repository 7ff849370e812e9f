import { redirect, type ActionFunctionArgs, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { reportAction } from "../sessions/agents/agent-api.server";

/** Receives the reports of an agent with a token of this session. */
export function action({ request, params, context }: ActionFunctionArgs) {
  return reportAction(request, context.env, params.id, context.token);
}

/** Redirects a person who opens the agents' URL to the session's page. */
export function loader({ params }: LoaderFunctionArgs) {
  return redirect(`/session/${encodeURIComponent(params.id ?? "")}`);
}
