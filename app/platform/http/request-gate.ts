/** The request gate: what it refuses never reaches Remix. */
import { isLoopback } from "./security-headers";

export const BODY_LIMIT = 256 * 1024;

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** A refusal for a person to read. */
export interface Refusal {
  status: number;
  title: string;
  text: string;
  headers?: Record<string, string>;
}

/** A path that programs call with a token instead of cookies (`Authorization: Bearer …`, RFC 6750). */
export interface BearerRoute {
  path: RegExp;
  methods: string[];
  /** Told to a program that uses another method. */
  hint: string;
  /** For an old address: what the app is asked for instead, given the old path. */
  rewrite?: (path: string) => string;
}

/**
 * @returns the one of these routes that a request with a token is for, and its token; undefined if it has no token, or is
 *   for none of them
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
 * Lets a request pass if it came to Ship's own address, is not too large, and is safe or comes from this origin. A WebSocket
 * upgrade is not safe: browsers open one to any origin, cookies included. A request with a token needs no origin, because no
 * page of another origin can send that token; it has the rights of the token only, so its cookies are removed.
 *
 * What passes has the origin of Ship's address or of loopback, so absolute URLs may be built from its own.
 *
 * @param address ORIGIN; if it is empty, only loopback hosts are answered
 * @param route from `findBearerRoute`
 * @returns the request to answer (its body was read, so that a body sent without a length is measured too), a redirect to
 *   Ship's address, or a refusal
 */
export async function passGate(
  request: Request,
  address: string,
  route: BearerRoute | undefined,
): Promise<Request | Response | Refusal> {
  const elsewhere = leadHome(request, address);
  if (elsewhere) return elsewhere;
  const headers = new Headers(request.headers);
  // Remix compares it with `Origin` too, and would answer 500 to a made-up one.
  headers.delete("X-Forwarded-Host");
  if (route) {
    if (!route.methods.includes(request.method)) return wrongMethod(route);
    headers.delete("Cookie");
    headers.delete("Origin");
  } else {
    if (SAFE_METHODS.has(request.method) && !isUpgrade(request)) return request;
    if (!isSameOrigin(request)) return NOT_FROM_HERE;
  }
  const target = route?.rewrite ? rewritten(request, route.rewrite) : request;
  if (!target.body) return new Request(target, { headers });
  try {
    const body = await readAtMost(target, BODY_LIMIT);
    return body ? new Request(target, { headers, body }) : TOO_LARGE;
  } catch {
    return BROKEN_OFF;
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

function rewritten(request: Request, rewrite: (path: string) => string): Request {
  const url = new URL(request.url);
  url.pathname = rewrite(url.pathname);
  return new Request(url, request);
}

/**
 * Answers what came to any other host than Ship's own, such as one where an old deployment can still be reached. Neither
 * cookie nor token is read there. Monitors may ask /healthz at every host.
 */
function leadHome(request: Request, address: string): Response | Refusal | undefined {
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

const NOT_FROM_HERE: Refusal = {
  status: 403,
  title: "Refused",
  text: "This request did not come from a page of Ship. Open Ship and try again there.",
};

const TOO_LARGE: Refusal = {
  status: 413,
  title: "Too large",
  text: "What was sent is larger than 256 KiB. Nothing was changed.",
};

const BROKEN_OFF: Refusal = {
  status: 400,
  title: "Broken off",
  text: "What was sent did not arrive as a whole. Nothing was changed.",
};

/** By `Origin`; a browser that sends none says by `Sec-Fetch-Site` where the request comes from. Proxies are not believed. */
function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("Origin");
  if (origin !== null) return origin === new URL(request.url).origin;
  return request.headers.get("Sec-Fetch-Site") === "same-origin";
}

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
