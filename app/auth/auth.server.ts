/** Who is asking. (A sign-in is never called a session here: sessions are what people work in.) */
import { redirect, type AppLoadContext } from "@remix-run/cloudflare";
import { read, write } from "../platform/database.server";
import { attempt } from "../platform/log";
import { isAllowed, isLocalUser } from "../platform/users.server";
import { claimOf, type Claim } from "./auth-cookie.server";
import { offersLocalSignIn } from "./local.server";
import { readAuthRecord, touchAuthRecord, type User } from "./records.server";

export type { User } from "./records.server";

/** Being seen is written down at most this often, in milliseconds. */
const TOUCH_EVERY = 60 * 60 * 1000;

/** @returns the person who is signed in */
export async function findUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  const claim = await claimOf(request, context);
  if (!claim || !mayUseShip(request, context, claim.user)) return undefined;
  return (await isSignedIn(claim, context)) ? claim.user : undefined;
}

/**
 * @param user by what their sign-in said of them, now or when it was made
 * @returns whether ALLOWED_USERS lists them; whether they may sign in by name here, where that is how they did
 */
export function mayUseShip(request: Request, context: AppLoadContext, user: User): boolean {
  if (isLocalUser(user.id)) return offersLocalSignIn(request, context);
  return isAllowed(context.env.ALLOWED_USERS, user);
}

/**
 * Guards a page: call it first in every loader and action.
 *
 * @param load reads the page's data for that person, from `context.reads`: in the same round trip as the check, whose
 *   outcome decides whether the data is handed out. It must change nothing.
 * @returns what `load` returned; without it, the person
 * @throws a redirect to the sign-in page, which leads back here, where nobody is signed in, or somebody who may not use
 *   this Ship any more; and what `load` throws
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

/** @returns by which sign-in a guarded page is asked for: the hash of its token @throws a redirect where by none */
export async function signInOf(request: Request, context: AppLoadContext): Promise<string> {
  const claim = await claimOf(request, context);
  if (!claim) throw redirectToSignIn(request);
  return claim.tokenHash;
}

/** @param problem what the sign-in page says, by its name there */
function redirectToSignIn(request: Request, problem?: "not-allowed"): Response {
  const { pathname, searchParams } = new URL(request.url);
  searchParams.delete("_data"); // Remix's own, on the requests of its client
  const to = searchParams.size > 0 ? `${pathname}?${searchParams}` : pathname;
  return redirect(`/login?${new URLSearchParams({ ...(problem && { problem }), to })}`);
}
