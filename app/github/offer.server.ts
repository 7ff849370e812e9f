import { connectPage } from "./client.server";
import { FIND_LENGTH, type Offer } from "./offer";
import { offerRepositories } from "./repositories.server";
import { accessToken, type TokenRow } from "./tokens.server";

/**
 * Reads the search text from a URL.
 *
 * @returns the trimmed value of `?find=`; "" without one
 * @throws a 400 Response if it is too long
 */
export function parseFind(request: Request): string {
  const find = new URL(request.url).searchParams.get("find")?.trim() ?? "";
  if (find.length <= FIND_LENGTH) return find;
  const message = `A search for repositories has at most ${FIND_LENGTH} characters.`;
  throw new Response(message, { status: 400 });
}

/**
 * Loads the repositories that a person may choose from. Problems with GitHub are part of the result, not thrown.
 *
 * @param row the person's tokens, from `findTokens`
 * @param now when their request began, epoch milliseconds
 * @param find search text, from `parseFind`
 */
export async function makeOffer(
  env: Env,
  row: TokenRow | undefined,
  now: number,
  find: string,
): Promise<Offer> {
  const token = await accessToken(env, row, now);
  const answer = token.problem ? token : await offerRepositories(env, token.value, now, find);
  const { value = { repositories: [], complete: false }, problem = null } = answer;
  return { ...value, find, problem, connectMore: connectPage(env) };
}
