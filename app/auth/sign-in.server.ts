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

/** The longest that browsers keep a cookie, in seconds. When a sign-in ends, its record says. */
const COOKIE_AGE = 400 * 24 * 60 * 60;

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
