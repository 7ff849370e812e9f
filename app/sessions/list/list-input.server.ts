import { badRequest, parseRepository, sessionId } from "../session-input.server";
import type { Cursor } from "./list-query.server";
import {
  IDLE_DAYS,
  LIST_SORTS,
  ordersByRepository,
  SEARCH_LENGTH,
  type IdleDays,
  type ListSort,
  type ListStatus,
  type ListView,
} from "./list-view";

/** How many words a search may have. */
const SEARCH_WORDS = 8;

/** Parses the list's query, except the cursor. @throws a 400 Response that says what is wrong with it */
export function parseListView(query: URLSearchParams): ListView {
  const status = parseStatus(query.get("status"));
  const idle = parseIdle(query.get("idle"));
  if (idle !== null && status !== "active") throw badRequest("Only active sessions can be idle.");
  const sort = parseSort(query.get("sort"));
  if (sort !== "activity" && status === "needs-you") {
    throw badRequest("Sessions that need you are sorted by last activity.");
  }
  const words = parseSearch(query.get("q") ?? "");
  const repository = parseRepository(query.get("repo"));
  const repo = repository && `${repository.owner}/${repository.name}`;
  return { status, words, repo, idle, sort };
}

const STATUSES: readonly ListStatus[] = ["needs-you", "active", "archived", "all"];

function parseStatus(status: string | null): ListStatus {
  const found = STATUSES.find((known) => known === (status ?? "active"));
  if (found) return found;
  throw badRequest("The list can show sessions that need you, active ones, archived ones or all.");
}

function parseIdle(idle: string | null): IdleDays | null {
  if (idle === null) return null;
  const days = IDLE_DAYS.find((days) => String(days) === idle);
  if (days) return days;
  throw badRequest("The list can show sessions that have been idle for 7, 14 or 30 days.");
}

function parseSort(sort: string | null): ListSort {
  const found = LIST_SORTS.find((known) => known === (sort ?? LIST_SORTS[0]));
  if (found) return found;
  throw badRequest("The list can be sorted by last activity, by creation or by repository.");
}

/** @returns the words of a search in lower case, without duplicates */
function parseSearch(search: string): string[] {
  if (search.length > SEARCH_LENGTH) {
    throw badRequest(`A search has at most ${SEARCH_LENGTH} characters.`);
  }
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > SEARCH_WORDS) throw badRequest(`A search has at most ${SEARCH_WORDS} words.`);
  return [...new Set(words)];
}

/** @returns a cursor as the value of `?cursor=` */
export function formatCursor({ direction, time, id, repo }: Cursor): string {
  return [direction, time, id, ...(repo === undefined ? [] : [repo])].join(".");
}

/**
 * @param cursor the value of `?cursor=`
 * @param view the view of the list, whose order the cursor must have
 * @returns undefined if there is no cursor
 * @throws a 400 Response if the cursor is malformed or has another order
 */
export function parseCursor(cursor: string | null, view: ListView): Cursor | undefined {
  if (cursor === null) return undefined;
  const [, direction, time, rest, repo] =
    /^(older|newer)\.(\d{1,15})\.([^.]+)(?:\.(.+))?$/.exec(cursor) ?? [];
  const id = sessionId.safeParse(rest);
  const fits = ordersByRepository(view) === (repo !== undefined);
  if (time && id.success && fits) {
    return { direction: direction as Cursor["direction"], time: Number(time), id: id.data, repo };
  }
  throw badRequest("This link to a part of the list is damaged.");
}
