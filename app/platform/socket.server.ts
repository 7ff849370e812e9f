/**
 * Answers a request for a WebSocket with one that a Durable Object holds.
 *
 * @param object finds the object, once it is known that a WebSocket was asked for
 * @param listener who listens, checked already, and to what: the object reads it in the query
 * @returns the answer that opens it, the object's refusal, or 426 where no WebSocket was asked for
 */
export async function openSocket(
  request: Request,
  object: () => Pick<DurableObjectStub, "fetch">,
  listener: Record<string, string>,
): Promise<Response> {
  if (request.headers.get("Upgrade") !== "websocket") {
    return Response.json({ error: "Open a WebSocket here." }, { status: 426 });
  }
  const url = `https://object/live?${new URLSearchParams(listener)}`;
  return object().fetch(url, { headers: { Upgrade: "websocket" } });
}
