/**
 * How many sessions the list would show in each tab, for each repository and for each idle time. Unless it shows a search
 * or idle ones, that is stored in `session_counts`, so that no session is read for it (docs/decisions/0005).
 */
import { sql, type RawBuilder } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import { sessionStatements } from "../session-table.server";
import { allOf, idleSince, matching, needsYouOf } from "./list-query.server";
import {
  IDLE_DAYS,
  type AskedView,
  type IdleDays,
  type ListStatus,
  type ListView,
  type RepositoryCount,
} from "./list-view";

/** How many repositories the list offers as filters. */
export const REPOSITORIES_SHOWN = 12;

/** The numbers around a page of the list. */
export interface ListCounts {
  /** How many sessions match in each tab, without the idle filter. */
  tabs: Record<ListStatus, number>;
  /** How many sessions need the owner, whatever the view is filtered by. */
  needsYou: number;
  /** The name of the repository that the view is filtered by, as its owner spelled it; null if it has no session. */
  shown: string | null;
  /** By tab the repositories with the most matching sessions: of the view's tab, of two for a landing, of none if idle. */
  repositories: Partial<Record<ListStatus, RepositoryCount[]>>;
}

/** Reads the counts of a view without a search, in one D1 batch. */
export async function readCounts(
  d1: Database,
  userId: string,
  view: AskedView,
): Promise<ListCounts> {
  const { status } = view;
  const tabs = view.idle === null ? tabsOf(status) : [];
  const [[[stored]], ...tops] = await Promise.all([
    read(d1, storedCounts(userId, view.repo)),
    ...tabs.map((tab) => read(d1, topRepositories(userId, tab))),
  ]);
  const repositories = Object.fromEntries(tabs.map((tab, index) => [tab, tops[index]?.[0]]));
  return { ...countsOf(stored), repositories };
}

function tabsOf(status: AskedView["status"]): ListStatus[] {
  return status === "landing" ? ["needs-you", "active"] : [status];
}

/** The counts of a view, as its statements return them. */
interface Counts {
  needs_you: number;
  active: number;
  archived: number;
  needs_you_in_all: number;
  shown: string | null;
}

function countsOf(counts: Counts | undefined): Omit<ListCounts, "repositories"> {
  const { active = 0, archived = 0, needs_you = 0, needs_you_in_all = 0, shown } = counts ?? {};
  return {
    tabs: { "needs-you": needs_you, active, archived, all: active + archived },
    needsYou: needs_you_in_all,
    shown: shown ?? null,
  };
}

/** Reads the stored counts: of all repositories, or of one. */
export function storedCounts(userId: string, repo: string | null): Statement<Counts> {
  const needsYou = repo === null ? sql`coalesce(sum(needs_you), 0)` : countNeedsYou(userId, repo);
  return sql<Counts>`
    SELECT coalesce(sum(active), 0) AS active, coalesce(sum(archived), 0) AS archived,
      max(repo_shown) AS shown, ${needsYou} AS needs_you, ${needsYouInAll(userId)} AS needs_you_in_all
    FROM session_counts WHERE user_id = ${userId} AND repo = ${repo?.toLowerCase() ?? ""}`.compile(
    sessionStatements,
  );
}

/** SQL: how many sessions of one repository need the owner. They are counted, because they are few. */
function countNeedsYou(userId: string, repo: string): RawBuilder<number> {
  const { table, conditions } = needsYouOf(userId);
  const all = allOf([...conditions, sql`repo = ${repo.toLowerCase()}`]);
  return sql<number>`(SELECT count(*) FROM ${table} WHERE ${all})`;
}

function needsYouInAll(userId: string): RawBuilder<number> {
  return sql<number>`
    (SELECT needs_you FROM session_counts WHERE user_id = ${userId} AND repo = '')`;
}

/** By tab of the list: its number in a row of `session_counts`, and the index sorted by that number. */
const STORED = {
  active: { count: sql<number>`active`, index: "idx_session_counts_active" },
  archived: { count: sql<number>`archived`, index: "idx_session_counts_archived" },
  all: { count: sql<number>`active + archived`, index: "idx_session_counts_all" },
};

/** Reads the repositories with the most sessions in a tab. */
export function topRepositories(userId: string, tab: ListStatus): Statement<RepositoryCount> {
  if (tab === "needs-you") return topNeedingYou(userId);
  const { count, index } = STORED[tab];
  return sql<RepositoryCount>`
    SELECT repo_shown AS name, ${count} AS count
    FROM session_counts INDEXED BY ${sql.id(index)}
    WHERE user_id = ${userId} AND ${count} > 0 AND repo <> ''
    ORDER BY ${count} DESC, repo
    LIMIT ${REPOSITORIES_SHOWN}`.compile(sessionStatements);
}

function topNeedingYou(userId: string): Statement<RepositoryCount> {
  const { table, conditions } = needsYouOf(userId);
  return sql<RepositoryCount>`
    SELECT repo_shown AS name, count
    FROM (SELECT repo, count(*) AS count FROM ${table} WHERE ${allOf(conditions)} GROUP BY repo)
      JOIN session_counts USING (repo)
    WHERE user_id = ${userId}
    ORDER BY count DESC, repo
    LIMIT ${REPOSITORIES_SHOWN}`.compile(sessionStatements);
}

/** Reads how many sessions a view would show for each idle time, in one scan over the sessions of the shortest one. */
export function idleCounts(
  userId: string,
  view: ListView,
  now: number,
): Statement<Record<IdleDays, number>> {
  const where = matching(userId, { ...view, idle: IDLE_DAYS[0] }, now);
  const counts = IDLE_DAYS.map(
    (days) => sql`coalesce(sum(since < ${idleSince(days, now)}), 0) AS ${sql.id(String(days))}`,
  );
  return sql<Record<IdleDays, number>>`
    SELECT ${sql.join(counts)}
    FROM (SELECT max(last_activity, coalesce(kept_at, 0)) AS since FROM sessions WHERE ${where})`.compile(
    sessionStatements,
  );
}
