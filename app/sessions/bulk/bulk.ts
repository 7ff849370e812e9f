/**
 * The types and texts of bulks: changes to many sessions at once. Used by browser and server. Times are epoch
 * milliseconds.
 */
import { numberText } from "../../ui/number";
import { sessionCountText } from "../session-summary";

/** "revoke" revokes the tokens of all agents of its sessions. */
export type BulkKind = ReversibleKind | "delete" | "revoke";

/** The kinds of bulk that can be undone. */
export type ReversibleKind = "archive" | "restore";

/** A row of the D1 table `bulks`. */
export interface BulkRow {
  id: string;
  user_id: string;
  kind: BulkKind;
  /** How many sessions it has. */
  total: number;
  created_at: number;
  /** When its last step was done. */
  stepped_at: number;
  /** Null while some of its sessions are pending, or failed and the user has not given up on them. */
  finished_at: number | null;
}

/**
 * The result for one session of a bulk:
 * - `done`: it was changed or deleted, or its agents' tokens were revoked;
 * - `unchanged`: it had that status already;
 * - `gone`: it did not exist any more;
 * - `failed`: it could not be reached in several attempts;
 * - `left`: it failed, and the user gave up on it.
 */
export type BulkOutcome = "done" | "unchanged" | "gone" | "failed" | "left";

/** The number of sessions of a bulk by outcome; `pending` are still to do. */
export type BulkCounts = Record<BulkOutcome | "pending", number>;

export const NO_COUNTS: BulkCounts = {
  pending: 0,
  done: 0,
  unchanged: 0,
  gone: 0,
  failed: 0,
  left: 0,
};

/** Texts for each kind of bulk: `doing` and `done` go before the number of sessions, `before` after "had been". */
export const BULK_TEXT = {
  archive: { doing: "Archiving", done: "Archived", before: "archived before" },
  restore: { doing: "Restoring", done: "Restored", before: "active before" },
  delete: { doing: "Deleting", done: "Deleted", before: "deleted before" },
  revoke: {
    doing: "Revoking the agents’ tokens of",
    done: "Revoked the agents’ tokens of",
    before: "without agents",
  },
} as const satisfies Record<BulkKind, object>;

/** The kind of bulk that undoes another; deleting and revoking cannot be undone. */
export const INVERSE: Partial<Record<BulkKind, ReversibleKind>> = {
  archive: "restore",
  restore: "archive",
};

/** @returns the result of a bulk as text, such as "Archived 10 sessions; 2 had been archived before." */
export function bulkResultText(kind: BulkKind, counts: BulkCounts): string {
  const { done, before } = BULK_TEXT[kind];
  const notDone = counts.failed + counts.left;
  const others = [
    counts.unchanged > 0 && `${numberText(counts.unchanged)} had been ${before}`,
    counts.gone > 0 && `${numberText(counts.gone)} did not exist any more`,
    notDone > 0 && `${numberText(notDone)} could not be reached`,
  ].filter((text) => text !== false);
  const first = counts.done === 0 ? "no sessions" : sessionCountText(counts.done);
  return `${[`${done} ${first}`, ...others].join("; ")}.`;
}

/** @param limit how many unfinished bulks a user may have @returns the alert for a user who has as many */
export function tooManyText(limit: number): string {
  return `${limit} changes to many sessions are not finished yet, which is the most. Nothing was changed: wait until one of them is finished, or open one that has stopped and end it; then try again.`;
}
