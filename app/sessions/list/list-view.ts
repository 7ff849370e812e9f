/** What the list shows, according to its URL. */
import { useSearchParams } from "@remix-run/react";
import type { SessionStatus } from "../protocol/session";

/** The tabs of the list. */
export type ListStatus = "needs-you" | SessionStatus | "all";

export const LIST_SORTS = ["activity", "created", "repository"] as const;
export type ListSort = (typeof LIST_SORTS)[number];

/** The idle times, in days, that the list can be filtered by; shortest first. */
export const IDLE_DAYS = [7, 14, 30] as const;
export type IdleDays = (typeof IDLE_DAYS)[number];

/** The maximum length of a search, in characters. */
export const SEARCH_LENGTH = 150;

/** Which sessions a list shows and in which order: the checked parameters of its URL, except the cursor. */
export interface ListView {
  status: ListStatus;
  /**
   * The words of the search, in lower case: each must be at the start of the owner, the name or "owner/name", or of a
   * word of the title.
   */
  words: string[];
  /** "owner/name", in any case; null for all repositories. */
  repo: string | null;
  /** Only active sessions that have been idle for this many days; null for all. */
  idle: IdleDays | null;
  sort: ListSort;
}

/**
 * A view whose URL may leave its tab open: "landing" is "needs-you" if any session needs the owner, and else "active".
 * It has no filter, no other order than by activity, and no cursor.
 */
export type AskedView = Omit<ListView, "status"> & { status: ListStatus | "landing" };

/** @returns the list's query with its tab named, because the URL may leave that open */
export function useListQuery({ status }: Pick<ListView, "status">): URLSearchParams {
  const [query] = useSearchParams();
  if (query.get("status") === status) return query;
  const named = new URLSearchParams(query);
  named.set("status", status);
  return named;
}

/** @returns whether the list is sorted by repository first: never if it shows only one repository */
export function ordersByRepository({ sort, repo }: Pick<ListView, "sort" | "repo">): boolean {
  return sort === "repository" && repo === null;
}

/** A repository that the list can be filtered by, and how many sessions it would show. */
export interface RepositoryCount {
  /** "owner/name" */
  name: string;
  count: number;
}
