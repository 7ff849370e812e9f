import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { finishGitHubSignIn } from "../auth/oauth.server";

/** The OAuth callback, to which GitHub redirects the browser. */
export function loader({ request, context }: LoaderFunctionArgs) {
  return finishGitHubSignIn(request, context);
}
