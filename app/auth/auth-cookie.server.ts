import type { AppLoadContext, Cookie } from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { readCookie, signedCookie } from "../platform/http/cookies.server";
import { hashToken } from "../platform/token.server";
import type { User } from "./records.server";

/** What the cookie holds: who signed in, and the random token by which their record is found. */
const cookieValue = z.object({
  id: z.string(),
  login: z.string(),
  name: z.string(),
  avatar: z.nullable(z.string()),
  token: z.string(),
});

export interface Claim {
  user: User;
  tokenHash: string;
}

/** A request's claim is read once, and all its loaders get it in the same turn, so that they read D1 together. */
const claims = new WeakMap<AppLoadContext, Promise<Claim | undefined>>();

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
 * @returns the person whom the request's cookie names: enough for saying their name, not for showing what is theirs,
 *   because they may have signed out since
 */
export async function claimedUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  return (await claimOf(request, context))?.user;
}

export function authCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("auth", request, context);
}
