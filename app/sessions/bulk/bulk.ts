/** Changes to many sessions at once, called bulks, free of any platform. Every time is in epoch milliseconds. */
import { numberText } from "../../ui/number";
import { sessionCountText } from "../session-summary";

/** "revoke" is about agents: all tokens of its sessions end. */
export type BulkKind = ReversibleKind | "delete" | "revoke";

export type ReversibleKind = "archive" | "restore";

/** A line of the D1 table `bulks`. */
export interface BulkRow {
  id: string;
  user_id: string;
  kind: BulkKind;
  /** How many sessions it is about. */
  total: number;
  created_at: number;
  /** When it last got on. */
  stepped_at: number;
  /** Null while some of its sessions are still to do, or failed and are to be tried again or left. */
  finished_at: number | null;
}

/**
 * What became of a session of a bulk:
 * - `done`: it was changed or deleted, or no agent has a token of it any more;
 * - `unchanged`: it had that status before;
 * - `gone`: it did not exist any more;
 * - `failed`: it could not be reached, several times;
 * - `left`: it failed, and its owner lets it be as it is.
 */
export type BulkOutcome = "done" | "unchanged" | "gone" | "failed" | "left";

/** How many sessions of a bulk had which outcome; `pending` are still to do. */
export type BulkCounts = Record<BulkOutcome | "pending", number>;

export const NO_COUNTS: BulkCounts = {
  pending: 0,
  done: 0,
  unchanged: 0,
  gone: 0,
  failed: 0,
  left: 0,
};

/** A kind of bulk in words: `doing` and `done` go before the number of sessions, `before` after "had been". */
export const BULK_WORDS = {
  archive: { doing: "Archiving", done: "Archived", before: "archived before" },
  restore: { doing: "Restoring", done: "Restored", before: "active before" },
  delete: { doing: "Deleting", done: "Deleted", before: "deleted before" },
  revoke: {
    doing: "Revoking the agents’ tokens of",
    done: "Revoked the agents’ tokens of",
    before: "without agents",
  },
} as const satisfies Record<BulkKind, object>;

/** What takes a bulk back; deleting and revoking are for good. */
export const INVERSE: Partial<Record<BulkKind, ReversibleKind>> = {
  archive: "restore",
  restore: "archive",
};

/** @returns what a bulk has come to, such as "Archived 10 sessions; 2 had been archived before." */
export function bulkResultText(kind: BulkKind, counts: BulkCounts): string {
  const { done, before } = BULK_WORDS[kind];
  const notDone = counts.failed + counts.left;
  const others = [
    counts.unchanged > 0 && `${numberText(counts.unchanged)} had been ${before}`,
    counts.gone > 0 && `${numberText(counts.gone)} did not exist any more`,
    notDone > 0 && `${numberText(notDone)} could not be reached`,
  ].filter((text) => text !== false);
  const first = counts.done === 0 ? "no sessions" : sessionCountText(counts.done);
  return `${[`${done} ${first}`, ...others].join("; ")}.`;
}

/** @param limit how many changes to many sessions may be unfinished at the same time */
export function tooManyText(limit: number): string {
  return `${limit} changes to many sessions are not finished yet, which is the most. Nothing was changed: wait until one of them is finished, or open one that has stopped and end it; then try again.`;
}
