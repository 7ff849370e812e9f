/**
 * By which header an object hears who listens. Not by the URL, which Cloudflare's logs show; a header with "auth" in its
 * name is blackened there.
 */
const LISTENER = "Ship-Auth-Listener";

export function asksForSocket(request: Request): boolean {
  return request.headers.get("Upgrade") === "websocket";
}

/**
 * Answers a request for a WebSocket with one that a Durable Object holds.
 *
 * @param object finds the object, once it is known that a WebSocket was asked for
 * @param listener who listens, checked already, and to what: the object reads it by `listenerOf`
 * @returns the answer that opens it, the object's refusal, or 426 where no WebSocket was asked for
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

/** @returns for the object, who listens and to what, by the names that `openSocket` was given */
export function listenerOf(request: Request): URLSearchParams {
  // The app of before, which may be rolled back to, has it in the URL.
  return new URLSearchParams(request.headers.get(LISTENER) ?? new URL(request.url).search);
}

/** How long, in milliseconds, a refused page has to say something. */
const SPEAKS_WITHIN = 5_000;

/**
 * Opens a WebSocket only to close it with a reason: of an upgrade that was answered with a status, a browser tells its
 * page nothing. It is closed when the page says its first "ping", because closed at once it is an error in the log.
 */
export function closedSocket({ code, reason }: { code: number; reason: string }): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  const close = () => server.close(code, reason);
  server.accept();
  server.addEventListener("message", close);
  setTimeout(close, SPEAKS_WITHIN);
  return new Response(null, { status: 101, webSocket: client });
}
