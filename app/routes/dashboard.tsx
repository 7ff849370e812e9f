import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import {
  Link,
  Outlet,
  useActionData,
  useLoaderData,
  useSearchParams,
  type ShouldRevalidateFunction,
} from "@remix-run/react";
import { Plus } from "lucide-react";
import { verifySession } from "../auth/auth.server";
import { readForm } from "../platform/form.server";
import { formatCursor, parseCursor, parseStatus } from "../sessions/input.server";
import { durationsOf, listItem, listPath } from "../sessions/list-view";
import { listSessions } from "../sessions/queries.server";
import { SessionList } from "../sessions/session-list";
import { answerStatusChange } from "../sessions/status-change.server";
import type { SessionStatus } from "../sessions/session";
import { ErrorPanel } from "../ui/error-panel";

export const meta: MetaFunction = () => [{ title: "Sessions · Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async (user) => {
    const { searchParams } = new URL(request.url);
    const status = parseStatus(searchParams.get("status"));
    const cursor = parseCursor(searchParams.get("cursor"));
    const { sessions, next } = await listSessions(reads, user.id, status, cursor);
    return json({
      status,
      sessions: sessions.map((row) => listItem(row, now, durationsOf(env))),
      next: next && formatCursor(next),
      now,
    });
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const { intent } = await readForm(request);
  const listed = listPath(new URL(request.url).searchParams);
  return answerStatusChange(request, context, user, intent, listed);
}

/** A dialog opening or closing over the list leaves the list as it is. */
export const shouldRevalidate: ShouldRevalidateFunction = ({
  currentUrl,
  nextUrl,
  formMethod,
  defaultShouldRevalidate,
}) => {
  if (formMethod || currentUrl.href === nextUrl.href) return defaultShouldRevalidate;
  return listPath(currentUrl.searchParams) !== listPath(nextUrl.searchParams);
};

export default function Dashboard() {
  const { status, sessions, next, now } = useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  const [query] = useSearchParams();
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-6 gap-y-3">
        <h1 className="text-2xl font-semibold" tabIndex={-1}>
          Sessions
        </h1>
        <nav aria-label="Status" className="flex gap-1">
          <StatusTab status="active" shown={status} label="Active" />
          <StatusTab status="archived" shown={status} label="Archived" />
        </nav>
        <Link
          to={listPath(query, "/new")}
          preventScrollReset
          className="button button-primary ml-auto"
        >
          <Plus aria-hidden />
          New session
        </Link>
      </div>
      {failed && (
        <p role="alert" className="notice mb-4 text-danger">
          {failed.alert}
        </p>
      )}
      <section
        aria-label={status === "active" ? "Active sessions" : "Archived sessions"}
        className="panel"
      >
        {sessions.length > 0 ? (
          <SessionList sessions={sessions} now={now} />
        ) : (
          <NoSessions status={status} more={query.has("cursor")} />
        )}
      </section>
      <nav aria-label="Pages" className="mt-4 flex justify-between gap-2">
        {query.get("cursor") && (
          <Link to={listPath(query, "", { cursor: undefined })} className="button">
            Newest
          </Link>
        )}
        {next && (
          <Link to={listPath(query, "", { cursor: next })} className="button ml-auto">
            Older
          </Link>
        )}
      </nav>
      <Outlet />
    </>
  );
}

function StatusTab({
  status,
  shown,
  label,
}: {
  status: SessionStatus;
  shown: SessionStatus;
  label: string;
}) {
  return (
    <Link
      to={listPath(new URLSearchParams({ status: status === "active" ? "" : status }))}
      aria-current={status === shown ? "page" : undefined}
      className={`button ${status === shown ? "" : "button-quiet"}`}
    >
      {label}
    </Link>
  );
}

function NoSessions({ status, more }: { status: SessionStatus; more: boolean }) {
  if (more) return <p className="p-8 text-center text-muted">No sessions on this page any more.</p>;
  if (status === "archived") {
    return <p className="p-8 text-center text-muted">Nothing is archived.</p>;
  }
  return (
    <div className="grid justify-items-center gap-3 p-10 text-center">
      <p className="text-lg font-medium">No sessions yet</p>
      <p className="text-muted">A session keeps one agent’s work on one repository together.</p>
      <Link to="/dashboard/new" preventScrollReset className="button">
        <Plus aria-hidden />
        Start your first session
      </Link>
    </div>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
