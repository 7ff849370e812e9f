/** Reads a page of the list and the counts around it. Times are epoch milliseconds. */
import { read, type Database } from "../../platform/database.server";
import { idleCounts, readCounts, type ListCounts } from "./list-counts.server";
import { orderOf, PAGE_SIZE, sessionsPage, type Cursor, type PageRow } from "./list-query.server";
import { findSearched } from "./list-search.server";
import type { AskedView, IdleDays, ListStatus, ListView, RepositoryCount } from "./list-view";

/** A page of the list with its counts. */
export interface SessionListPage {
  /** The view with its tab, which the asked one may have left open. */
  view: ListView;
  sessions: PageRow[];
  /** The cursors of the previous and of the next page; undefined if there is none. */
  newer: Cursor | undefined;
  older: Cursor | undefined;
  /** How many sessions match, on all pages together. */
  count: number;
  /** How many match in each tab, without the idle filter. */
  counts: Record<ListStatus, number>;
  /** How many sessions need the owner, whatever the view is filtered by. */
  needsYou: number;
  /** The repositories with the most matching sessions, and the one that the view is filtered by. */
  repositories: RepositoryCount[];
  /** How many matching sessions have been idle for each number of days; only in a view filtered by idle time. */
  idle: Record<IdleDays, number> | undefined;
}

/** Reads one page of a user's list, with its counts, in one D1 batch. */
export async function listSessions(
  d1: Database,
  userId: string,
  asked: AskedView,
  cursor: Cursor | undefined,
  now: number,
): Promise<SessionListPage> {
  const [{ rows, counts }, idle] = await Promise.all([
    findPage(d1, userId, asked, cursor, now),
    findIdleCounts(d1, userId, asked, now),
  ]);
  const { tabs, needsYou, shown, repositories } = counts;
  const view = { ...asked, status: tabOf(asked, needsYou) };
  const count = view.idle !== null && idle ? idle[view.idle] : tabs[view.status];
  const top = (view.idle === null && repositories[view.status]) || [];
  const { repo } = view;
  return {
    view,
    ...pageOf(rows, view, cursor),
    count,
    counts: tabs,
    needsYou,
    repositories: repo === null ? top : withChosen(top, { name: shown ?? repo, count }),
    idle,
  };
}

/** Reads the rows of a page, and the counts around it. */
async function findPage(
  d1: Database,
  userId: string,
  asked: AskedView,
  cursor: Cursor | undefined,
  now: number,
): Promise<{ rows: PageRow[]; counts: ListCounts }> {
  if (asked.words.length > 0 && isNamed(asked)) {
    return findSearched(d1, userId, asked, cursor, now);
  }
  const [[rows], counts] = await Promise.all([
    read(d1, sessionsPage(userId, asked, cursor, now)),
    readCounts(d1, userId, asked),
  ]);
  return { rows, counts };
}

function isNamed(view: AskedView): view is ListView {
  return view.status !== "landing";
}

function tabOf({ status }: AskedView, needsYou: number): ListStatus {
  if (status !== "landing") return status;
  return needsYou > 0 ? "needs-you" : "active";
}

/** @param rows see `sessionsPage` @returns the sessions of the page in the list's order, and the cursors around it */
function pageOf(
  rows: PageRow[],
  view: ListView,
  cursor: Cursor | undefined,
): Pick<SessionListPage, "sessions" | "newer" | "older"> {
  const more = rows.length > PAGE_SIZE;
  const shown = rows.slice(0, PAGE_SIZE);
  const backwards = cursor?.direction === "newer";
  const sessions = backwards ? shown.reverse() : shown;
  const [first, last] = [sessions[0], sessions.at(-1)];
  const hasNewer = backwards ? more : cursor !== undefined;
  const hasOlder = backwards || more;
  return {
    sessions,
    newer: hasNewer && first ? cursorAt(first, view, "newer") : undefined,
    older: hasOlder && last ? cursorAt(last, view, "older") : undefined,
  };
}

function withChosen(top: RepositoryCount[], chosen: RepositoryCount): RepositoryCount[] {
  const isChosen = ({ name }: RepositoryCount) => name.toLowerCase() === chosen.name.toLowerCase();
  return top.some(isChosen) ? top : [...top, chosen];
}

/** @returns the cursor of the page that begins next to a row, in this direction */
export function cursorAt(row: PageRow, view: ListView, direction: Cursor["direction"]): Cursor {
  const { time, byRepository } = orderOf(view);
  return { direction, time: row[time], id: row.id, repo: byRepository ? row.repo : undefined };
}

async function findIdleCounts(
  d1: Database,
  userId: string,
  view: AskedView,
  now: number,
): Promise<Record<IdleDays, number> | undefined> {
  if (view.idle === null || !isNamed(view)) return undefined;
  const [[counts]] = await read(d1, idleCounts(userId, view, now));
  return counts;
}
