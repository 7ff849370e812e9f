import {
  json,
  type ActionFunctionArgs,
  type AppLoadContext,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession, type User } from "../../auth/auth.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { readForm } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { measureChoice } from "../../sessions/bulk/bulk-report.server";
import {
  DeleteSessionDialog,
  DeleteSessionsDialog,
  SessionGoneDialog,
} from "../../sessions/lifecycle/delete-session-dialog";
import { deleteSession } from "../../sessions/lifecycle/deletion.server";
import { notifyChanged } from "../../sessions/notify.server";
import { listPath } from "../../sessions/paths";
import { sessionName } from "../../sessions/protocol/session";
import { sessionNotFound } from "../../sessions/session-input.server";
import { findSession, readSnapshot } from "../../sessions/session-queries.server";
import { documentTitle } from "../../sessions/needs-you-title";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { deleteMany, requestedSessions } from "./delete-many.server";

export { ignoreLiveNews as shouldRevalidate } from "../../ui/hooks/should-revalidate";

export const meta: MetaFunction = ({ matches }) => [
  { title: documentTitle("Delete sessions", matches) },
];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const { searchParams } = new URL(request.url);
  const isOne = !searchParams.has("all") && searchParams.getAll("id").length === 1;
  // Measuring many sessions calls many Durable Objects, so it waits for the check (docs/decisions/0003).
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
  const [{ row, tombstone }, snapshot] = await Promise.all([
    findSession(reads, id, user.id),
    readSnapshot(env, id, user.id),
  ]);
  if (!row && !tombstone) throw sessionNotFound();
  const session = row && {
    name: sessionName(row),
    createdAt: row.created_at,
    messageCount: snapshot === undefined ? null : (snapshot ?? row).message_count,
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
