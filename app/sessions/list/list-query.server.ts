/**
 * The statements of the list. Each uses an index created for it (migrations/0006, docs/decisions/0005). Times are epoch
 * milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import type { SessionRow, SessionStatus } from "../protocol/session";
import { sessionStatements } from "../session-table.server";
import {
  IDLE_DAYS,
  ordersByRepository,
  type IdleDays,
  type ListStatus,
  type ListView,
  type RepositoryCount,
} from "./list-view";

/** How many sessions a page of the list has. */
export const PAGE_SIZE = 50;

/** How many repositories the list offers as filters. */
export const REPOSITORIES_SHOWN = 12;

/** A keyset cursor: the sort key of a row, and in which direction from that row the page is. */
export interface Cursor {
  direction: "older" | "newer";
  /** The time that the list is sorted by: the row's last activity or its creation. */
  time: number;
  id: string;
  /** The row's repository in lower case; undefined if the list is not sorted by repository. */
  repo: string | undefined;
}

/** The order of a list: by repository if `byRepository`, then by time, newest first, then by id. */
interface Order {
  time: "last_activity" | "created_at";
  byRepository: boolean;
  index: string;
}

/** @returns the order of a view, and the index to read it from */
export function orderOf(view: ListView): Order {
  const byRepository = ordersByRepository(view);
  const time = view.sort === "created" ? "created_at" : "last_activity";
  const indexes = { last_activity: "idx_sessions_user", created_at: "idx_sessions_created" };
  if (view.repo !== null) {
    const index = time === "created_at" ? "idx_sessions_repo_created" : "idx_sessions_repo";
    return { time, byRepository, index };
  }
  return { time, byRepository, index: byRepository ? "idx_sessions_repo" : indexes[time] };
}

/**
 * Reads a page: its rows and one more, which tells whether another page follows. The rows are in the list's order, or
 * in reverse if the cursor's direction is "newer". Each combination of status and range of repositories is one range of
 * an index, already in order; SQLite merges the ranges while it reads, so it reads no more rows than it returns.
 */
export function sessionsPage(
  userId: string,
  view: ListView,
  cursor: Cursor | undefined,
  now: number,
): Statement<SessionRow> {
  const order = orderOf(view);
  // Sessions older than an idle one are idle too. The "+" keeps SQLite from using the idle limit as the start of the
  // index range, instead of the cursor.
  const lastActivity = cursor?.direction === "older" ? sql`+last_activity` : sql`last_activity`;
  const ranges = statusesOf(view).flatMap((status) =>
    rangesFrom(order, cursor).map((range) => {
      const conditions = [
        sql`user_id = ${userId}`,
        sql`status = ${status}`,
        ...range,
        ...filters(view, now, lastActivity),
      ];
      return sql`SELECT * FROM sessions INDEXED BY ${sql.id(order.index)} WHERE ${all(conditions)}`;
    }),
  );
  return sql<SessionRow>`
    ${sql.join(ranges, sql` UNION ALL `)}
    ORDER BY ${directed(order, cursor)}
    LIMIT ${PAGE_SIZE + 1}`.compile(sessionStatements);
}

function statusesOf({ status }: ListView): SessionStatus[] {
  return status === "all" ? ["active", "archived"] : [status];
}

/** @returns for each range of rows beyond the cursor its SQL conditions */
function rangesFrom(order: Order, cursor: Cursor | undefined): RawBuilder<unknown>[][] {
  if (!cursor) return [[]];
  const { direction, time, id, repo } = cursor;
  const older = direction === "older";
  const key = sql`(${sql.ref(order.time)}, id)`;
  const beyond = older ? sql`${key} < (${time}, ${id})` : sql`${key} > (${time}, ${id})`;
  if (!order.byRepository) return [[beyond]];
  return [[sql`repo = ${repo}`, beyond], [older ? sql`repo > ${repo}` : sql`repo < ${repo}`]];
}

function directed({ time, byRepository }: Order, cursor: Cursor | undefined): RawBuilder<unknown> {
  const older = cursor?.direction !== "newer";
  const [up, down] = older ? [sql`ASC`, sql`DESC`] : [sql`DESC`, sql`ASC`];
  const newest = sql`${sql.ref(time)} ${down}, id ${down}`;
  return byRepository ? sql`repo ${up}, ${newest}` : newest;
}

/**
 * Selects all sessions that a view shows, on all pages.
 *
 * @returns `where`: the SQL condition on the table `sessions`, including owner and status; `count`: the statement that
 *   reads how many there are. It reads the counts stored in `session_counts`, and counts rows only in a view of idle
 *   sessions.
 */
