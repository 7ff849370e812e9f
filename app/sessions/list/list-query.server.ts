/**
 * The statements of the list, each on an index made for it (migrations/0006, docs/decisions/0005). Times are epoch
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

export const PAGE_SIZE = 50;

/** How many repositories the list offers to choose from. */
export const REPOSITORIES_SHOWN = 12;

/** A place in the list's order, which is the place of some row, and which way the page lies from there. */
export interface Cursor {
  direction: "older" | "newer";
  /** The row's time in the order: of its last activity, or of its creation. */
  time: number;
  id: string;
  /** The row's repository in lower case, where the order begins with it. */
  repo: string | undefined;
}

/** The order of a list: the repository where `byRepository`, then the newest time, then the id. */
interface Order {
  time: "last_activity" | "created_at";
  byRepository: boolean;
  index: string;
}

/** @returns how a view is ordered */
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
 * The statement of a page: its rows and one more, which tells whether another page follows; in the list's order, or
 * against it where the cursor leads to newer ones. Each combination of status and range of repositories is one range of
 * an index, already in order; SQLite merges them as it reads, and reads no row too many.
 */
export function sessionsPage(
  userId: string,
  view: ListView,
  cursor: Cursor | undefined,
  now: number,
): Statement<SessionRow> {
  const order = orderOf(view);
  // What is older than an idle session is idle itself: "+" keeps SQLite from beginning there instead of at the cursor.
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

/** @returns the conditions of each range in which the rows beyond a cursor lie */
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
 * Which sessions a view shows, for whoever wants to do something with all of them.
 *
 * @returns `where`, a condition on the table `sessions` that names owner and status too; and `count`, the statement that
 *   says how many those are: kept, so that it counts nothing, except in the view of idle ones
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
          FROM session_counts WHERE ${keptOf(userId, view)}`
      : sql`count(*) AS count FROM sessions WHERE ${where}`;
  return { where, count: sql<{ count: number }>`SELECT ${counted}`.compile(sessionStatements) };
}

/** @returns the conditions of a view on a row, beside owner and status */
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
 * The conditions of a view on the column `repo`, of a session or of its kept count. A word is found at the beginning of
 * owner, name or both together: that is, behind one of the slashes of "/owner/name". No character of it means anything
 * else, as "%" would.
 */
function repositoryFilters({ repo, words }: ListView): RawBuilder<unknown>[] {
  const found = words.map((word) => sql`instr('/' || repo, ${`/${word}`}) > 0`);
  return repo === null ? found : [sql`repo = ${repo.toLowerCase()}`, ...found];
}

function all(conditions: RawBuilder<unknown>[]): RawBuilder<boolean> {
  return sql<boolean>`${sql.join(conditions, sql` AND `)}`;
}

/**
 * @returns the time before which an idle session was last active, restored or kept: the beginning of the UTC day so many
 *   days ago, so that page, counts and what is done with them speak of the same sessions all day
 */
export function idleSince(days: IdleDays, now: number): number {
  const DAY = 24 * 60 * 60 * 1000;
  return Math.floor(now / DAY - days) * DAY;
}

/** By tab of the list: what is kept of a repository, and the index that has it in order. */
const COUNTS_OF: Record<ListStatus, { count: RawBuilder<number>; index: string }> = {
  active: { count: sql<number>`active`, index: "idx_session_counts_active" },
  archived: { count: sql<number>`archived`, index: "idx_session_counts_archived" },
  all: { count: sql<number>`active + archived`, index: "idx_session_counts_all" },
};

/** Which kept counts make up those of a view: the one of all repositories, of one, or those that a search finds. */
function keptOf(userId: string, view: ListView): RawBuilder<boolean> {
  const found = repositoryFilters(view);
  return all([sql`user_id = ${userId}`, ...(found.length > 0 ? found : [sql`repo = ''`])]);
}

/** How many sessions a view shows in each tab, whatever their idleness; and one repository's name as people write it. */
export function storedCounts(
  userId: string,
  view: ListView,
): Statement<{ active: number; archived: number; shown: string | null }> {
  return sql<{ active: number; archived: number; shown: string | null }>`
    SELECT coalesce(sum(active), 0) AS active, coalesce(sum(archived), 0) AS archived,
      max(repo_shown) AS shown
    FROM session_counts WHERE ${keptOf(userId, view)}`.compile(sessionStatements);
}

/** The repositories with most sessions in a view's tab; of those that are found, where something is searched for. */
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

/** How many sessions a view would show for each duration of idleness, counted in one walk over those of the shortest. */
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
