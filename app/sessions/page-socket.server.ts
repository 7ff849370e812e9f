import { asksForSocket, closedSocket } from "../platform/http/socket.server";
import { CLOSED } from "./protocol/live-messages";

/** What a page is told, by the status of the refusal. Any other is a failure that may pass: the page tries again. */
const REFUSED: Partial<Record<number, { code: number; reason: string }>> = {
  302: CLOSED.signedOut, // verifySession leads to the sign-in page
  400: CLOSED.damaged,
  401: CLOSED.signedOut,
  404: CLOSED.notFound,
  410: CLOSED.deleted,
};

/**
 * Opens the live socket of a page.
 *
 * @param open answers with the socket, or answers or throws a refusal
 * @returns the socket; where it was refused for good, one that is closed at once with the reason
 */
export async function openForPage(
  request: Request,
  open: () => Promise<Response>,
): Promise<Response> {
  if (!asksForSocket(request)) return open();
  const answer = await open().catch((thrown: unknown) => {
    if (thrown instanceof Response) return thrown;
    throw thrown;
  });
  const refused = REFUSED[answer.status];
  return refused ? closedSocket(refused) : answer;
}
