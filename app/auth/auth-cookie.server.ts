import type { AppLoadContext, Cookie } from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { readCookie, signedCookie } from "../platform/http/cookies.server";
import { hashToken } from "../platform/token.server";
import type { User } from "./records.server";

/** The cookie's value: the person, and the random token whose hash identifies the record of the sign-in in D1. */
const cookieValue = z.object({
  id: z.string(),
  login: z.string(),
  name: z.string(),
  avatar: z.nullable(z.string()),
  token: z.string(),
});

/** What a signed cookie says about its sender. They may have signed out since: only the record in D1 can confirm it. */
export interface Claim {
  user: User;
  /** SHA-256 of the cookie's token, in hexadecimal. */
  tokenHash: string;
}

/**
 * Claims by request. All loaders of a request wait for the same promise, so they continue in the same turn and
 * `collectReads` sends their reads in one batch (docs/decisions/0003).
 */
const claims = new WeakMap<AppLoadContext, Promise<Claim | undefined>>();

/** @returns the claim in the request's cookie; undefined without a valid cookie */
export function claimOf(request: Request, context: AppLoadContext): Promise<Claim | undefined> {
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
 * Reads the person from the request's cookie without checking that they are still signed in. Use it only to show their
 * own name, never to show their data.
 */
export async function claimedUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  return (await claimOf(request, context))?.user;
}

/** @returns the cookie that identifies a signed-in browser */
export function authCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("auth", request, context);
}
