import { json, type LoaderFunctionArgs } from "@remix-run/cloudflare";
import { verifySession } from "../auth/auth.server";
import { makeOffer, parseFind } from "../github/offer.server";
import { findTokens } from "../github/tokens.server";

/** The connected repositories for the create dialog, which fetches them when it is shown and for each search. */
export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const find = parseFind(request);
  const tokens = await verifySession(request, context, async ({ id }) => ({
    row: await findTokens(reads, id),
  }));
  return json(await makeOffer(env, tokens.row, now, find));
}

/** Only a search fetches the repositories again; revalidations of the page do not, because each would call GitHub. */
export const shouldRevalidate = () => false;
