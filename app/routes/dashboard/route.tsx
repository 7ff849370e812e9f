import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { Link, Outlet, useLoaderData } from "@remix-run/react";
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
import { ListPages, sectionName, StatusTabs } from "../../sessions/list/list-navigation";
import { ListShortcuts } from "../../sessions/list/list-shortcuts";
import { listSessions } from "../../sessions/list/list.server";
import { ListNews, useHeldList, useListNews } from "../../sessions/list/live-list";
import { useListQuery, type AskedView } from "../../sessions/list/list-view";
import { SessionList } from "../../sessions/list/session-list";
import { documentTitle, useNeedsYouTitle } from "../../sessions/needs-you-title";
import { isLanding, listPath } from "../../sessions/paths";
import { durationsOf, listItem } from "../../sessions/session-summary";
import { ErrorPanel } from "../../ui/error-panel";
import { useStepKey } from "../../ui/hooks/use-step-key";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { useMovingNow } from "../../ui/time";
import { reloadsList, useNamedTab } from "./named-tab";

export const meta: MetaFunction = ({ matches }) => [{ title: documentTitle("Sessions", matches) }];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  return verifySession(request, context, async (user) => {
    const url = new URL(request.url);
    const named = parseListView(url.searchParams);
    const cursor = parseCursor(url.searchParams.get("cursor"), named);
    const asked: AskedView = isLanding(url) ? { ...named, status: "landing" } : named;
    const [list, bulks] = await Promise.all([
      listSessions(reads, user.id, asked, cursor, now),
      findUnfinishedBulks(reads, user.id),
    ]);
    const { sessions, newer, older, count, counts, repositories, idle } = list;
    return json({
      view: list.view,
      needsYou: list.needsYou,
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

export { reloadsList as shouldRevalidate };

export default function Dashboard() {
  const page = useLoaderData<typeof loader>();
  const { view, sessions, newer, older, count, counts, repositories, idle, now } = page;
  const failed = useStickyActionData<{ alert: string }>();
  const query = useListQuery(view);
  useNamedTab(query);
  const { items, gone, updates, show } = useHeldList(sessions, useStepKey());
  const connection = useListNews(useNeedsYouTitle(page.needsYou, now));
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
