import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { verifySession } from "../../auth/auth.server";
import { gitHubPage } from "../../github/client.server";
import { readConversation } from "../../sessions/conversation/conversation.server";
import { repositoryName } from "../../sessions/protocol/session";
import { parseBefore, parseSessionId, sessionNotFound } from "../../sessions/session-input.server";
import { findSessionWithHistory } from "../../sessions/session-queries.server";
import { durationsOf, listItem } from "../../sessions/session-summary";

/**
 * The data of the session's page. It is plain JSON, so this type also holds in the browser; Remix's `SerializeFrom` is
 * not used, because the type of a message's tree is too deep for it.
 */
export type PageData = Awaited<ReturnType<typeof loadPage>>;

/**
 * Loads the session's page: its row and history from D1, its messages from its Durable Object.
 *
 * @param sessionId the URL's parameter, not validated
 * @throws a Response: a redirect to sign in, 400 or 404
 */
export async function loadPage(
  request: Request,
  sessionId: string | undefined,
  context: LoaderFunctionArgs["context"],
) {
  const { env, now, reads } = context;
  const url = new URL(request.url);
  const before = parseBefore(url.searchParams.get("before"));
  const [found, conversation] = await verifySession(request, context, (user) => {
    const id = parseSessionId(sessionId);
    return Promise.all([
      findSessionWithHistory(reads, id, user.id),
      readConversation(env, id, user.id, before),
    ]);
  });
  if (!found) throw sessionNotFound();

  const { row, events, older } = found;
  const session = {
    ...listItem(row, now, durationsOf(env)),
    repositoryUrl: gitHubPage(env, `/${repositoryName(row)}`),
    createdAt: row.created_at,
    archivedAt: row.archived_at,
  };
  if (conversation.state === "ready") {
    session.messageCount = conversation.messageCount;
    // The row in D1 is updated up to 10 seconds after the Durable Object.
    session.lastActivity = Math.max(row.last_activity, conversation.lastActivity);
  }
  return {
    session,
    events,
    olderEvents: older,
    conversation,
    seen: row.seen_message,
    before: before ?? null,
    address: `${url.origin}/session/${row.id}`,
    freshKeys: { message: crypto.randomUUID(), token: crypto.randomUUID() },
    now,
  };
}
