import { expect, test } from "vitest";
import { setSecurityHeaders } from "../../app/platform/http/security-headers";

const SHIP = "https://ship.example/dashboard";

test("a page may use what this origin serves, its own inline scripts, and nothing else", () => {
  expect(policyOf(headersOf(SHIP))).toEqual({
    "default-src": "'none'",
    "script-src": "'self' 'nonce-n0nce'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
  });
});

test("in development, and only then, a page listens for rebuilds", () => {
  const local = "http://localhost:8788/dashboard";
  expect(policyOf(headersOf(local, { mode: "development" }))["connect-src"]).toBe(
    "'self' ws://localhost:*",
  );
  expect(policyOf(headersOf(local))["connect-src"]).toBe("'self'");
});

test("a response is not sniffed, framed, cached, or leaked to other sites by a referrer", () => {
  expect(Object.fromEntries(headersOf(SHIP))).toMatchObject({
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
  });
});

test("a response with its own Cache-Control keeps it", () => {
  const headers = headersOf(SHIP, { before: { "Cache-Control": "max-age=60" } });
  expect(headers.get("Cache-Control")).toBe("max-age=60");
});

test("a response's own headers do not weaken the policy", () => {
  const headers = headersOf(SHIP, { before: { "Content-Security-Policy": "default-src *" } });
  expect(policyOf(headers)["default-src"]).toBe("'none'");
});

test.each([
  ["https://ship.example/", "max-age=31536000; includeSubDomains"],
  ["https://localhost.ship.example/", "max-age=31536000; includeSubDomains"],
  ["http://ship.example/", null],
  ["https://localhost:8788/", null],
  ["https://127.0.0.1/", null],
  ["https://[::1]/", null],
])("HSTS is sent only if https certainly works: %s", (url, asked) => {
  expect(headersOf(url).get("Strict-Transport-Security")).toBe(asked);
});

test("only the sign-in page may be indexed by search engines", () => {
  expect(headersOf("https://ship.example/dashboard").get("X-Robots-Tag")).toBe("noindex");
  expect(headersOf("https://ship.example/login").has("X-Robots-Tag")).toBe(false);
});

function headersOf(
  url: string,
  { mode = "production", before = {} }: { mode?: string; before?: Record<string, string> } = {},
): Headers {
  const headers = new Headers(before);
  setSecurityHeaders(headers, new Request(url), "n0nce", {} as Env, mode);
  return headers;
}

/** @returns the Content-Security-Policy by directive */
function policyOf(headers: Headers): Record<string, string> {
  const directives = headers.get("Content-Security-Policy")!.split("; ");
  const named = directives.map((directive): [string, string] => {
    const [name = "", ...sources] = directive.split(" ");
    return [name, sources.join(" ")];
  });
  return Object.fromEntries(named);
}
