import { read, type Database } from "../../platform/database.server";
import { inParallel } from "../../platform/parallel";
import { OBJECTS_AT_ONCE } from "../lifecycle/deletion.server";
import { PAGE_SIZE } from "../list/list-query.server";
import { repositoryName } from "../protocol/session";
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

/** A bulk that has not got on for so long, in milliseconds, is told to have stopped. */
const STALLED_AFTER = 30_000;

/** @returns whether nobody seems to carry out a bulk of which something is still to do */
export function isStalled(bulk: BulkRow, now: number): boolean {
  return now - bulk.stepped_at > STALLED_AFTER;
}

/** How far a bulk is. */
export interface BulkReport {
  bulk: BulkRow;
  counts: BulkCounts;
  /** Those that failed, as many as are told, by id and repository. */
  failed: { id: string; repository: string }[];
}

const FAILED_TOLD = 100;

/** @returns undefined where this person has no such bulk */
export async function findBulk(
  d1: Database,
  userId: string,
  id: string,
): Promise<BulkReport | undefined> {
  const named = { id, user_id: userId };
  const [[bulk], counts, failed] = await read(
    d1,
    readBulk(named),
    readCounts(named),
    readFailed(named, FAILED_TOLD),
  );
  return (
    bulk && {
      bulk,
      counts: countsOf(counts),
      failed: failed.map((row) => ({ id: row.id, repository: repositoryName(row) })),
    }
  );
}

/** @returns a person's bulks that are under way or have stopped, the newest ones */
export async function findUnfinishedBulks(d1: Database, userId: string): Promise<BulkRow[]> {
  const [bulks] = await read(d1, readUnfinished(userId));
  return bulks;
}

/** What there is to say of sessions before they are deleted. */
export interface Confirmation extends Measure {
  /** Whether the messages were counted where they are, not as their rows know them. */
  exact: boolean;
}

/** Counts sessions and their messages: those of a page's worth exactly, by asking their objects. */
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

export function countsOf(lines: { outcome: BulkOutcome | null; count: number }[]): BulkCounts {
  const counts = { ...NO_COUNTS };
  for (const { outcome, count } of lines) counts[outcome ?? "pending"] = count;
  return counts;
}
