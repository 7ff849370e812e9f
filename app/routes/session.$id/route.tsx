import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useParams, type ClientActionFunctionArgs } from "@remix-run/react";
import { verifySession } from "../../auth/auth.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { readForm } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { revokeAgent } from "../../sessions/agents/agent-tokens.server";
import { markRead, markUnread } from "../../sessions/conversation/messages.server";
import type { ChangeResult } from "../../sessions/change-limit.server";
import { statusAction, tooFastResponse } from "../../sessions/lifecycle/status-action.server";
import { documentTitle } from "../../sessions/needs-you-title";
import { notifyListChanged } from "../../sessions/notify.server";
import type { SessionAnswer } from "../../sessions/page/open-session";
import { parseNumber, parseSessionId, sessionNotFound } from "../../sessions/session-input.server";
import { listPath } from "../../sessions/paths";
import { sessionName } from "../../sessions/protocol/session";
import { isolated } from "../../sessions/protocol/title";
import { ErrorPanel } from "../../ui/error-panel";
import { unlessUnreachable, type Unreachable } from "../../ui/hooks/should-revalidate";
import { connectAction, NOT_REACHED, sendAction, sessionFailure } from "./actions.server";
import { answerAction, stopAction, withdrawAction } from "./run-actions.server";
import { loadPage, type PageData } from "./load-page.server";
import { SessionView, wasShown } from "./session-view";

export const meta: MetaFunction<typeof loader> = ({ data, matches }) => [
  { title: documentTitle(data ? nameOf(data) : "Session", matches) },
];

export const headers = passRetryAfter;

export async function loader({ request, params, context }: LoaderFunctionArgs) {
  return json(await loadPage(request, params.id, context));
}

export async function action({ request, params, context }: ActionFunctionArgs) {
  const { env } = context;
  const user = await verifySession(request, context);
  const id = parseSessionId(params.id);
  const path = `/session/${id}`;
  const fields = await readForm(request);
  const [intent, value, rev] = (fields.intent ?? "").split(":");
  switch (intent) {
    case "send":
      return sendAction(env, user, id, fields);
    case "answer":
      return answerAction(env, user, id, fields.intent ?? "");
    case "stop":
      return stopAction(env, user, id, fields.intent ?? "");
    case "withdraw":
      return withdrawAction(env, user, id, parseNumber(value));
    case "connect":
      return connectAction(env, user, id, fields);
    case "revoke": {
      const outcome = await revokeAgent(env, user.id, id, parseNumber(value));
      if (outcome === "not-found") throw sessionNotFound();
      if (outcome !== "done") return sessionFailure({ alert: NOT_REACHED }, 503);
      return redirectWithFlash(request, context, path, { text: "The token is revoked." });
    }
    case "seen": {
      const seen = { message: parseNumber(value, 0), rev: parseNumber(rev, 0) };
      const failure = failureOf(await markRead(env, user.id, id, seen));
      if (failure) return failure;
      notifyListChanged(context, user.id, id);
      return redirect(path);
    }
    case "unread": {
      const result = await markUnread(env, user.id, id);
      if (result.outcome !== "done") return failureOf(result);
      notifyListChanged(context, user.id, id);
      const text = `${sessionName(result.session)} is unread again.`;
      const { status } = result.session;
      // Not to the page: it would mark it as read at once.
      const list = listPath(new URLSearchParams({ status }));
      return redirectWithFlash(request, context, list, { text });
    }
    default:
      return statusAction(request, context, user.id, fields.intent, path);
  }
}

/** @returns the response for a change of the row that was not done; null if it was. @throws a 404 Response */
function failureOf(result: ChangeResult) {
  switch (result.outcome) {
    case "done":
      return null;
    case "not-found":
      throw sessionNotFound();
    case "too-fast":
      return tooFastResponse(result.wait);
    case "unavailable":
      return sessionFailure({ alert: NOT_REACHED }, 503);
  }
}

function nameOf({ session }: PageData): string {
  return session.title === null ? session.repository : isolated(session.title);
}

/** If the network fails, returns an alert instead of throwing, so that the page and the draft are not lost. */
export async function clientAction({ request, serverAction }: ClientActionFunctionArgs) {
  const form = await request.clone().formData();
  try {
    return await serverAction();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [key, text] = [form.get("key"), form.get("text")];
    const draft = typeof key === "string" && typeof text === "string" ? { key, text } : undefined;
    const alert = "Ship cannot be reached, so this may not have happened. Try again; it is safe.";
    return { alert, ...(draft && { draft }), unreachable: true } satisfies SessionAnswer &
      Unreachable;
  }
}

export const shouldRevalidate = unlessUnreachable;

/** Remix keeps the route mounted when only the URL changes, so the `key` resets the state for each session and page. */
export default function Session() {
  const page = useLoaderData() as PageData;
  return <SessionView key={`${page.session.id} ${page.before}`} page={page} />;
}

/** If a session that this tab has shown is not found any more, it was deleted meanwhile. */
export function ErrorBoundary() {
  const { id } = useParams();
  return <ErrorPanel notFound={wasShown(id) ? "This session was deleted." : undefined} />;
}
