/** Authentication of requests. (The code says "sign-in" for a login session: a "session" is a coding-agent session.) */
import { redirect, type AppLoadContext } from "@remix-run/cloudflare";
import { read, write } from "../platform/database.server";
import { attempt } from "../platform/log";
import { isAllowed, isLocalUser } from "../platform/users.server";
import { claimOf, type Claim } from "./auth-cookie.server";
import { offersLocalSignIn } from "./local.server";
import { readAuthRecord, touchAuthRecord, type User } from "./records.server";

export type { User } from "./records.server";

/** How often `last_seen_at` is updated at most, in milliseconds. */
const TOUCH_EVERY = 60 * 60 * 1000;

/** @returns the person who is signed in and may use this Ship; undefined otherwise */
export async function findUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  const claim = await claimOf(request, context);
  if (!claim || !mayUseShip(request, context, claim.user)) return undefined;
  return (await isSignedIn(claim, context)) ? claim.user : undefined;
}

/**
 * @param user with the login that they had when they signed in
 * @returns for a GitHub user, whether ALLOWED_USERS lists them; for a local user, whether local sign-in is offered here
 */
export function mayUseShip(request: Request, context: AppLoadContext, user: User): boolean {
  if (isLocalUser(user.id)) return offersLocalSignIn(request, context);
  return isAllowed(context.env.ALLOWED_USERS, user);
}

/**
 * Guards a page: call it first in every loader and action.
 *
 * @param load reads the page's data with `context.reads`. It runs at the same time as the check, in the same round
 *   trip, and its result is discarded if the check fails, so it must not write anything (docs/decisions/0003).
 * @returns what `load` returned; without `load`, the person
 * @throws a redirect to the sign-in page (and from there back here) if the person is not signed in or may not use this
 *   Ship any more; otherwise what `load` throws
 */
export function verifySession(request: Request, context: AppLoadContext): Promise<User>;
export function verifySession<Data>(
  request: Request,
  context: AppLoadContext,
  load: (user: User) => Promise<Data>,
): Promise<Data>;
export async function verifySession(
  request: Request,
  context: AppLoadContext,
  load: (user: User) => Promise<unknown> = (user) => Promise.resolve(user),
): Promise<unknown> {
  const claim = await claimOf(request, context);
  if (!claim) throw redirectToSignIn(request);
  if (!mayUseShip(request, context, claim.user)) throw redirectToSignIn(request, "not-allowed");
  const [signedIn, data] = await Promise.allSettled([isSignedIn(claim, context), load(claim.user)]);
  if (signedIn.status === "rejected") throw signedIn.reason;
  if (!signedIn.value) throw redirectToSignIn(request);
  if (data.status === "rejected") throw data.reason;
  return data.value;
}

async function isSignedIn({ user, tokenHash }: Claim, context: AppLoadContext): Promise<boolean> {
  const { env, now, reads, waitUntil } = context;
  const [[record]] = await read(reads, readAuthRecord(tokenHash, user.id, now));
  if (record && now - record.last_seen_at > TOUCH_EVERY) {
    waitUntil(attempt("seen", () => write(env.DB, [touchAuthRecord(tokenHash, now)])));
  }
  return record !== undefined;
}

/**
 * Identifies the sign-in of a request that `verifySession` has already checked.
 *
 * @returns the hash of the sign-in's token
 * @throws a redirect to the sign-in page without a valid cookie
 */
export async function signInOf(request: Request, context: AppLoadContext): Promise<string> {
  const claim = await claimOf(request, context);
  if (!claim) throw redirectToSignIn(request);
  return claim.tokenHash;
}

/** @param problem key of the message that the sign-in page shows */
function redirectToSignIn(request: Request, problem?: "not-allowed"): Response {
  const { pathname, searchParams } = new URL(request.url);
  searchParams.delete("_data"); // Added by Remix's client to its data requests.
  const to = searchParams.size > 0 ? `${pathname}?${searchParams}` : pathname;
  return redirect(`/login?${new URLSearchParams({ ...(problem && { problem }), to })}`);
}
