/** Who is asking. (A sign-in is never called a session here: sessions are what people work in.) */
import {
  createCookie,
  redirect,
  type AppLoadContext,
  type Cookie,
  type TypedResponse,
} from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { cookieOptions } from "../platform/cookies.server";
import { isLoopback } from "../platform/security-headers";

export interface User {
  /** `local:<name>` */
  id: string;
  name: string;
}

const THIRTY_DAYS = 30 * 24 * 60 * 60;

/** The sign-in form: a name as GitHub would allow it, in lower case. */
export const signInInput = z.object({
  name: z.string("Enter a name.").check(
    z.trim(),
    z.toLowerCase(),
    z.minLength(1, { error: "Enter a name.", abort: true }),
    z.maxLength(39, { error: "A name has at most 39 characters.", abort: true }),
    z.regex(/^[a-z0-9]+(-+[a-z0-9]+)*$/, {
      error: "A name has letters and digits, with hyphens between them.",
    }),
  ),
});

/** @returns whether this request may sign in by name alone: only where the flag is set, and only on this machine */
export function offersLocalSignIn(request: Request, { env }: AppLoadContext): boolean {
  return env.LOCAL_SIGN_IN === "true" && isLoopback(new URL(request.url));
}

/** @returns the person that the request's cookie names, if it is ours and not outdated */
export async function findUser(
  request: Request,
  context: AppLoadContext,
): Promise<User | undefined> {
  const held: unknown = await authCookie(request, context).parse(request.headers.get("Cookie"));
  const auth = authValue.safeParse(held);
  if (!auth.success || auth.data.expires <= context.now) return undefined;
  return localUser(auth.data.name);
}

const authValue = z.object({ name: z.string(), expires: z.number() });

/**
 * Guards a page: call it first in every loader and action.
 *
 * @throws a redirect to the sign-in page, which leads back here, where nobody is signed in
 */
export async function verifySession(request: Request, context: AppLoadContext): Promise<User> {
  const user = await findUser(request, context);
  if (user) return user;
  const { pathname, searchParams } = new URL(request.url);
  searchParams.delete("_data"); // Remix's own, on the requests of its client
  const to = searchParams.size > 0 ? `${pathname}?${searchParams}` : pathname;
  throw redirect(`/login?${new URLSearchParams({ to })}`);
}

/** @returns the answer that signs a person in by name and takes them to `to` */
export async function signIn(
  request: Request,
  context: AppLoadContext,
  name: string,
  to: string,
): Promise<TypedResponse<never>> {
  const auth = { name, expires: context.now + THIRTY_DAYS * 1000 };
  const cookie = await authCookie(request, context).serialize(auth, { maxAge: THIRTY_DAYS });
  return redirect(to, { headers: { "Set-Cookie": cookie } });
}

/** @returns the answer that signs the person out */
export async function signOut(request: Request, context: AppLoadContext): Promise<Response> {
  const cookie = await authCookie(request, context).serialize("", { maxAge: 0 });
  return redirect("/login", { headers: { "Set-Cookie": cookie } });
}

/**
 * @param wanted where a person says they want to go after signing in
 * @returns that path if it is one of this origin, else the dashboard
 */
export function safePath(wanted: string | null): string {
  // Browsers drop control characters and read "\" as "/": "/\t/evil.example" would leave this origin.
  // eslint-disable-next-line no-control-regex
  if (!wanted || !wanted.startsWith("/") || /[\u0000-\u001f\\]|^\/\//.test(wanted)) {
    return "/dashboard";
  }
  return wanted;
}

function localUser(name: string): User {
  return { id: `local:${name}`, name };
}

function authCookie(request: Request, context: AppLoadContext): Cookie {
  return createCookie("ship_auth", cookieOptions(request, context));
}
