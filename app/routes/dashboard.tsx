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
import { formatCursor, parseCursor, parseListView } from "../sessions/input.server";
import { ListFilters } from "../sessions/list-filters";
import { ListPages } from "../sessions/list-pages";
import { listSessions } from "../sessions/list.server";
import { ListShortcuts } from "../sessions/list-shortcuts";
import { durationsOf, listItem, listPath, type ListStatus } from "../sessions/list-view";
import { NoSessions } from "../sessions/no-sessions";
import { SessionList } from "../sessions/session-list";
import { answerStatusChange } from "../sessions/status-change.server";
import { ErrorPanel } from "../ui/error-panel";

export const meta: MetaFunction = () => [{ title: "Sessions · Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async (user) => {
    const { searchParams } = new URL(request.url);
    const view = parseListView(searchParams);
    const cursor = parseCursor(searchParams.get("cursor"), view);
    const list = await listSessions(reads, user.id, view, cursor, now);
    const { sessions, newer, older, counts, repositories, idle } = list;
    return json({
      view,
      sessions: sessions.map((row) => listItem(row, now, durationsOf(env))),
      newer: newer ? formatCursor(newer) : null,
      older: older ? formatCursor(older) : null,
      counts,
      repositories,
      idle: idle ?? null,
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

const TABS: { status: ListStatus; label: string; section: string }[] = [
  { status: "active", label: "Active", section: "Active sessions" },
  { status: "archived", label: "Archived", section: "Archived sessions" },
  { status: "all", label: "All", section: "All sessions" },
];

export default function Dashboard() {
  const { view, sessions, newer, older, counts, repositories, idle, now } =
    useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  const [query] = useSearchParams();
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-6 gap-y-3">
        <h1 className="text-2xl font-semibold" tabIndex={-1}>
          Sessions
        </h1>
        <nav aria-label="Status" className="flex gap-1 max-sm:order-last max-sm:w-full">
          {TABS.map(({ status, label }) => (
            <Link
              key={status}
              to={listPath(query, "", { status, idle: undefined, cursor: undefined })}
              aria-current={status === view.status ? "page" : undefined}
              className={`button ${status === view.status ? "" : "button-quiet"}`}
            >
              {label} <span className="text-muted">{counts[status].toLocaleString("en")}</span>
            </Link>
          ))}
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
      <ListFilters view={view} repositories={repositories} idle={idle} />
      {failed && (
        <p role="alert" className="notice mb-4 text-danger">
          {failed.alert}
        </p>
      )}
      <section
        aria-label={TABS.find(({ status }) => status === view.status)?.section}
        className="panel"
      >
        {sessions.length > 0 ? (
          <SessionList sessions={sessions} sort={view.sort} now={now} />
        ) : (
          <NoSessions view={view} matchingInAll={counts.all} />
        )}
      </section>
      <ListPages view={view} newer={newer} older={older} />
      <ListShortcuts />
      <Outlet />
    </>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
