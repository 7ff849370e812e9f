import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, Link, useLoaderData, type ClientActionFunctionArgs } from "@remix-run/react";
import { Icon } from "../ui/icon";
import { useMemo } from "react";
import { verifySession, type User } from "../auth/auth.server";
import { gitHubPage } from "../github/client.server";
import { redirectWithFlash } from "../platform/flash.server";
import { checkFields, readForm, type Fields } from "../platform/form.server";
import { bearerToken } from "../platform/request-gate";
import { AgentStatus } from "../sessions/agent-status";
import { answerReport } from "../sessions/agents.server";
import { AgentsPanel, type MadeToken } from "../sessions/agents-panel";
import { tellListChanged } from "../sessions/changed.server";
import { Composer, type Draft } from "../sessions/composer";
import { ConnectionWord, Conversation } from "../sessions/conversation";
import {
  messageInput,
  parseBefore,
  parseNumber,
  parseSessionId,
  sessionNotFound,
  tokenInput,
} from "../sessions/input.server";
import {
  appendMessage,
  connectAgent,
  revokeAgent,
  seeMessages,
} from "../sessions/lifecycle.server";
import { durationsOf, listItem } from "../sessions/list-view";
import { useLiveSession, useSeen } from "../sessions/live-session";
import { findSessionWithHistory, readConversation } from "../sessions/queries.server";
import { repositoryName, type AgentReport, type ShownMessage } from "../sessions/session";
import { SessionDetails, SessionHistory } from "../sessions/session-details";
import { answerStatusChange } from "../sessions/status-change.server";
import { ErrorPanel } from "../ui/error-panel";
import { useHydrated } from "../ui/hydrated";
import { useLastAnswer } from "../ui/last-answer";
import { useMovingNow } from "../ui/time";
import { unlessUnreachable, type Unreachable } from "../ui/unreachable";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: data ? `${(data as PageData).session.repository} · Ship` : "Session · Ship" },
];

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

  const { row, events } = found;
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
    conversation,
    seen: row.seen_message,
    earlier: before !== undefined,
    address: `${url.origin}/session/${row.id}`,
    freshKeys: { message: crypto.randomUUID(), token: crypto.randomUUID() },
    now,
  };
}

/** What the page is answered where it stays where it is. */
interface ActionData {
  /** What could not be done. */
  alert?: string;
  /** What was being written. */
  draft?: { key: string; text: string };
  made?: MadeToken;
  /** The form that makes a token, with what is wrong with it. */
  token?: { error: string; name: string };
}

export async function action({ request, params, context }: ActionFunctionArgs) {
  const token = bearerToken(request);
  if (token !== undefined) return answerReport(request, context.env, params.id, token);

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
      const outcome = await seeMessages(env, user.id, id, parseNumber(value));
      if (outcome === "not-found") throw sessionNotFound();
      if (outcome === "unavailable") return failure({ alert: NOT_REACHED }, 503);
      tellListChanged(context, user.id, id);
      return redirect(path);
    }
    default:
      return answerStatusChange(request, context, user, fields.intent, path);
  }
}

const NOT_REACHED = "The session did not answer, so this may not have happened. Try again.";
const BEING_DELETED = "This session is being deleted.";

function failure(data: ActionData, status: number) {
  return json<ActionData>(data, { status });
}

