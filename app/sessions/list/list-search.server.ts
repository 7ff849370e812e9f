/** A search: a page of what it finds and the counts around it, which nothing has stored (docs/decisions/0005). */
import { sql, type RawBuilder } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import { readNeedsYou, sessionStatements } from "../session-table.server";
import { REPOSITORIES_SHOWN, type ListCounts } from "./list-counts.server";
import {
  allOf,
  contains,
  needsYouOf,
  PAGE_COLUMNS,
  PAGE_SIZE,
  selectPage,
  type Cursor,
  type PageRow,
} from "./list-query.server";
import type { ListStatus, ListView, RepositoryCount } from "./list-view";

/** What is found in one repository, as `count`; and in all that the view shows, which is the same in each row. */
type CountRow = RepositoryCount & {
  needs_you: number;
  active: number;
  archived: number;
  shown: string | null;
};

/** Reads a page of what a search finds, and its counts, in one D1 batch. */
export async function findSearched(
  d1: Database,
  userId: string,
  view: ListView,
  cursor: Cursor | undefined,
  now: number,
): Promise<{ rows: PageRow[]; counts: ListCounts }> {
  const [found, [kept]] = await read(d1, searched(userId, view, cursor, now), readNeedsYou(userId));
  const rows = found.flatMap((row) => (row.id === null ? [] : row));
  const counted = found.flatMap((row) => (row.id === null ? row : []));
  const isAll = showsAll(view, cursor) && rows.length <= PAGE_SIZE;
  const counts = isAll ? countRows(rows) : countsOf(counted, view.status);
  return { rows, counts: { ...counts, needsYou: kept?.needs_you ?? 0 } };
}

/** Whether everything that a search finds is on one page, if it has room there. */
function showsAll({ status, repo, idle }: ListView, cursor: Cursor | undefined): boolean {
  return status === "all" && repo === null && idle === null && cursor === undefined;
}

type SearchCounts = Omit<ListCounts, "needsYou">;

function countsOf(rows: CountRow[], status: ListStatus): SearchCounts {
  const { needs_you = 0, active = 0, archived = 0, shown = null } = rows[0] ?? {};
  const top = rows.filter(({ count }) => count > 0).map(({ name, count }) => ({ name, count }));
  return {
    tabs: { "needs-you": needs_you, active, archived, all: active + archived },
    shown,
    repositories: { [status]: top },
  };
}

/** @param rows all that a search finds */
function countRows(rows: PageRow[]): SearchCounts {
  const count = (matches: (row: PageRow) => boolean) => rows.filter(matches).length;
  const repositories = [...new Map(rows.map((row) => [row.repo, row])).values()]
    .map(({ repo, repo_owner, repo_name }) => ({
      repo,
      name: `${repo_owner}/${repo_name}`,
      count: count((row) => row.repo === repo),
    }))
    .sort((a, b) => b.count - a.count || (a.repo < b.repo ? -1 : 1))
    .slice(0, REPOSITORIES_SHOWN)
    .map(({ name, count }) => ({ name, count }));
  return {
    tabs: {
      "needs-you": count(({ needs_you }) => needs_you === 1),
      active: count(({ status }) => status === "active"),
      archived: count(({ status }) => status === "archived"),
      all: rows.length,
    },
    shown: null,
    repositories: { all: repositories },
  };
}

/** The columns of a `CountRow`. */
const COUNT_COLUMNS = ["name", "count", "needs_you", "active", "archived", "shown"];

/** SQL: the number of a tab, of those by repository. */
const FOUND_IN_TAB: Record<ListStatus, RawBuilder<number>> = {
  "needs-you": sql<number>`found_needs_you`,
  active: sql<number>`found_active`,
  archived: sql<number>`found_archived`,
  all: sql<number>`found_active + found_archived`,
};

/**
 * Reads the page, and behind it the repositories with the most found sessions in the view's tab. Those are counted by a
 * walk over all of the person's sessions, in the order of their repositories; not if everything is on the page.
 */
export function searched(
  userId: string,
  view: ListView,
  cursor: Cursor | undefined,
  now: number,
): Statement<PageRow | (CountRow & { id: null })> {
  const isFull = sql`(SELECT count(*) FROM page) > ${PAGE_SIZE}`;
  const person = showsAll(view, cursor) ? sql`(SELECT ${userId} WHERE ${isFull})` : sql`${userId}`;
  const noCounts = COUNT_COLUMNS.map((column) => sql`NULL AS ${sql.id(column)}`);
  const noRow = PAGE_COLUMNS.map(() => sql`NULL`);
  const counts = COUNT_COLUMNS.map((column) => sql.ref(column));
  return sql<PageRow | (CountRow & { id: null })>`
    WITH page AS MATERIALIZED (${selectPage(userId, view, cursor, now)})
    SELECT ${sql.join([...PAGE_COLUMNS, ...noCounts])} FROM page
    UNION ALL
    SELECT ${sql.join([...noRow, ...counts])} FROM (${countedByRepository(person, view)})`.compile(
    sessionStatements,
  );
}

/** @param person an SQL expression: the user's id, or NULL, for which no row is read */
function countedByRepository(
  person: RawBuilder<unknown>,
  { words, repo, status }: ListView,
): RawBuilder<CountRow> {
  const { table, conditions } = needsYouOf(person);
  const found = words.map(contains);
  const inView = repo === null ? sql`` : sql`FILTER (WHERE repo = ${repo.toLowerCase()})`;
  const sum = (count: RawBuilder<number>) => sql`coalesce(sum(${count}) ${inView} OVER (), 0)`;
  return sql<CountRow>`
    SELECT repo_shown AS name, ${FOUND_IN_TAB[status]} AS count, ${sum(FOUND_IN_TAB["needs-you"])} AS needs_you,
      ${sum(FOUND_IN_TAB.active)} AS active, ${sum(FOUND_IN_TAB.archived)} AS archived,
      max(repo_shown) ${inView} OVER () AS shown
    FROM (
      SELECT repo, sum(iif(tab = 'active', count, 0)) AS found_active,
        sum(iif(tab = 'archived', count, 0)) AS found_archived,
        sum(iif(tab = 'needs-you', count, 0)) AS found_needs_you
      FROM (
        SELECT repo, status AS tab, count(*) AS count FROM sessions INDEXED BY idx_sessions_repo
        WHERE ${allOf([sql`user_id = ${person}`, ...found])} GROUP BY status, repo
        UNION ALL
        SELECT repo, 'needs-you', count(*) FROM ${table}
        WHERE ${allOf([...conditions, ...found])} GROUP BY repo
      ) GROUP BY repo
    ) JOIN session_counts USING (repo)
    WHERE user_id = ${person}
    ORDER BY count DESC, repo
    LIMIT ${REPOSITORIES_SHOWN}`;
}
