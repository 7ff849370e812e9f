import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useActionData, useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession } from "../auth/auth.server";
import { redirectWithFlash } from "../platform/flash.server";
import { readForm } from "../platform/form.server";
import { tellChanged } from "../sessions/changed.server";
import { DeleteSessionDialog, SessionGoneDialog } from "../sessions/delete-session-dialog";
import { parseSessionId, sessionNotFound } from "../sessions/input.server";
import { deleteSession } from "../sessions/lifecycle.server";
import { listPath } from "../sessions/list-view";
import { countMessages, findSession } from "../sessions/queries.server";
import { repositoryName } from "../sessions/session";
import { ErrorPanel } from "../ui/error-panel";

export const meta: MetaFunction = () => [{ title: "Delete a session · Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async (user) => {
    const id = requestedId(request);
    const [{ row, tombstone }, messageCount] = await Promise.all([
      findSession(reads, id, user.id),
      countMessages(env, id, user.id),
    ]);
    if (!row && !tombstone) throw sessionNotFound();
    const session = row && {
      repository: repositoryName(row),
      createdAt: row.created_at,
      messageCount: messageCount ?? null,
    };
    return json({ session: session ?? null, now });
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  await readForm(request);
  const listed = listPath(new URL(request.url).searchParams);
  const id = requestedId(request);
  const outcome = await deleteSession(context.env, user.id, id);
  switch (outcome) {
    case "not-found":
      throw sessionNotFound();
    case "unavailable": {
      const alert =
        "The session did not answer, so its deletion may not have begun. Try again; it is safe.";
      return json({ alert }, { status: 503 });
    }
    default:
      tellChanged(context, user.id, id);
      return redirectWithFlash(request, context, listed, { text: OUTCOME_TEXT[outcome] });
  }
}

const OUTCOME_TEXT = {
  deleted: "Session deleted.",
  "already-deleted": "That session was already deleted.",
  "under-way": "Deleting is under way and will finish by itself.",
};

function requestedId(request: Request): string {
  const ids = new URL(request.url).searchParams.getAll("id");
  if (ids.length !== 1) throw new Response("Choose one session to delete.", { status: 400 });
  return parseSessionId(ids[0]);
}

export default function DeleteSession() {
  const { session, now } = useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  const [query] = useSearchParams();
  const closeTo = listPath(query);
  if (!session) return <SessionGoneDialog closeTo={closeTo} />;
  return (
    <DeleteSessionDialog session={session} now={now} closeTo={closeTo} alert={failed?.alert} />
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
