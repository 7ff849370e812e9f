import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import {
  Link,
  Outlet,
  useLoaderData,
  useLocation,
  useSearchParams,
  type ShouldRevalidateFunction,
} from "@remix-run/react";
import { verifySession } from "../../auth/auth.server";
import { readFormWithList } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { bulkAction } from "../../sessions/bulk/bulk-action.server";
import { BulkNotice } from "../../sessions/bulk/bulk-notice";
import { findUnfinishedBulks } from "../../sessions/bulk/bulk-report.server";
import { statusAction } from "../../sessions/lifecycle/status-action.server";
import { EmptyList } from "../../sessions/list/empty-list";
import { ListFilters } from "../../sessions/list/list-filters";
import { formatCursor, parseCursor, parseListView } from "../../sessions/list/list-input.server";
import { ListNews } from "../../sessions/list/list-news";
import { ListPages } from "../../sessions/list/list-pages";
import { ListShortcuts } from "../../sessions/list/list-shortcuts";
import { listSessions } from "../../sessions/list/list.server";
import { useHeldList, useListNews } from "../../sessions/list/live-list";
import { SessionList } from "../../sessions/list/session-list";
import { sectionName, StatusTabs } from "../../sessions/list/status-tabs";
import { listPath } from "../../sessions/paths";
import { durationsOf, listItem } from "../../sessions/session-summary";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { useMovingNow } from "../../ui/time";

export const meta: MetaFunction = () => [{ title: "Sessions · Ship" }];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async (user) => {
    const { searchParams } = new URL(request.url);
    const view = parseListView(searchParams);
    const cursor = parseCursor(searchParams.get("cursor"), view);
    const [list, bulks] = await Promise.all([
      listSessions(reads, user.id, view, cursor, now),
      findUnfinishedBulks(reads, user.id),
    ]);
    const { sessions, newer, older, count, counts, repositories, idle } = list;
    return json({
      view,
      sessions: sessions.map((row) => listItem(row, now, durationsOf(env))),
      newer: newer ? formatCursor(newer) : null,
      older: older ? formatCursor(older) : null,
      count,
      counts,
      repositories,
      idle: idle ?? null,
      bulks: bulks.map(({ id, kind, total }) => ({ id, kind, total })),
      formKey: crypto.randomUUID(),
      now,
    });
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const { fields, list: ids } = await readFormWithList(request, "id");
  const answered = await bulkAction(request, context, user.id, fields, ids);
  const listed = listPath(new URL(request.url).searchParams);
  return answered ?? statusAction(request, context, user.id, fields.intent, listed);
}

/** Opening or closing a dialog over the list does not reload the list. */
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
  const page = useLoaderData<typeof loader>();
  const { view, sessions, newer, older, count, counts, repositories, idle, now } = page;
  const failed = useStickyActionData<{ alert: string }>();
  const [query] = useSearchParams();
  const { items, gone, updates, show } = useHeldList(sessions, useLocation().key);
  const connection = useListNews();
  const moving = useMovingNow(now);
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-x-6 gap-y-3">
        <h1 className="text-2xl font-semibold" tabIndex={-1}>
          Sessions
        </h1>
        <StatusTabs shown={view.status} counts={counts} />
        <Link
          to={listPath(query, "/new")}
          preventScrollReset
          className="button button-primary icon-add ml-auto"
        >
          New session
        </Link>
      </div>
      <ListFilters view={view} repositories={repositories} idle={idle} />
      <BulkNotice bulks={page.bulks} />
      {failed && (
        <p role="alert" className="notice mb-4 text-danger">
          {failed.alert}
        </p>
      )}
      <ListNews updates={updates} onShow={show} connection={connection} />
      <section aria-label={sectionName(view.status)} className="panel">
        {items.length > 0 ? (
          <SessionList
            key={listPath(query)} // Resets the selection when the view changes.
            sessions={items}
            gone={gone}
            view={view}
            count={count}
            formKey={page.formKey}
            now={moving}
          />
        ) : (
          <EmptyList view={view} matchingInAll={counts.all} />
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
