import {
  createCookie,
  type AppLoadContext,
  type Cookie,
  type CookieOptions,
  type CookieSerializeOptions,
} from "@remix-run/cloudflare";

/**
 * Creates a signed cookie: `HttpOnly` unless `options` say otherwise, and `SameSite=Lax`. Over https it is also
 * `Secure` and has the `__Host-` prefix; over http (on loopback) not every browser accepts such a cookie. Created for
 * each request, because the secrets are only available in its `env`.
 *
 * @param name without the prefix of Ship's cookies
 * @throws if AUTH_SECRETS has no secret: an unsigned cookie must never be trusted
 */
export function signedCookie(
  name: string,
  request: Request,
  { env }: AppLoadContext,
  options: CookieOptions = {},
): Cookie {
  const secrets = cookieSecrets(env);
  if (secrets.length === 0) throw new Error("AUTH_SECRETS is not set");
  const secure = new URL(request.url).protocol === "https:";
  return createCookie(`${secure ? "__Host-" : ""}ship_${name}`, {
    httpOnly: true,
    ...options,
    path: "/",
    sameSite: "lax",
    secrets,
    secure,
  });
}

/** The size in bytes, name and attributes included, up to which every browser stores a cookie (RFC 6265, 6.1). */
const COOKIE_BYTES = 4096;

/**
 * Serializes the first value that fits into a cookie.
 *
 * @param values in order of preference; the last one must be short, as it is used even if it does not fit
 * @returns a Set-Cookie header
 */
export async function serializeFitting(
  cookie: Cookie,
  values: unknown[],
  options?: CookieSerializeOptions,
): Promise<string> {
  let header = "";
  for (const value of values) {
    header = await cookie.serialize(value, options);
    if (header.length <= COOKIE_BYTES) break;
  }
  return header;
}

/** @returns the secrets in AUTH_SECRETS; the first signs cookies, all of them verify */
export function cookieSecrets({ AUTH_SECRETS = "" }: Pick<Env, "AUTH_SECRETS">): string[] {
  return AUTH_SECRETS.split(",")
    .map((secret) => secret.trim())
    .filter(Boolean);
}

/** @returns the cookie's value, not validated; null if the request has no such cookie or its signature is wrong */
export async function readCookie(request: Request, cookie: Cookie): Promise<unknown> {
  const parsed: Promise<unknown> = cookie.parse(request.headers.get("Cookie"));
  return parsed.catch(() => null); // Remix throws if the signature is not base64.
}
