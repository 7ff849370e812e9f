import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import {
  Form,
  Link,
  useLoaderData,
  useParams,
  type ClientActionFunctionArgs,
} from "@remix-run/react";
import { useEffect } from "react";
import { verifySession, type User } from "../../auth/auth.server";
import { gitHubPage } from "../../github/client.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { checkFields, readForm, type Fields } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { notifyListChanged } from "../../sessions/notify.server";
import {
  parseBefore,
  parseNumber,
  parseSessionId,
  sessionNotFound,
} from "../../sessions/session-input.server";
import { tokenInput } from "../../sessions/agents/agent-tokens.server";
import { messageInput } from "../../sessions/conversation/messages.server";
import { connectAgent, revokeAgent } from "../../sessions/agents/agent-tokens.server";
import { seeMessages } from "../../sessions/conversation/messages.server";
import { appendMessage } from "../../sessions/conversation/messages.server";
import { durationsOf, listItem } from "../../sessions/session-summary";
import { OpenSession, type SessionAnswer } from "../../sessions/page/open-session";
import { readConversation } from "../../sessions/conversation/conversation.server";
import { findSessionWithHistory } from "../../sessions/session-queries.server";
import { repositoryName } from "../../sessions/protocol/session";
import { SessionDetails, SessionHistory } from "../../sessions/page/session-details";
import { statusAction, tooFastResponse } from "../../sessions/lifecycle/status-action.server";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { unlessUnreachable, type Unreachable } from "../../ui/hooks/should-revalidate";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: data ? `${(data as PageData).session.repository} · Ship` : "Session · Ship" },
];

export const headers = passRetryAfter;

export async function loader({ request, params, context }: LoaderFunctionArgs) {
  return json(await loadPage(request, params.id, context));
}

/** What the page shows: plain data, which travels as it is. Remix's own type of it is too deep for a message's tree. */
type PageData = Awaited<ReturnType<typeof loadPage>>;

