import { asksForSocket, closedSocket } from "../platform/http/socket.server";
import { CLOSED } from "./protocol/live-messages";

/** The close code and reason that a page gets, by HTTP status. For any other error status the page reconnects later. */
const REFUSED: Partial<Record<number, { code: number; reason: string }>> = {
  302: CLOSED.signedOut, // verifySession redirects to the sign-in page
  400: CLOSED.damaged,
  401: CLOSED.signedOut,
  404: CLOSED.notFound,
  410: CLOSED.deleted,
};

/**
 * Opens the live socket of a page. A browser does not show a page the HTTP status of a failed upgrade, so a final
 * refusal is sent as a socket that is closed at once, with a code and a reason.
 *
 * @param open opens the socket; returns or throws an error response if it is refused
 * @returns the response that opens the socket; the error response if the page may try again
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
