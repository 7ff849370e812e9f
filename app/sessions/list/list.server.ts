/** Reads a page of the list and the counts around it. Times are epoch milliseconds. */
import { read, type Database } from "../../platform/database.server";
import type { SessionRow } from "../protocol/session";
import {
  idleCounts,
  storedCounts,
  orderOf,
  PAGE_SIZE,
  sessionsPage,
  topRepositories,
  type Cursor,
} from "./list-query.server";
import type { IdleDays, ListStatus, ListView, RepositoryCount } from "./list-view";

/** A page of the list with its counts. */
export interface SessionListPage {
  sessions: SessionRow[];
  /** The cursors of the previous and of the next page; undefined if there is none. */
  newer: Cursor | undefined;
  older: Cursor | undefined;
  /** How many sessions match, on all pages together. */
  count: number;
  /** How many match in each tab, without the idle filter. */
  counts: Record<ListStatus, number>;
  /** The repositories with the most matching sessions, and the one that the view is filtered by. */
  repositories: RepositoryCount[];
  /** How many matching sessions have been idle for each number of days; only in a view filtered by idle time. */
  idle: Record<IdleDays, number> | undefined;
}

/** Reads one page of a user's list, with its counts. */
export async function listSessions(
  d1: Database,
  userId: string,
  view: ListView,
  cursor: Cursor | undefined,
  now: number,
): Promise<SessionListPage> {
  const [[rows, [stored]], top, idle] = await Promise.all([
    read(d1, sessionsPage(userId, view, cursor, now), storedCounts(userId, view)),
    view.idle === null ? findTopRepositories(d1, userId, view) : [],
    view.idle === null ? undefined : findIdleCounts(d1, userId, view, now),
  ]);
  const { active = 0, archived = 0, shown } = stored ?? {};
  const counts = { active, archived, all: active + archived };
  const count = view.idle !== null && idle ? idle[view.idle] : counts[view.status];
  const { repo } = view;
  return {
    ...pageOf(rows, view, cursor),
    count,
    counts,
    repositories: repo === null ? top : withChosen(top, { name: shown ?? repo, count }),
    idle,
  };
}

/** @param rows see `sessionsPage` @returns the sessions of the page in the list's order, and the cursors around it */
function pageOf(
  rows: SessionRow[],
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
export function cursorAt(row: SessionRow, view: ListView, direction: Cursor["direction"]): Cursor {
  const { time, byRepository } = orderOf(view);
  return { direction, time: row[time], id: row.id, repo: byRepository ? row.repo : undefined };
}

async function findTopRepositories(
  d1: Database,
  userId: string,
  view: ListView,
): Promise<RepositoryCount[]> {
  const [top] = await read(d1, topRepositories(userId, view));
  return top;
}

async function findIdleCounts(
  d1: Database,
  userId: string,
  view: ListView,
  now: number,
): Promise<Record<IdleDays, number> | undefined> {
  const [[counts]] = await read(d1, idleCounts(userId, view, now));
  return counts;
}
