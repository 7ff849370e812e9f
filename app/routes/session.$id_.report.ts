import { redirect, type ActionFunctionArgs, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { reportAction } from "../sessions/agents/agent-api.server";

/** What an agent reports, by a token of this session. */
export function action({ request, params, context }: ActionFunctionArgs) {
  return reportAction(request, context.env, params.id, context.token);
}

/** A person who follows an agent's address is led to the session. */
export function loader({ params }: LoaderFunctionArgs) {
  return redirect(`/session/${encodeURIComponent(params.id ?? "")}`);
}
