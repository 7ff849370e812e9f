import { json, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { verifySession } from "../auth/auth.server";
import { makeOffer, parseFind } from "../github/offer.server";
import { findTokens } from "../github/tokens.server";

/** The connected repositories that the create dialog offers, once it is shown. */
export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const find = parseFind(request);
  const tokens = await verifySession(request, context, async ({ id }) => ({
    row: await findTokens(reads, id),
  }));
  return json(await makeOffer(env, tokens.row, now, find));
}

/** GitHub is asked again by who searches, not because something else on the page has changed. */
export const shouldRevalidate = () => false;