async function send(env: Env, user: User, id: string, typed: Fields) {
  const draft = { key: typed.key ?? crypto.randomUUID(), text: typed.text ?? "" };
  const { values, errors } = checkFields(messageInput, typed);
  if (errors) return failure({ alert: errors.text ?? errors.key ?? "", draft }, 400);

  const { text, key } = values;
  const message = { role: "user" as const, author: user.name, text, client_key: key };
  switch (await appendMessage(env, user.id, id, message)) {
    case "sent":
      return redirect(`/session/${id}`);
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
  const refused = (error: string, status: number) =>
    failure({ token: { error, name: typed.name ?? "" } }, status);
  const { values, errors } = checkFields(tokenInput, typed);
  if (errors) return refused(errors.name ?? errors.key ?? "", 400);

  const result = await connectAgent(env, user.id, id, values);
  if ("token" in result) return json<ActionData>({ made: { ...result, name: values.name } });
  switch (result.outcome) {
    case "not-found":
      throw sessionNotFound();
    case "too-many":
      return refused("This session has as many tokens as it may have. Revoke one first.", 409);
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
    return { alert, ...(draft && { draft }), unreachable: true } satisfies ActionData & Unreachable;
  }
}

export const shouldRevalidate = unlessUnreachable;

export default function Session() {
  const page = useLoaderData() as PageData;
  const answered = useLastAnswer<ActionData>();
  const { session, conversation } = page;
  return (
    <div className="grid gap-5">
      <Link to="/dashboard" className="link flex items-center gap-1 justify-self-start">
        <Icon name="back" className="size-4" />
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
          <SessionHistory events={page.events} now={page.now} />
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
          className="button"
        >
          {active ? <Icon name="archive" /> : <Icon name="restore" />}
          {active ? "Archive" : "Restore"}
        </button>
        <a href={`/session/${session.id}/export`} download className="button">
          <Icon name="download" />
          Download
        </a>
        <Link to={`/dashboard/delete?id=${session.id}`} className="button">
          <Icon name="delete" />
          Delete
        </Link>
      </Form>
    </div>
  );
}

interface OpenSessionProps {
  page: PageData;
  conversation: { messages: ShownMessage[]; agent: AgentReport | null } & Pick<
    Extract<PageData["conversation"], { state: "ready" }>,
    "tokens" | "live"
  >;
  answered: ActionData | undefined;
}

function OpenSession({ page, conversation, answered }: OpenSessionProps) {
  const { events, earlier, freshKeys, address } = page;
  const { status, id } = page.session;
  const live = useLiveSession(id, status, conversation, conversation.live && !earlier);
  const last = live.messages.at(-1);
  // What has just come happened after the page was made.
  const now = Math.max(useMovingNow(page.now), last?.created_at ?? 0, live.agent?.at ?? 0);
  const session = earlier ? page.session : upToDate(page.session, last);
  return (
    <div className="session-page">
      <SessionDetails session={session} now={now}>
        <AgentStatus report={live.agent} now={now} />
      </SessionDetails>
      <section aria-labelledby="conversation" className="conversation">
        <div className="flex flex-wrap items-baseline justify-between gap-3">
          <h2 id="conversation" className="text-lg font-semibold">
            Conversation
          </h2>
          {!earlier && <ConnectionWord connection={live.connection} />}
        </div>
        <UnreadNotice sessionId={id} messages={live.messages} seen={page.seen} />
        <Conversation
          messages={live.messages}
          isEarlierPart={earlier}
          now={now}
          onLoadEarlier={live.loadEarlier}
        />
        <Composer
          sessionId={id}
          freshKey={freshKeys.message}
          messages={live.messages}
          archived={status === "archived"}
          failed={useFailed(answered)}
        />
      </section>
      <AgentsPanel
        tokens={conversation.tokens}
        address={address}
        formKey={freshKeys.token}
        now={now}
        made={answered?.made}
        failed={answered?.token}
      />
      <SessionHistory events={events} now={now} />
    </div>
  );
}

/** The same answer stays the same object, however often the page is rendered. */
function useFailed(answered: ActionData | undefined) {
  return useMemo((): { alert: string; draft: Draft } | undefined => {
    const { alert, draft } = answered ?? {};
    return alert !== undefined && draft ? { alert, draft } : undefined;
  }, [answered]);
}

/** Messages are numbered from 1 without a gap, so the last one's number is their count. */
function upToDate(session: PageData["session"], last: ShownMessage | undefined) {
  return {
    ...session,
    messageCount: Math.max(session.messageCount, last?.id ?? 0),
    lastActivity: Math.max(session.lastActivity, last?.created_at ?? 0),
  };
}

/** Says that an agent wrote since the owner last looked. Looking is seen by the page itself, where it is alive. */
function UnreadNotice({
  sessionId,
  messages,
  seen,
}: {
  sessionId: string;
  messages: ShownMessage[];
  seen: number;
}) {
  const newest = messages.findLast(({ role }) => role === "agent")?.id ?? 0;
  const isAlive = useHydrated();
  useSeen(sessionId, newest, seen);
  if (isAlive || newest <= seen) return null;
  return (
    <Form method="post" className="flex flex-wrap items-center gap-3">
      <p>Agents have written since you last looked.</p>
      <button name="intent" value={`seen:${newest}`} className="button">
        Mark read
      </button>
    </Form>
  );
}

const NO_CONVERSATION = {
  deleting: "Deleting is under way and will finish by itself.",
  unreachable:
    "The conversation cannot be reached just now. Nothing in it is lost; reload the page in a moment.",
};

export function ErrorBoundary() {
  return <ErrorPanel />;
}
