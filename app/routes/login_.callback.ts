import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { finishGitHubSignIn } from "../auth/oauth.server";

/** Where GitHub sends the browser back to. */
export function loader({ request, context }: LoaderFunctionArgs) {
  return finishGitHubSignIn(request, context);
}
