/**
 * Sets the security headers of every response of the app. Those of static files are in public/_headers.
 *
 * @param nonce the nonce of the page's inline scripts
 * @param mode the mode that the app was built in; "development" allows the socket of Remix's live reload
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
  // With `no-referrer`, browsers post forms with `Origin: null`, which the gate refuses.
  headers.set("Referrer-Policy", "same-origin");
  headers.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  // Search engines may index the sign-in page only; everything else is private.
  if (url.pathname !== "/login") headers.set("X-Robots-Tag", "noindex");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (url.protocol === "https:" && !isLoopback(url)) {
    headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  }
}

/** @returns whether a URL's host is this machine */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "127.0.0.1" || hostname === "[::1]";
}

function contentSecurityPolicy(nonce: string, env: Env, mode: string): string {
  // The sign-in form redirects to GitHub, and avatars are loaded from there.
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
