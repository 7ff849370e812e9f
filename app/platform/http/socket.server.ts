/**
 * The header that passes a socket's listener to a Durable Object. Not the URL, because Cloudflare's logs show it; they
 * redact headers with "auth" in their name.
 */
const LISTENER = "Ship-Auth-Listener";

/** @returns whether a request is a WebSocket upgrade */
export function asksForSocket(request: Request): boolean {
  return request.headers.get("Upgrade") === "websocket";
}

/**
 * Opens a WebSocket between the client and a Durable Object, by forwarding the upgrade to the object.
 *
 * @param object returns the object's stub; called only if the request is an upgrade
 * @param listener the authenticated listener and what it subscribes to; the object reads it with `listenerOf`
 * @returns the object's response (101, or its refusal); 426 if the request is not an upgrade
 */
export async function openSocket(
  request: Request,
  object: () => Pick<DurableObjectStub, "fetch">,
  listener: Record<string, string>,
): Promise<Response> {
  if (!asksForSocket(request)) {
    return Response.json({ error: "Open a WebSocket here." }, { status: 426 });
  }
  const headers = { Upgrade: "websocket", [LISTENER]: `${new URLSearchParams(listener)}` };
  return object().fetch("https://object/live", { headers });
}

/**
 * Reads the listener of a forwarded upgrade, in the Durable Object.
 *
 * @returns the `listener` that was passed to `openSocket`
 */
export function listenerOf(request: Request): URLSearchParams {
  // Earlier versions of the app, which may be rolled back to, pass it in the URL.
  return new URLSearchParams(request.headers.get(LISTENER) ?? new URL(request.url).search);
}

/** How long `closedSocket` waits for the page's first message, in milliseconds. */
const FIRST_MESSAGE_TIMEOUT = 5_000;

/**
 * Accepts a WebSocket and closes it with a code and a reason. A refusal by HTTP status would not reach the page,
 * because browsers do not expose the status of a failed upgrade. It is closed on the page's first "ping": closing it at
 * once would be logged as an error.
 */
export function closedSocket({ code, reason }: { code: number; reason: string }): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  const close = () => server.close(code, reason);
  server.accept();
  server.addEventListener("message", close);
  setTimeout(close, FIRST_MESSAGE_TIMEOUT);
  return new Response(null, { status: 101, webSocket: client });
}
