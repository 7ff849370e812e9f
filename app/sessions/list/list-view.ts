/** What the list shows, as its URL says it: the list's links, forms and redirects all keep to it. */
import type { SessionStatus } from "../protocol/session";

/** The tabs of the list. */
export type ListStatus = SessionStatus | "all";

export const LIST_SORTS = ["activity", "created", "repository"] as const;
export type ListSort = (typeof LIST_SORTS)[number];

/** So many days without activity: what the review of idle sessions offers, shortest first. */
export const IDLE_DAYS = [7, 14, 30] as const;
export type IdleDays = (typeof IDLE_DAYS)[number];

/** How long a search may be, in characters. */
export const SEARCH_LENGTH = 150;

/** Which sessions a list shows, and in which order: its URL, checked, but for the page. */
export interface ListView {
  status: ListStatus;
  /** What is searched for, in lower case: each is the beginning of owner, name or "owner/name". */
  words: string[];
  /** "owner/name", in any case; null: any. */
  repo: string | null;
  /** Only active ones that have been idle for so many days. */
  idle: IdleDays | null;
  sort: ListSort;
}

/** @returns whether the list's order begins with the repository: not where it shows only one */
export function ordersByRepository({ sort, repo }: Pick<ListView, "sort" | "repo">): boolean {
  return sort === "repository" && repo === null;
}

/** A repository that the list offers to choose, "owner/name", and how many sessions it would show. */
export interface RepositoryCount {
  name: string;
  count: number;
}
