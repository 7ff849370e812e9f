import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { hashOfRunnerToken, refuseForGood } from "../../runners/runner-api.server";
import { openRunSocket } from "./open-run-socket.server";

/** WebSocket of a runner with a session that was given to it; authorized by the runner's token. */
export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const tokenHash = await hashOfRunnerToken(context.token);
  return tokenHash === undefined
    ? refuseForGood(401)
    : openRunSocket(request, context, tokenHash, params.id);
}
