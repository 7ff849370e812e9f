import { read, type Database } from "../../platform/database.server";
import { inParallel } from "../../platform/parallel";
import { OBJECTS_AT_ONCE } from "../lifecycle/deletion.server";
import { PAGE_SIZE } from "../list/list-query.server";
import { sessionName } from "../protocol/session";
import { countMessages } from "../session-queries.server";
import { NO_COUNTS, type BulkCounts, type BulkOutcome, type BulkRow } from "./bulk";
import {
  chosenBy,
  measureSessions,
  readChosen,
  type BulkChoice,
  type Measure,
} from "./bulk-choice.server";
import { readBulk, readCounts, readFailed, readUnfinished } from "./bulk-tables.server";

/** A bulk that has made no progress for this long, in milliseconds, is shown as stopped. */
const STALLED_AFTER = 30_000;

/** @param now epoch milliseconds @returns whether an unfinished bulk has made no progress for too long */
export function isStalled(bulk: BulkRow, now: number): boolean {
  return now - bulk.stepped_at > STALLED_AFTER;
}

/** The progress of a bulk. */
export interface BulkReport {
  bulk: BulkRow;
  counts: BulkCounts;
  /** At most `FAILED_SHOWN` sessions that failed; `name` is the title or the repository. */
  failed: { id: string; name: string }[];
}

const FAILED_SHOWN = 100;

/** Reads the progress of a bulk. @returns undefined if this user has no such bulk */
export async function findBulk(
  d1: Database,
  userId: string,
  id: string,
): Promise<BulkReport | undefined> {
  const key = { id, user_id: userId };
  const [[bulk], counts, failed] = await read(
    d1,
    readBulk(key),
    readCounts(key),
    readFailed(key, FAILED_SHOWN),
  );
  return (
    bulk && {
      bulk,
      counts: countsOf(counts),
      failed: failed.map((row) => ({ id: row.id, name: sessionName(row) })),
    }
  );
}

/** @returns the user's bulks that are running or have stopped, newest first */
export async function findUnfinishedBulks(d1: Database, userId: string): Promise<BulkRow[]> {
  const [bulks] = await read(d1, readUnfinished(userId));
  return bulks;
}

/** The summary of sessions that is shown before they are deleted. */
export interface Confirmation extends Measure {
  /** Whether `messages` was counted in the sessions' objects, not taken from their rows. */
  exact: boolean;
}

/**
 * Counts the chosen sessions and their messages. Up to `PAGE_SIZE` sessions are counted exactly, by calling their
 * objects; for more, or if an object does not answer, the counts of the rows are used.
 */
export async function measureChoice(
  env: Env,
  d1: Database,
  userId: string,
  choice: BulkChoice,
): Promise<Confirmation> {
  const chosen = chosenBy(userId, choice);
  const [[measured], some] = await read(
    d1,
    measureSessions(userId, chosen),
    readChosen(chosen, PAGE_SIZE + 1),
  );
  const measure = measured ?? { count: 0, messages: 0, checksum: "" };
  if (some.length > PAGE_SIZE) return { ...measure, exact: false };
  const counted = await inParallel(some, OBJECTS_AT_ONCE, ({ id }) =>
    countMessages(env, id, userId),
  );
  const known = counted.filter((count) => count !== undefined);
  if (known.length < counted.length) return { ...measure, exact: false };
  return { ...measure, messages: known.reduce((sum, count) => sum + count, 0), exact: true };
}

/** @param rows see `readCounts` */
export function countsOf(rows: { outcome: BulkOutcome | null; count: number }[]): BulkCounts {
  const counts = { ...NO_COUNTS };
  for (const { outcome, count } of rows) counts[outcome ?? "pending"] = count;
  return counts;
}
