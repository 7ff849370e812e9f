import type { LoaderFunctionArgs } from "@remix-run/cloudflare";
import { verifySession } from "../auth/auth.server";
import {
  messageOfTask,
  readItems,
  readMessages,
} from "../sessions/conversation/conversation.server";
import { exportName, exportStream } from "../sessions/conversation/export.server";
import { parseSessionId, sessionNotFound } from "../sessions/session-input.server";
import { findSessionWithHistory, readHistory } from "../sessions/session-queries.server";

/** Downloads a session as JSON: its row, its history, all messages and items. */
export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const { env, reads } = context;
  // Signing in returns to the session's page: a redirect to a download would leave the person on the sign-in page.
  const page = new Request(new URL(`/session/${params.id}`, request.url), request);
  // Not in parallel with the reads below, because they make the Durable Object read a lot (docs/decisions/0003).
  const user = await verifySession(page, context);
  const id = parseSessionId(params.id);
  const read = (after: number) => readMessages(env, id, user.id, after);
  const readMore = (after: number) => readItems(env, id, user.id, after);
  const [found, history, stored, items] = await Promise.all([
    findSessionWithHistory(reads, id, user.id),
    readHistory(reads, id, user.id, 0),
    read(0).catch(() => undefined),
    readMore(0).catch(() => undefined),
  ]);
  if (!found) throw sessionNotFound();
  if (!stored || !items) {
    const alert = "The conversation cannot be reached just now. Try again in a moment.";
    throw new Response(alert, { status: 503 });
  }
  const { row, task } = found;
  const messages =
    stored.length === 0 && task
      ? { first: [messageOfTask(task, row.created_at)], after: () => Promise.resolve([]) }
      : { first: stored, after: read };
  const events = {
    first: history,
    after: (event: number) => readHistory(env.DB, id, user.id, event),
  };
  return new Response(exportStream(row, events, messages, { first: items, after: readMore }), {
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Disposition": `attachment; filename="${exportName(row)}"`,
    },
  });
}
