/** What the list shows, according to its URL. */
import type { SessionStatus } from "../protocol/session";

/** The tabs of the list. */
export type ListStatus = SessionStatus | "all";

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
  /** The words of the search, in lower case: each must be at the start of the owner, the name or "owner/name". */
  words: string[];
  /** "owner/name", in any case; null for all repositories. */
  repo: string | null;
  /** Only active sessions that have been idle for this many days; null for all. */
  idle: IdleDays | null;
  sort: ListSort;
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
