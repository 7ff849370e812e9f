/** Sign-in by name, without a password, for running Ship on your own machine. */
import type { AppLoadContext } from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { isLoopback } from "../platform/http/security-headers";
import type { User } from "./records.server";

/** Schema of the sign-in form: a name that GitHub would allow too, converted to lower case. */
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

/** @returns whether this request may sign in by name: only if LOCAL_SIGN_IN is "true" and the host is this machine */
export function offersLocalSignIn(request: Request, { env }: AppLoadContext): boolean {
  return env.LOCAL_SIGN_IN === "true" && isLoopback(new URL(request.url));
}

/**
 * Creates the user with this name.
 *
 * @param name as parsed by `signInInput`
 */
export function localUser(name: string): User {
  return { id: `local:${name}`, login: name, name, avatar: null };
}
