/**
 * Sets the headers that every answer of the app bears. Static files have theirs in public/_headers.
 *
 * @param nonce the request's, which the page's inline scripts bear too
 * @param mode that the app was built in; in development its pages listen for rebuilds
 */
export function setSecurityHeaders(
  headers: Headers,
  request: Request,
  nonce: string,
  env: Env,
  mode: string,
): void {
  const url = new URL(request.url);
  headers.set("Content-Security-Policy", contentSecurityPolicy(nonce, env, mode));
  headers.set("X-Content-Type-Options", "nosniff");
  // `no-referrer` would turn the browser's own form posts into `Origin: null`, which the gate refuses.
  headers.set("Referrer-Policy", "same-origin");
  headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  // What is somebody's own is for no search engine; the sign-in page says what Ship is.
  if (url.pathname !== "/login") headers.set("X-Robots-Tag", "noindex");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (url.protocol === "https:" && !isLoopback(url)) {
    headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  }
}

/** @returns whether a URL's host can only be this machine */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
}

function contentSecurityPolicy(nonce: string, env: Env, mode: string): string {
  // Signing in with GitHub is a form whose answer leads there; pictures of people come from there.
  const github = env.GITHUB_CLIENT_ID ? ` ${new URL(env.GITHUB_URL).origin}` : "";
  const avatars = github && `${github} https://avatars.githubusercontent.com`;
  const reload = mode === "development" ? " ws://localhost:*" : "";
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self'",
    `img-src 'self'${avatars}`,
    `connect-src 'self'${reload}`,
    `form-action 'self'${github}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
