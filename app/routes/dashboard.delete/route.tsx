import {
  json,
  redirect,
  type ActionFunctionArgs,
  type AppLoadContext,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession, type User } from "../../auth/auth.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { checkFields, readForm, type Fields } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { tooManyText } from "../../sessions/bulk/bulk";
import { bulkPath } from "../../sessions/paths";
import {
  measureChoice,
  startBulk,
  type BulkRequest,
  type BulkChoice,
} from "../../sessions/bulk/bulk.server";
import { notifyChanged } from "../../sessions/notify.server";
import {
  DeleteSessionDialog,
  DeleteSessionsDialog,
  SessionGoneDialog,
} from "../../sessions/lifecycle/delete-session-dialog";
import { sessionNotFound } from "../../sessions/session-input.server";
import { parseSessionIds } from "../../sessions/bulk/bulk-input.server";
import { bulkInput, confirmedInput } from "../../sessions/bulk/bulk-input.server";
import { parseListView } from "../../sessions/list/list-input.server";
import { deleteSession } from "../../sessions/lifecycle/deletion.server";
import { listPath } from "../../sessions/paths";
import { countMessages, findSession } from "../../sessions/session-queries.server";
import { repositoryName } from "../../sessions/protocol/session";
import { tooFastResponse } from "../../sessions/lifecycle/status-action.server";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";

export { ignoreLiveNews as shouldRevalidate } from "../../ui/hooks/should-revalidate";

export const meta: MetaFunction = () => [{ title: "Delete sessions · Ship" }];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const { searchParams } = new URL(request.url);
  const isOne = !searchParams.has("all") && searchParams.getAll("id").length === 1;
  // Many objects are asked only for somebody who is known to be signed in.
  if (!isOne) await verifySession(request, context);
  return verifySession(request, context, async (user) => {
    const requested = requestedSessions(request, now);
    if (typeof requested === "string") {
      return json({ ...(await loadOne(context, user, requested)), many: null, now });
    }
    const measured = await measureChoice(env, reads, user.id, requested);
    if (measured.count === 0 && "ids" in requested) throw sessionNotFound();
    const many = { ...measured, all: "view" in requested, formKey: crypto.randomUUID() };
    return json({ session: null, many, now });
  });
}

async function loadOne({ env, reads }: AppLoadContext, user: User, id: string) {
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
  return { session: session ?? null };
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const fields = await readForm(request);
  const requested = requestedSessions(request, context.now);
  if (typeof requested !== "string") return deleteMany(request, context, user, requested, fields);

  const listed = listPath(new URL(request.url).searchParams);
  const outcome = await deleteSession(context.env, user.id, requested);
  switch (outcome) {
    case "not-found":
      throw sessionNotFound();
    case "unavailable": {
      const alert =
        "The session did not answer, so its deletion may not have begun. Try again; it is safe.";
      return json({ alert }, { status: 503 });
    }
    default:
      notifyChanged(context, user.id, requested);
      return redirectWithFlash(request, context, listed, { text: OUTCOME_TEXT[outcome] });
  }
}

const OUTCOME_TEXT = {
  deleted: "Session deleted.",
  "already-deleted": "That session was already deleted.",
  "under-way": "Deleting is under way and will finish by itself.",
};

async function deleteMany(
  request: Request,
  { env }: AppLoadContext,
  user: User,
  requested: BulkChoice,
  fields: Fields,
) {
  const result = await startBulk(env, user.id, deletion(requested, fields));
  switch (result.outcome) {
    case "begun":
    case "finished":
      return redirect(bulkPath(new URL(request.url).searchParams, result.bulk.id));
    case "nothing": {
      if ("ids" in requested) throw sessionNotFound();
      const alert =
        "Other sessions match by now than those you were shown, so nothing was deleted. Look at the number again.";
      return json({ alert }, { status: 409 });
    }
    case "too-many":
      return json({ alert: tooManyText(result.limit) }, { status: 429 });
    case "too-fast":
      return tooFastResponse(result.wait);
    case "unavailable": {
      const alert = "Ship did not answer, so nothing may have been deleted. Try again; it is safe.";
      return json({ alert }, { status: 503 });
    }
  }
}

/** What was confirmed is what is deleted: of all that match, those that had been created when the question was asked. */
function deletion(requested: BulkChoice, fields: Fields): BulkRequest {
  const form = checkFields(bulkInput, fields);
  if (form.errors) throw new Response(form.errors.key, { status: 400 });
  const { key } = form.values;
  if (!("view" in requested)) return { key, kind: "delete", choice: requested };

  const shown = checkFields(confirmedInput, fields);
  if (shown.errors) throw new Response("The form was incomplete. Send it again.", { status: 400 });
  const { until, count, checksum } = shown.values;
  return {
    key,
    kind: "delete",
    choice: { view: requested.view, until: Number(until) },
    confirmed: { count: Number(count), checksum },
  };
}

/** @returns one session's id, or the choice of many @throws a 400 or 404 Response */
function requestedSessions(request: Request, now: number): string | BulkChoice {
  const { searchParams } = new URL(request.url);
  if (searchParams.has("all")) return { view: parseListView(searchParams), until: now };
  const ids = parseSessionIds(searchParams.getAll("id"));
  const [id] = ids;
  if (id === undefined) throw new Response("Choose a session to delete.", { status: 400 });
  return ids.length === 1 ? id : { ids };
}

export default function DeleteSession() {
  const { session, many, now } = useLoaderData<typeof loader>();
  const failed = useStickyActionData<{ alert: string }>();
  const [query] = useSearchParams();
  const closeTo = listPath(query);
  if (many) {
    return <DeleteSessionsDialog many={many} now={now} closeTo={closeTo} alert={failed?.alert} />;
  }
  if (!session) return <SessionGoneDialog closeTo={closeTo} />;
  return (
    <DeleteSessionDialog session={session} now={now} closeTo={closeTo} alert={failed?.alert} />
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
