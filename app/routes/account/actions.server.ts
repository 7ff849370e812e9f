import { json, redirect, type AppLoadContext } from "@remix-run/cloudflare";
import { signOut } from "../../auth/sign-in.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { revokeAllAgents } from "../../sessions/bulk/connected-agents.server";
import { bulkPath } from "../../sessions/paths";

/**
 * Signs the person out everywhere, and revokes the tokens of all their agents if `agentsToo`. The revocation is stored
 * as a bulk before the sign-out, because a person who is signed out could not retry it.
 */
export async function signOutEverywhere(
  request: Request,
  context: AppLoadContext,
  userId: string,
  agentsToo: boolean,
) {
  const revoked = agentsToo && (await revokeAllAgents(context.env, userId));
  if (revoked && revoked.outcome === "unavailable") return notReached();
  return signOut(request, context, { everywhere: true });
}

/** Revokes the tokens of all agents of a person, as a bulk. */
export async function revokeAgents(request: Request, context: AppLoadContext, userId: string) {
  const result = await revokeAllAgents(context.env, userId);
  switch (result.outcome) {
    case "begun":
      return redirect(bulkPath(new URLSearchParams(), result.bulk.id));
    case "nothing":
      return redirectWithFlash(request, context, "/account", { text: "No agent is connected." });
    default:
      return notReached();
  }
}

function notReached() {
  const alert = "Ship did not answer, so this may not have happened. Try again; it is safe.";
  return json({ alert }, { status: 503 });
}

/** The message for each outcome of disconnecting GitHub. */
export const DISCONNECTED = {
  revoked: "GitHub is disconnected: Ship’s access was revoked there and forgotten here.",
  forgotten:
    "GitHub is disconnected: Ship has forgotten its access, which did not work any more. Nothing was revoked at GitHub: if its settings still list Ship as an authorized app, revoke it there.",
  "not-connected": "GitHub was not connected any more.",
};
