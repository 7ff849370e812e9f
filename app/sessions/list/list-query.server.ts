/**
 * The statements of the list. Each uses an index created for it (migrations/0006, 0011 and 0012, docs/decisions/0005). Times
 * are epoch milliseconds.
 */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import type { SessionRow, SessionStatus } from "../protocol/session";
import { sessionStatements } from "../session-table.server";
import type { ListedRow } from "../session-summary";
import { ordersByRepository, type AskedView, type IdleDays, type ListView } from "./list-view";

/** How many sessions a page of the list has. */
export const PAGE_SIZE = 50;

/** A row with what its place in the list depends on. */
export type PageRow = ListedRow & Pick<SessionRow, "repo" | "needs_you">;

/** The columns of a `PageRow`: those that D1 generates cost time, so none is read in vain. */
export const PAGE_COLUMNS = (
  [
    ...["id", "repo_owner", "repo_name", "repo", "branch", "heading", "status"],
    ...["last_activity", "created_at", "kept_at", "archived_by", "message_count"],
    ...["agent_status", "status_rev", "agent_at", "asks", "agent_message", "seen_message"],
    "needs_you",
  ] as (keyof PageRow)[]
).map((column) => sql.ref(column));

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
export function orderOf(view: Pick<ListView, "sort" | "repo">): Order {
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
export function sessionsPage(...page: Parameters<typeof selectPage>): Statement<PageRow> {
  return selectPage(...page).compile(sessionStatements);
}

/** @returns the SQL of `sessionsPage` */
export function selectPage(
  userId: string,
  view: AskedView,
  cursor: Cursor | undefined,
  now: number,
): RawBuilder<PageRow> {
  const order = orderOf(view);
  // Sessions older than an idle one are idle too. The "+" keeps SQLite from using the idle limit as the start of the
  // index range, instead of the cursor.
  const lastActivity = cursor?.direction === "older" ? sql`+last_activity` : sql`last_activity`;
  const ranges = sourcesOf(userId, view.status, order).flatMap(({ table, conditions }) =>
    rangesFrom(order, cursor).map((range) => {
      const all = allOf([...conditions, ...range, ...filters(view, now, lastActivity)]);
      return sql`SELECT ${sql.join(PAGE_COLUMNS)} FROM ${table} WHERE ${all}`;
    }),
  );
  return sql<PageRow>`
    ${sql.join(ranges, sql` UNION ALL `)}
    ORDER BY ${directed(order, cursor)}
    LIMIT ${PAGE_SIZE + 1}`;
}

/** What a tab's rows are read from: an index, and the SQL conditions of the tab. */
interface Source {
  table: RawBuilder<unknown>;
  conditions: RawBuilder<unknown>[];
}

function sourcesOf(userId: string, status: AskedView["status"], { index }: Order): Source[] {
  switch (status) {
    case "landing":
      return [
        onlyIf(sql`kept > 0`, needsYouOf(userId), userId),
        onlyIf(sql`kept = 0`, statusOf(userId, "active", index), userId),
      ];
    case "needs-you":
      return [needsYouOf(userId)];
    case "all":
      return [statusOf(userId, "active", index), statusOf(userId, "archived", index)];
    default:
      return [statusOf(userId, status, index)];
  }
}

function statusOf(userId: string, status: SessionStatus, index: string): Source {
  return {
    table: sql`sessions INDEXED BY ${sql.id(index)}`,
    conditions: [sql`user_id = ${userId}`, sql`status = ${status}`],
  };
}

/** @returns the sessions that need their owner: SQLite uses the partial index only for the very condition of the index */
export function needsYouOf(userId: string | RawBuilder<unknown>): Source {
  return {
    table: sql`sessions INDEXED BY idx_sessions_needs_you`,
    conditions: [sql`user_id = ${userId}`, sql`needs_you = 1`],
  };
}

/**
 * @param condition on `kept`: how many sessions need the owner, as it is stored
 * @returns the source, of which no row is read unless the condition is true
 */
function onlyIf(condition: RawBuilder<unknown>, source: Source, userId: string): Source {
  return {
    table: sql`(
      SELECT needs_you AS kept FROM session_counts WHERE user_id = ${userId} AND repo = ''
    ) CROSS JOIN ${source.table}`,
    conditions: [condition, ...source.conditions],
  };
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

/** @returns the SQL condition on the table `sessions`, including its owner, for all that a view shows on all pages */
export function matching(userId: string, view: ListView, now: number): RawBuilder<boolean> {
  return allOf([sql`user_id = ${userId}`, IN_TAB[view.status], ...filters(view, now)]);
}

const IN_TAB: Record<ListView["status"], RawBuilder<unknown>> = {
  "needs-you": sql`needs_you = 1`,
  active: sql`status = 'active'`,
  archived: sql`status = 'archived'`,
  all: sql`status IN ('active', 'archived')`,
};

/** @returns the SQL conditions of a view on a row, except owner and tab */
function filters(
  { repo, words, idle }: Pick<ListView, "repo" | "words" | "idle">,
  now: number,
  lastActivity: RawBuilder<unknown> = sql`last_activity`,
): RawBuilder<unknown>[] {
  const conditions = words.map(contains);
  if (repo !== null) conditions.unshift(sql`repo = ${repo.toLowerCase()}`);
  if (idle !== null) {
    const since = idleSince(idle, now);
    conditions.push(sql`${lastActivity} < ${since} AND coalesce(kept_at, 0) < ${since}`);
  }
  return conditions;
}

/**
 * @param word of a search, in lower case
 * @returns the SQL condition on `search_words` that the word is at the start of the owner, the name, "owner/name" or a
 *   word of the title, each of which is behind a space. It uses `instr`, not LIKE, so that no character is a wildcard.
 */
export function contains(word: string): RawBuilder<boolean> {
  const found = spellings(word).map((spelled) => sql`instr(search_words, ${` ${spelled}`})`);
  return sql<boolean>`(${sql.join(found, sql` OR `)})`;
}

/**
 * @returns how a word may be spelled in `search_words`: as it is, or with spaces for the signs of a title. SQLite turns
 *   only ASCII into lower case, so other letters may be capitals, the first one or all.
 */
function spellings(word: string): string[] {
  const inTitle = word.replace(/[-_./(["'`:#@]+/g, " ").trim() || word;
  const capital = inTitle.replace(/^\P{ASCII}/u, (first) => first.toUpperCase());
  const capitals = inTitle.replace(/\P{ASCII}/gu, (letter) => letter.toUpperCase());
  return [...new Set([word, inTitle, capital, capitals])];
}

/** @returns the SQL condition that all of these are true */
export function allOf(conditions: RawBuilder<unknown>[]): RawBuilder<boolean> {
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
