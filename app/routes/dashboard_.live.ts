import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { signInOf, verifySession } from "../auth/auth.server";
import { personObject } from "../platform/durable-objects.server";
import { openSocket } from "../platform/http/socket.server";
import { openForPage } from "../sessions/page-socket.server";

/** WebSocket that notifies a person's open lists of changes. */
export function loader({ request, context }: LoaderFunctionArgs) {
  return openForPage(request, async () => {
    const user = await verifySession(request, context);
    const signIn = await signInOf(request, context);
    return openSocket(request, () => personObject(context.env, user.id), { user: user.id, signIn });
  });
}
