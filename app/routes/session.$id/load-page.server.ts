import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { verifySession } from "../../auth/auth.server";
import { gitHubPage } from "../../github/client.server";
import { messageOfTask, readConversation } from "../../sessions/conversation/conversation.server";
import { endsWhenSeen, repositoryName } from "../../sessions/protocol/session";
import { parseBefore, parseSessionId, sessionNotFound } from "../../sessions/session-input.server";
import { countNeedsYou, findSessionWithHistory } from "../../sessions/session-queries.server";
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
  const [found, conversation, needsYou] = await verifySession(request, context, (user) => {
    const id = parseSessionId(sessionId);
    return Promise.all([
      findSessionWithHistory(reads, id, user.id),
      readConversation(env, id, user.id, before),
      countNeedsYou(reads, user.id),
    ]);
  });
  if (!found) throw sessionNotFound();

  const { row, task, events, older } = found;
  const repositoryPath = `/${repositoryName(row)}`;
  const session = {
    ...listItem(row, now, durationsOf(env)),
    repositoryUrl: gitHubPage(env, repositoryPath),
    branchUrl: row.branch && gitHubPage(env, `${repositoryPath}/tree/${encodeBranch(row.branch)}`),
    canBeUnread: row.agent_message > 0 || endsWhenSeen(row.agent_status),
    createdAt: row.created_at,
    archivedAt: row.archived_at,
  };
  if (conversation.state === "ready") {
    session.messageCount = conversation.messageCount;
    // The row in D1 is updated up to 10 seconds after the Durable Object.
    session.lastActivity = Math.max(row.last_activity, conversation.lastActivity);
    if (task && conversation.messageCount === 0 && before === undefined) {
      const { text, ...message } = messageOfTask(task, row.created_at);
      // Its seq is below that of every stored item, so that the real message replaces it on an open page.
      const placeholder = { ...message, content: [{ p: [text] }] };
      conversation.items = [{ id: message.id, seq: -1, message: placeholder }];
      session.messageCount = 1;
    }
  }
  return {
    session,
    needsYou,
    events,
    olderEvents: older,
    conversation,
    seen: { message: row.seen_message, rev: row.seen_rev },
    before: before ?? null,
    address: `${url.origin}/session/${row.id}`,
    freshKeys: { message: crypto.randomUUID(), token: crypto.randomUUID() },
    now,
  };
}

/** @returns a branch's name as a part of a path: GitHub's have their slashes as they are */
function encodeBranch(branch: string): string {
  return branch.split("/").map(encodeURIComponent).join("/");
}
