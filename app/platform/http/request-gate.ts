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

/** Where an agent may ask, by which methods, and what one is told that asks by another. */
const FOR_AGENTS = [
  {
    path: /^\/session\/[^/]+$/,
    methods: ["POST"],
    hint: "Report here by POST. Messages are read by GET at this address with /messages behind it.",
  },
  {
    path: /^\/session\/[^/]+\/messages$/,
    methods: ["GET", "HEAD"],
    hint: "Read messages here by GET. Report by POST at this address without /messages.",
  },
  { path: /^\/session\/[^/]+\/live$/, methods: ["GET"], hint: "Open a WebSocket here, by GET." },
];

function agentAddress(request: Request) {
  const { pathname } = new URL(request.url);
  return FOR_AGENTS.find(({ path }) => path.test(pathname));
}

/** @returns the token by which an agent asks for something of a session; undefined where it is no agent that asks */
export function bearerToken(request: Request): string | undefined {
  if (!agentAddress(request)) return undefined;
  return /^Bearer +(.*)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
}

/** @returns the refusal of an agent that asks by another method than its address takes; undefined where it does not */
function wrongMethod(request: Request): Refusal | undefined {
  const address = agentAddress(request);
  if (!address || address.methods.includes(request.method)) return undefined;
  const headers = { Allow: address.methods.join(", ") };
  return { status: 405, title: "Not taken here", text: address.hint, headers };
}

/**
 * Lets a request pass if it came to Ship's own address, and is safe or comes from this origin and is of bearable size. A
 * WebSocket upgrade is not safe: browsers open one to any origin, cookies included. An agent's request needs no origin,
 * because no page of another origin can send its token; but it has the rights of that token only, and so its cookies are
 * taken off.
 *
 * What passes has the origin of Ship's address or of loopback, so absolute URLs may be made from the request's own.
 *
 * @param address ORIGIN; where it is empty, only loopback hosts are answered
 * @returns the request to answer (its body read, so that a body sent without a length is measured too), a redirect to
 *   Ship's address, or a refusal
 */
export async function passGate(
  request: Request,
  address: string,
): Promise<Request | Response | Refusal> {
  const elsewhere = leadHome(request, address);
  if (elsewhere) return elsewhere;
  const headers = new Headers(request.headers);
  // Remix compares it with `Origin` too, and would answer 500 where anybody made it up.
  headers.delete("X-Forwarded-Host");
  if (bearerToken(request) !== undefined) {
    const refusal = wrongMethod(request);
    if (refusal) return refusal;
    headers.delete("Cookie");
    headers.delete("Origin");
  } else {
    if (SAFE_METHODS.has(request.method) && !isUpgrade(request)) return request;
    if (!isSameOrigin(request)) return NOT_FROM_HERE;
  }
  if (!request.body) return new Request(request, { headers });
  try {
    const body = await readAtMost(request, BODY_LIMIT);
    return body ? new Request(request, { headers, body }) : TOO_LARGE;
  } catch {
    return BROKEN_OFF;
  }
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