export function matching(
  userId: string,
  view: ListView,
  now: number,
): { where: RawBuilder<boolean>; count: Statement<{ count: number }> } {
  const status = sql`status IN (${sql.join(statusesOf(view))})`;
  const where = all([sql`user_id = ${userId}`, status, ...filters(view, now)]);
  const counted =
    view.idle === null
      ? sql`coalesce(sum(${COUNTS_OF[view.status].count}), 0) AS count
          FROM session_counts WHERE ${countRowsOf(userId, view)}`
      : sql`count(*) AS count FROM sessions WHERE ${where}`;
  return { where, count: sql<{ count: number }>`SELECT ${counted}`.compile(sessionStatements) };
}

/** @returns the SQL conditions of a view on a row, except owner and status */
function filters(
  view: ListView,
  now: number,
  lastActivity: RawBuilder<unknown> = sql`last_activity`,
): RawBuilder<unknown>[] {
  const conditions = [...repositoryFilters(view)];
  if (view.idle !== null) {
    const since = idleSince(view.idle, now);
    conditions.push(sql`${lastActivity} < ${since} AND coalesce(kept_at, 0) < ${since}`);
  }
  return conditions;
}

/**
 * @returns the SQL conditions of a view on the column `repo` of `sessions` or `session_counts`. A searched word must be
 *   at the start of the owner, the name or "owner/name", which is after one of the slashes in "/owner/name". It uses
 *   `instr`, not LIKE, so that no character is a wildcard.
 */
function repositoryFilters({ repo, words }: ListView): RawBuilder<unknown>[] {
  const found = words.map((word) => sql`instr('/' || repo, ${`/${word}`}) > 0`);
  return repo === null ? found : [sql`repo = ${repo.toLowerCase()}`, ...found];
}

function all(conditions: RawBuilder<unknown>[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.join(conditions, sql` AND `)}`;
}

/**
 * @returns the time before which a session that has been idle for `days` was last active, restored or kept. It is
 *   rounded down to the start of a UTC day, so that the page, its counts and bulks select the same sessions all day.
 */
export function idleSince(days: IdleDays, now: number): number {
  const DAY = 24 * 60 * 60 * 1000;
  return Math.floor(now / DAY - days) * DAY;
}

/** By tab of the list: its number in a row of `session_counts`, and the index sorted by that number. */
const COUNTS_OF: Record<ListStatus, { count: RawBuilder<number>; index: string }> = {
  active: { count: sql<number>`active`, index: "idx_session_counts_active" },
  archived: { count: sql<number>`archived`, index: "idx_session_counts_archived" },
  all: { count: sql<number>`active + archived`, index: "idx_session_counts_all" },
};

/**
 * @returns the SQL condition on `session_counts` for the rows whose sum is a view's counts: the row of all repositories
 *   (''), the row of one, or the rows that a search finds
 */
function countRowsOf(userId: string, view: ListView): RawBuilder<boolean> {
  const found = repositoryFilters(view);
  return all([sql`user_id = ${userId}`, ...(found.length > 0 ? found : [sql`repo = ''`])]);
}

/**
 * Reads how many sessions a view shows in each tab, without its idle filter; and as `shown` one repository's name as
 * its owner spelled it, because `repo` is in lower case.
 */
export function storedCounts(
  userId: string,
  view: ListView,
): Statement<{ active: number; archived: number; shown: string | null }> {
  return sql<{ active: number; archived: number; shown: string | null }>`
    SELECT coalesce(sum(active), 0) AS active, coalesce(sum(archived), 0) AS archived,
      max(repo_shown) AS shown
    FROM session_counts WHERE ${countRowsOf(userId, view)}`.compile(sessionStatements);
}

/** Reads the repositories with the most sessions in a view's tab that match its search. */
export function topRepositories(userId: string, view: ListView): Statement<RepositoryCount> {
  const { count, index } = COUNTS_OF[view.status];
  const conditions = [
    sql`user_id = ${userId}`,
    sql`${count} > 0`,
    sql`repo <> ''`,
    ...repositoryFilters({ ...view, repo: null }),
  ];
  return sql<RepositoryCount>`
    SELECT repo_shown AS name, ${count} AS count
    FROM session_counts INDEXED BY ${sql.id(index)} WHERE ${all(conditions)}
    ORDER BY ${count} DESC, repo
    LIMIT ${REPOSITORIES_SHOWN}`.compile(sessionStatements);
}

/** Reads how many sessions a view would show for each idle time, in one scan over the sessions of the shortest one. */
export function idleCounts(
  userId: string,
  view: ListView,
  now: number,
): Statement<Record<IdleDays, number>> {
  const { where } = matching(userId, { ...view, idle: IDLE_DAYS[0] }, now);
  const counts = IDLE_DAYS.map(
    (days) => sql`coalesce(sum(since < ${idleSince(days, now)}), 0) AS ${sql.id(String(days))}`,
  );
  return sql<Record<IdleDays, number>>`
    SELECT ${sql.join(counts)}
    FROM (SELECT max(last_activity, coalesce(kept_at, 0)) AS since FROM sessions WHERE ${where})`.compile(
    sessionStatements,
  );
}
