import {
  createCookie,
  type AppLoadContext,
  type Cookie,
  type CookieOptions,
  type CookieSerializeOptions,
} from "@remix-run/cloudflare";

/**
 * A signed cookie. Scripts cannot read it unless `httpOnly` is false, and other sites' requests do not carry it. Over https
 * it is also `Secure` and tied to this host by its name; over http, on loopback, not every browser takes such a cookie.
 * Created for each request, because the secrets are known only then.
 *
 * @param name without the prefix of all Ship's cookies
 * @throws if no secret is configured: an unsigned cookie must never be trusted
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

/** What every browser keeps of a cookie, its name and attributes included (RFC 6265, 6.1); a longer one may be dropped. */
const COOKIE_BYTES = 4096;

/**
 * @param values what the cookie may hold, in the order of preference; the last one is short
 * @returns the Set-Cookie header with the first of them that fits into a cookie
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

/** @returns what AUTH_SECRETS lists; the first signs cookies, all of them verify */
export function cookieSecrets({ AUTH_SECRETS = "" }: Pick<Env, "AUTH_SECRETS">): string[] {
  return AUTH_SECRETS.split(",")
    .map((secret) => secret.trim())
    .filter(Boolean);
}

/** @returns what a cookie holds, as it came; null where the request has none or it is not signed by us */
export async function readCookie(request: Request, cookie: Cookie): Promise<unknown> {
  const parsed: Promise<unknown> = cookie.parse(request.headers.get("Cookie"));
  return parsed.catch(() => null); // A signature that is not even base64.
}
