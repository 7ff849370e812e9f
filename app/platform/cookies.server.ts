import type { AppLoadContext, CookieOptions } from "@remix-run/cloudflare";

/**
 * What all cookies have in common: signed, out of reach of scripts, and kept from other sites' requests.
 * Made for each request, because the secrets are known only then.
 *
 * @throws where no secret is configured: an unsigned cookie must never be believed
 */
export function cookieOptions(request: Request, { env }: AppLoadContext): CookieOptions {
  const secrets = (env.AUTH_SECRETS ?? "").split(",").filter(Boolean);
  if (secrets.length === 0) throw new Error("AUTH_SECRETS is not set");
  return {
    httpOnly: true,
    path: "/",
    sameSite: "lax",
    secrets,
    secure: new URL(request.url).protocol === "https:",
  };
}
