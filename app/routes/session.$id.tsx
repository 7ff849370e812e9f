import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Form, Link, useActionData, useLoaderData } from "@remix-run/react";
import { Archive, ArchiveRestore, ArrowLeft, Trash2 } from "lucide-react";
import { verifySession, type User } from "../auth/auth.server";
import { gitHubPage } from "../github/client.server";
import { checkFields, readForm, type Fields } from "../platform/form.server";
import { Composer, Conversation } from "../sessions/conversation";
import {
  messageInput,
  parseBefore,
  parseSessionId,
  sessionNotFound,
} from "../sessions/input.server";
import { appendMessage } from "../sessions/lifecycle.server";
import { durationsOf, listItem } from "../sessions/list-view";
import { findSessionWithHistory, readConversation } from "../sessions/queries.server";
import { repositoryName } from "../sessions/session";
import { SessionDetails, SessionHistory } from "../sessions/session-details";
import { answerStatusChange } from "../sessions/status-change.server";
import { ErrorPanel } from "../ui/error-panel";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  { title: data ? `${data.session.repository} · Ship` : "Session · Ship" },
];

export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const before = parseBefore(new URL(request.url).searchParams.get("before"));
  const [found, conversation] = await verifySession(request, context, (user) => {
    const id = parseSessionId(params.id);
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
  const earlier = before !== undefined;
  return json({ session, events, conversation, earlier, freshKey: crypto.randomUUID(), now });
}

export async function action({ request, params, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const id = parseSessionId(params.id);
  const fields = await readForm(request);
  if (fields.intent === "send") return send(context.env, user, id, fields);
  return answerStatusChange(request, context, user, fields.intent, `/session/${id}`);
}

async function send(env: Env, user: User, id: string, typed: Fields) {
  const failure = (alert: string, status: number) =>
    json({ alert, draft: { key: typed.key ?? null, text: typed.text ?? null } }, { status });
  const { values, errors } = checkFields(messageInput, typed);
  if (errors) return failure(errors.text ?? errors.key ?? "", 400);

  const { text, key } = values;
  const message = { role: "user" as const, author: user.name, text, client_key: key };
  switch (await appendMessage(env, user.id, id, message)) {
    case "sent":
      return redirect(`/session/${id}`);
    case "not-found":
      throw sessionNotFound();
    case "deleting":
      return failure("This session is being deleted, so the message was not sent.", 409);
    case "unavailable":
      return failure(
        "The session did not answer, so the message may not have been sent. Send it again; it will not be there twice.",
        503,
      );
  }
}

export default function Session() {
  const { session, events, conversation, earlier, freshKey, now } = useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  const active = session.status === "active";
  return (
    <div className="grid gap-6">
      <Link to="/dashboard" className="link flex items-center gap-1 justify-self-start">
        <ArrowLeft aria-hidden className="size-4" />
        All sessions
      </Link>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h1 className="text-2xl font-semibold [overflow-wrap:anywhere]" tabIndex={-1}>
          {session.repository}
        </h1>
        <Form method="post" className="flex gap-2">
          <button
            name="intent"
            value={`${active ? "archive" : "restore"}:${session.id}`}
            className="button"
          >
            {active ? <Archive aria-hidden /> : <ArchiveRestore aria-hidden />}
            {active ? "Archive" : "Restore"}
          </button>
          <Link to={`/dashboard/delete?id=${session.id}`} className="button">
            <Trash2 aria-hidden />
            Delete
          </Link>
        </Form>
      </div>
      {failed && !failed.draft && (
        <p role="alert" className="notice text-danger">
          {failed.alert}
        </p>
      )}
      <SessionDetails session={session} now={now} />
      <section aria-labelledby="conversation" className="grid gap-4">
        <h2 id="conversation" className="text-lg font-semibold">
          Conversation
        </h2>
        {conversation.state === "ready" ? (
          <>
            <Conversation messages={conversation.messages} earlier={earlier} now={now} />
            <Composer
              freshKey={freshKey}
              messages={conversation.messages}
              archived={!active}
              failed={failed?.draft ? failed : undefined}
            />
          </>
        ) : (
          <p className="notice text-warn">{NO_CONVERSATION[conversation.state]}</p>
        )}
      </section>
      <SessionHistory events={events} now={now} />
    </div>
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
