/** The request gate, which runs before Remix: a refused request never reaches a loader or action. */
import { isLoopback } from "./security-headers";

/** The longest request body, in bytes. */
export const BODY_LIMIT = 256 * 1024;

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** An error response: the title and text for a page, or the text as a JSON error. */
export interface Refusal {
  status: number;
  title: string;
  text: string;
  headers?: Record<string, string>;
}

/** A route that programs call with a token instead of cookies (`Authorization: Bearer …`, RFC 6750). */
export interface BearerRoute {
  path: RegExp;
  methods: string[];
  /** The error message for any other method. */
  hint: string;
  /** For an outdated path: returns the current path. */
  rewrite?: (path: string) => string;
}

/**
 * Finds the token route of a request.
 *
 * @returns the route and the request's token; undefined if the request has no token or matches none of the routes
 */
export function findBearerRoute(
  { headers, url }: Request,
  routes: BearerRoute[],
): { route: BearerRoute; token: string } | undefined {
  const [, token] = /^Bearer +(.*)$/i.exec(headers.get("Authorization") ?? "") ?? [];
  if (token === undefined) return undefined;
  const { pathname } = new URL(url);
  const route = routes.find(({ path }) => path.test(pathname));
  return route && { route, token };
}

/**
 * Checks a request before the app handles it. It passes if it was sent to Ship's own address, its body is not too
 * large, and it either uses a safe method or comes from this origin.
 *
 * - A WebSocket upgrade needs the same origin although it is a GET: browsers open sockets to any origin, with cookies.
 * - A request to a token route needs no origin, because a page of another origin cannot send the token. Its cookies are
 *   removed, so that it has only the token's rights.
 *
 * The URL of a request that passes has Ship's origin or a loopback one (any host for /healthz), so absolute URLs may be
 * built from it.
 *
 * @param address ORIGIN; if it is empty, only requests to loopback hosts pass
 * @param route from `findBearerRoute`
 * @returns the request to handle (with a body that was read to measure it, since Content-Length may be missing), a
 *   redirect to Ship's address, or a refusal
 */
export async function passGate(
  request: Request,
  address: string,
  route: BearerRoute | undefined,
): Promise<Request | Response | Refusal> {
  const wrongHost = answerWrongHost(request, address);
  if (wrongHost) return wrongHost;
  const headers = new Headers(request.headers);
  // Remix compares it with `Origin`, and answers 500 if they differ.
  headers.delete("X-Forwarded-Host");
  if (route) {
    if (!route.methods.includes(request.method)) return wrongMethod(route);
    headers.delete("Cookie");
    headers.delete("Origin");
  } else {
    if (SAFE_METHODS.has(request.method) && !isUpgrade(request)) return request;
    if (!isSameOrigin(request)) return CROSS_ORIGIN;
  }
  const target = route?.rewrite ? rewritePath(request, route.rewrite) : request;
  if (!target.body) return new Request(target, { headers });
  try {
    const body = await readAtMost(target, BODY_LIMIT);
    return body ? new Request(target, { headers, body }) : TOO_LARGE;
  } catch {
    return INCOMPLETE;
  }
}

function wrongMethod({ methods, hint }: BearerRoute): Refusal {
  return {
    status: 405,
    title: "Not taken here",
    text: hint,
    headers: { Allow: methods.join(", ") },
  };
}

function rewritePath(request: Request, rewrite: (path: string) => string): Request {
  const url = new URL(request.url);
  url.pathname = rewrite(url.pathname);
  return new Request(url, request);
}

/**
 * Answers a request to a host other than Ship's own, such as the URL of an old deployment: a GET or HEAD is redirected,
 * anything else refused, and neither cookies nor tokens are read. /healthz passes on every host, for monitors.
 *
 * @returns undefined if the request may pass
 */
function answerWrongHost(request: Request, address: string): Response | Refusal | undefined {
  const url = new URL(request.url);
  const path = url.pathname + url.search;
  if (url.origin === address || isLoopback(url)) return undefined;
  if (!address) return NO_ADDRESS;
  if (path === "/healthz") return undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  if (reads && !isUpgrade(request)) return Response.redirect(address + path, 308);
  const text = `This Ship is at ${address}: ask there. Nothing was changed.`;
  return { status: 421, title: "Another address", text };
}

function isUpgrade({ headers }: Request): boolean {
  return headers.has("Upgrade");
}

const NO_ADDRESS: Refusal = {
  status: 503,
  title: "Not set up yet",
  text: "This Ship does not know its own address: whoever runs it has to set ORIGIN (docs/deploy.md).",
};

const CROSS_ORIGIN: Refusal = {
  status: 403,
  title: "Refused",
  text: "This request did not come from a page of Ship. Open Ship and try again there.",
};

const TOO_LARGE: Refusal = {
  status: 413,
  title: "Too large",
  text: "What was sent is larger than 256 KiB. Nothing was changed.",
};

const INCOMPLETE: Refusal = {
  status: 400,
  title: "Broken off",
  text: "What was sent did not arrive as a whole. Nothing was changed.",
};

/** Compares `Origin`, or `Sec-Fetch-Site` if the browser sends no `Origin`. Headers set by proxies are ignored. */
function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("Origin");
  if (origin !== null) return origin === new URL(request.url).origin;
  return request.headers.get("Sec-Fetch-Site") === "same-origin";
}

/** @returns the body; undefined if it has more than `limit` bytes */
async function readAtMost(request: Request, limit: number): Promise<Blob | undefined> {
  if (Number(request.headers.get("Content-Length")) > limit) return undefined;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}
