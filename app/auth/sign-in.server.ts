import { redirect, type AppLoadContext, type TypedResponse } from "@remix-run/cloudflare";
import { read, write, type Database, type Statement } from "../platform/database.server";
import { personObject } from "../platform/durable-objects.server";
import { serializeFitting } from "../platform/http/cookies.server";
import { attempt, logEvent } from "../platform/log";
import { hashToken, randomToken } from "../platform/token.server";
import { authCookie, claimOf } from "./auth-cookie.server";
import {
  countAuthRecords,
  deleteAuthRecord,
  deleteAuthRecords,
  insertAuthRecord,
  readAuthRecord,
  replaceAuthRecord,
  type User,
} from "./records.server";

/** The longest lifetime that browsers allow a cookie, in seconds. The record in D1 decides when a sign-in expires. */
const COOKIE_AGE = 400 * 24 * 60 * 60;

/**
 * Signs a person in with a new random token, and ends the sign-in that this browser had before. If their account is
 * being deleted, nothing changes and they are redirected to the sign-in page, with that problem.
 *
 * @param to path to redirect to
 * @param more statements to run in the same batch
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
  // Name and avatar are only shown in the header, so they are left out if they are too long for a cookie.
  const full = { ...user, token };
  const short = { ...full, name: user.login, avatar: null };
  const cookie = await serializeFitting(
    authCookie(request, context),
    [full, { ...full, avatar: null }, short],
    { maxAge: COOKIE_AGE },
  );
  return redirect(to, { headers: { "Set-Cookie": cookie } });
}

/**
 * Signs the person out, in this browser or everywhere.
 *
 * @throws what D1 and the person's object throw; the person then may still be signed in
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

/** @returns a redirect to `path` that deletes the cookie of an ended sign-in */
export async function forgetSignIn(
  request: Request,
  context: AppLoadContext,
  path: string,
): Promise<TypedResponse<never>> {
  const cookie = await authCookie(request, context).serialize("", { maxAge: 0 });
  return redirect(path, { headers: { "Set-Cookie": cookie } });
}

/**
 * Also starts the deletion again, because the person's object may have missed the first request (docs/decisions/0008).
 */
function refuseDeleted({ env, waitUntil }: AppLoadContext, user: User, to: string) {
  logEvent("sign-in-refused", { problem: "deleting" });
  waitUntil(attempt("account-run", async () => personObject(env, user.id).runDeletion(user.id)));
  return redirect(`/login?${new URLSearchParams({ problem: "deleting", to })}`);
}

/**
 * Ends sign-ins of a person and closes their open sockets. The person's object is notified before the write, so that it
 * checks later which sign-ins have ended, even if this request fails halfway.
 *
 * @param statements the writes that end the sign-ins, run in one batch
 * @param reads run after them in the same batch
 * @returns the rows of each read, in order
 * @throws what D1 and the person's object throw
 */
async function endSignIns<const Reads extends readonly Statement[]>(
  { env, waitUntil }: AppLoadContext,
  { id }: User,
  statements: Statement[],
  ...reads: Reads
) {
  await personObject(env, id).expectSignOut(id);
  const rows = await write(env.DB, statements, ...reads);
  waitUntil(attempt("close-sockets", async () => personObject(env, id).finishSignOut(id)));
  return rows;
}

/** @returns the number of browsers in which a person is signed in */
export async function countSignIns(d1: Database, userId: string, now: number): Promise<number> {
  const [[counted]] = await read(d1, countAuthRecords(userId, now));
  return counted?.count ?? 0;
}

/**
 * Prevents open redirects after signing in.
 *
 * @param wanted the requested path, which may come from an attacker's link
 * @returns the path if it stays on this origin; otherwise the dashboard
 */
export function safePath(wanted: string | null): string {
  // Allows visible ASCII except "\": browsers drop control characters and treat "\" as "/", so "/\t/evil.example" would
  // leave this origin.
  return wanted && /^\/(?!\/)[!-[\]-~]*$/.test(wanted) ? wanted : "/dashboard";
}