async function loadPage(
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
    // The row is up to 10 seconds behind its object.
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

export async function action({ request, params, context }: ActionFunctionArgs) {
  const { env } = context;
  const user = await verifySession(request, context);
  const id = parseSessionId(params.id);
  const path = `/session/${id}`;
  const fields = await readForm(request);
  const [intent, value] = (fields.intent ?? "").split(":");
  switch (intent) {
    case "send":
      return send(env, user, id, fields);
    case "connect":
      return connect(env, user, id, fields);
    case "revoke": {
      const outcome = await revokeAgent(env, user.id, id, parseNumber(value));
      if (outcome === "not-found") throw sessionNotFound();
      if (outcome !== "done") return failure({ alert: NOT_REACHED }, 503);
      return redirectWithFlash(request, context, path, { text: "The token is revoked." });
    }
    case "seen": {
      const result = await seeMessages(env, user.id, id, parseNumber(value));
      if (result.outcome === "not-found") throw sessionNotFound();
      if (result.outcome === "too-fast") return tooFastResponse(result.wait);
      if (result.outcome === "unavailable") return failure({ alert: NOT_REACHED }, 503);
      notifyListChanged(context, user.id, id);
      return redirect(path);
    }
    default:
      return statusAction(request, context, user, fields.intent, path);
  }
}

const NOT_REACHED = "The session did not answer, so this may not have happened. Try again.";
const FULL = "This session is full, so the message was not sent. Go on in a new session.";
const BEING_DELETED = "This session is being deleted.";
const KEY_USED = "This form has already made a token. Send it again to make another.";

function failure(data: SessionAnswer, status: number, headers: HeadersInit = {}) {
  return json<SessionAnswer>(data, { status, headers });
}

async function send(env: Env, user: User, id: string, typed: Fields) {
  const draft = { key: typed.key ?? crypto.randomUUID(), text: typed.text ?? "" };
  const { values, errors } = checkFields(messageInput, typed);
  if (errors) return failure({ alert: errors.text ?? errors.key ?? "", draft }, 400);

  const { text, key } = values;
  const message = { role: "user" as const, author: user.name, text, client_key: key };
  const result = await appendMessage(env, user.id, id, message);
  switch (result.outcome) {
    case "sent":
      return redirect(`/session/${id}`);
    case "full":
      return failure({ alert: FULL, draft }, 507);
    case "too-fast": {
      const seconds = Math.ceil(result.wait / 1000);
      const alert = `You have sent many messages within a minute. This one was not sent; send it again in ${seconds} seconds.`;
      return failure({ alert, draft }, 429, { "Retry-After": `${seconds}` });
    }
    case "not-found":
      throw sessionNotFound();
    case "deleting":
      return failure({ alert: `${BEING_DELETED} The message was not sent.`, draft }, 409);
    case "unavailable": {
      const alert =
        "The session did not answer, so the message may not have been sent. Send it again; it will not be there twice.";
      return failure({ alert, draft }, 503);
    }
  }
}

async function connect(env: Env, user: User, id: string, typed: Fields) {
  const refused = (error: string, status: number, fresh?: { nextTokenKey: string }) =>
    failure({ token: { error, name: typed.name ?? "" }, ...fresh }, status);
  const { values, errors } = checkFields(tokenInput, typed);
  if (errors) return refused(errors.name ?? errors.key ?? "", 400);

  const result = await connectAgent(env, user.id, id, values);
  const fresh = { nextTokenKey: crypto.randomUUID() };
  if ("token" in result) {
    return json<SessionAnswer>({ made: { ...result, name: values.name }, ...fresh });
  }
  switch (result.outcome) {
    case "not-found":
      throw sessionNotFound();
    case "too-many":
      return refused("This session has as many tokens as it may have. Revoke one first.", 409);
    case "key-used":
      return refused(KEY_USED, 409, fresh);
    case "deleting":
      return refused(BEING_DELETED, 409);
    default:
      return refused(NOT_REACHED, 503);
  }
}

/** Where the network fails, the page stays as it is, and so does what was being written. */
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

/** The route stays mounted when only its URL changes; what holds state belongs to one session, and one part of it. */
export default function Session() {
  const page = useLoaderData() as PageData;
  return <SessionView key={`${page.session.id} ${page.before}`} page={page} />;
}

function SessionView({ page }: { page: PageData }) {
  const answered = useStickyActionData<SessionAnswer>();
  const { session, conversation } = page;
  useEffect(() => {
    shown.add(session.id);
  }, [session.id]);
  return (
    <div className="grid gap-5">
      <Link to="/dashboard" className="link icon-back justify-self-start">
        All sessions
      </Link>
      <SessionHeader session={session} />
      {answered?.alert && !answered.draft && (
        <p role="alert" className="notice text-danger">
          {answered.alert}
        </p>
      )}
      {conversation.state === "ready" ? (
        <OpenSession page={page} conversation={conversation} answered={answered} />
      ) : (
        <>
          <SessionDetails session={session} now={page.now} />
          <p className="notice text-warn">{NO_CONVERSATION[conversation.state]}</p>
          <SessionHistory events={page.events} older={page.olderEvents} now={page.now} />
        </>
      )}
    </div>
  );
}

function SessionHeader({ session }: { session: PageData["session"] }) {
  const active = session.status === "active";
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <h1 className="text-2xl font-semibold [overflow-wrap:anywhere]" tabIndex={-1}>
        {session.repository}
      </h1>
      <Form method="post" className="flex flex-wrap gap-2">
        <button
          name="intent"
          value={`${active ? "archive" : "restore"}:${session.id}`}
          className={`button max-sm:px-2 ${active ? "icon-archive" : "icon-restore"}`}
        >
          {active ? "Archive" : "Restore"}
        </button>
        {/* The answer says that it is a file. With `download`, the sign-in page and errors would be saved as one too. */}
        <a href={`/session/${session.id}/export`} className="button icon-download max-sm:px-2">
          Download
        </a>
        <Link to={`/dashboard/delete?id=${session.id}`} className="button icon-delete max-sm:px-2">
          Delete
        </Link>
      </Form>
    </div>
  );
}

const NO_CONVERSATION = {
  deleting: "Deleting is under way and will finish by itself.",
  unreachable:
    "The conversation cannot be reached just now. Nothing in it is lost; reload the page in a moment.",
};

/** The sessions that this tab has shown, by their ids. */
const shown = new Set<string | undefined>();

/** A session that was here a moment ago, and is not found any more, was deleted meanwhile. */
export function ErrorBoundary() {
  const { id } = useParams();
  return <ErrorPanel notFound={shown.has(id) ? "This session was deleted." : undefined} />;
}
