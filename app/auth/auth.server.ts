/** Who is asking. (A sign-in is never called a session here: sessions are what people work in.) */
import {
  redirect,
  type AppLoadContext,
  type Cookie,
  type TypedResponse,
} from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { isAllowed, isLocalUser } from "../platform/allowed-users.server";
import { read, write, type Database, type Statement } from "../platform/database.server";
import { personObject } from "../platform/durable-objects.server";
import { readCookie, serializeFitting, signedCookie } from "../platform/http/cookies.server";
import { attempt, logEvent } from "../platform/log";
import { hashToken, randomToken } from "../platform/token.server";
import { offersLocalSignIn } from "./local.server";
import {
  countAuthRecords,
  deleteAuthRecord,
  deleteAuthRecords,
  insertAuthRecord,
  readAuthRecord,
  replaceAuthRecord,
  touchAuthRecord,
  type User,
} from "./records.server";

export type { User } from "./records.server";

/** The longest that browsers keep a cookie, in seconds. When a sign-in ends, its record says. */
const COOKIE_AGE = 400 * 24 * 60 * 60;

/** Being seen is written down at most this often, in milliseconds. */
const TOUCH_EVERY = 60 * 60 * 1000;

/** What the cookie holds: who signed in, and the random token by which their record is found. */
const cookieValue = z.object({
  id: z.string(),
  login: z.string(),
  name: z.string(),
  avatar: z.nullable(z.string()),
  token: z.string(),
});

interface Claim {
  user: User;
  tokenHash: string;
}

/** A request's claim is read once, and all its loaders get it in the same turn, so that they read D1 together. */
const claims = new WeakMap<AppLoadContext, Promise<Claim | undefined>>();

function claimOf(request: Request, context: AppLoadContext): Promise<Claim | undefined> {
  const known = claims.get(context);
  if (known) return known;
  const claim = readClaim(request, context);
  claims.set(context, claim);
  return claim;
}

async function readClaim(request: Request, context: AppLoadContext): Promise<Claim | undefined> {
  const held = await readCookie(request, authCookie(request, context));
  const parsed = cookieValue.safeParse(held);
  if (!parsed.success) return undefined;
  const { token, ...user } = parsed.data;
  return { user, tokenHash: await hashToken(token) };
}

/**
 * @returns the person whom the request's cookie names: enough for saying their name, not for showing what is theirs,
 *   because they may have signed out since
 */
export async function claimedUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  return (await claimOf(request, context))?.user;
}

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

/**
 * Signs a person in with a new random token; what this browser was signed in by before ends. Where their account is being
 * deleted, nothing changes, and the sign-in page says so.
 *
 * @param to where they go next
 * @param more statements that belong into the same batch
 * @throws what D1 and the person's object throw
 */
export async function signIn(
  request: Request,
  context: AppLoadContext,
  user: User,
  to: string,
  more: Statement[] = [],
): Promise<TypedResponse<never>> {
  const { env, now } = context;
  const before = await claimOf(request, context);
  const token = randomToken();
  const tokenHash = await hashToken(token);
  const insertion = [...insertAuthRecord(user, tokenHash, now), ...more];
  const inserted = readAuthRecord(tokenHash, user.id, now);
  const [[record]] = before
    ? await endSignIns(
        context,
        before.user,
        [...insertion, replaceAuthRecord(before.tokenHash, tokenHash)],
        inserted,
      )
    : await write(env.DB, insertion, inserted);
  if (!record) return refuseDeleted(context, user, to);
  logEvent("sign-in", { user: user.id });
  // Name and picture are only for the header, and left out where GitHub's are too long for a cookie.
  const held = { ...user, token };
  const plain = { ...held, name: user.login, avatar: null };
  const cookie = await serializeFitting(
    authCookie(request, context),
    [held, { ...held, avatar: null }, plain],
    { maxAge: COOKIE_AGE },
  );
  return redirect(to, { headers: { "Set-Cookie": cookie } });
}

/**
 * Signs the person out, in this browser or everywhere.
 *
 * @throws what D1 and the person's object throw; they are then still signed in
 */
export async function signOut(
  request: Request,
  context: AppLoadContext,
  { everywhere }: { everywhere: boolean },
): Promise<TypedResponse<never>> {
  const claim = await claimOf(request, context);
  if (claim) {
    const { user, tokenHash } = claim;
    const deletion = everywhere ? deleteAuthRecords(user.id) : deleteAuthRecord(tokenHash);
    await endSignIns(context, user, [deletion]);
    logEvent(everywhere ? "sign-out-everywhere" : "sign-out", { user: user.id });
  }
  return forgetSignIn(request, context, "/login");
}

/** @returns an answer that leads to a path, with nothing left in this browser of a sign-in that has ended */
export async function forgetSignIn(
  request: Request,
  context: AppLoadContext,
  path: string,
): Promise<TypedResponse<never>> {
  const cookie = await authCookie(request, context).serialize("", { maxAge: 0 });
  return redirect(path, { headers: { "Set-Cookie": cookie } });
}

/** Also tells the person's object again, which may never have heard that it is to delete the account. */
function refuseDeleted({ env, waitUntil }: AppLoadContext, user: User, to: string) {
  logEvent("sign-in-refused", { problem: "deleting" });
  waitUntil(attempt("account-run", async () => personObject(env, user.id).runDeletion(user.id)));
  return redirect(`/login?${new URLSearchParams({ problem: "deleting", to })}`);
}

/**
 * Ends sign-ins of a person's, and closes what is open by them. The person's object is told first: whatever fails from
 * here on, it looks which of them have ended.
 *
 * @param statements end them, in one batch
 * @param reads are run after them
 * @returns as `write` does
 * @throws what D1 and the person's object throw
 */
async function endSignIns<const Reads extends readonly Statement[]>(
  { env, waitUntil }: AppLoadContext,
  { id }: User,
  statements: Statement[],
  ...reads: Reads
) {
  await personObject(env, id).expectSignOut(id);
  const answer = await write(env.DB, statements, ...reads);
  waitUntil(attempt("close-sockets", async () => personObject(env, id).finishSignOut(id)));
  return answer;
}

/** @returns in how many browsers a person is signed in */
export async function countSignIns(d1: Database, userId: string, now: number): Promise<number> {
  const [[counted]] = await read(d1, countAuthRecords(userId, now));
  return counted?.count ?? 0;
}

/**
 * @param wanted where a person says they want to go after signing in
 * @returns that path if it is one of this origin, else the dashboard
 */
export function safePath(wanted: string | null): string {
  // Visible ASCII but no "\": browsers drop control characters and read "\" as "/", and so "/\t/evil.example" would
  // leave this origin.
  return wanted && /^\/(?!\/)[!-[\]-~]*$/.test(wanted) ? wanted : "/dashboard";
}

function authCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("auth", request, context);
}
