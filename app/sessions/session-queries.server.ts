import { read, type Database } from "../platform/database.server";
import { sessionObject } from "../platform/durable-objects.server";
import { attempt } from "../platform/log";
import type {
  HistoryLine,
  SessionEvent,
  SessionMetadata,
  SessionRow,
  Task,
  Tombstone,
} from "./protocol/session";
import {
  readNeedsYou,
  readRow,
  readTask,
  readTombstone,
  sessionStatements,
} from "./session-table.server";

/** Reads a session's row and its tombstone for its owner. At most one of them exists. */
export async function findSession(
  d1: Database,
  id: string,
  userId: string,
): Promise<{ row: SessionRow | undefined; tombstone: Tombstone | undefined }> {
  const [[row], [tombstone]] = await read(d1, readRow(id, userId), readTombstone(id, userId));
  return { row, tombstone };
}

/** How many lines of a session's history its page shows, and how many are read at once for an export. */
const HISTORY = { shown: 100, batch: 1_000 };

/**
 * Reads a session's row, its task if its object has not taken it yet, and the newest lines of its history for its owner.
 *
 * @returns `events` with the oldest first, and `older`: whether there are older lines; undefined if there is no such
 *   row
 */
export async function findSessionWithHistory(
  d1: Database,
  id: string,
  userId: string,
): Promise<
  { row: SessionRow; task: Task | undefined; events: SessionEvent[]; older: boolean } | undefined
> {
  const newest = sessionHistory(id, userId)
    .select(["kind", "at"])
    .orderBy("session_events.id", "desc")
    .limit(HISTORY.shown + 1);
  const [[row], [task], lines] = await read(
    d1,
    readRow(id, userId),
    readTask(id, userId),
    newest.compile(),
  );
  const events = lines.slice(0, HISTORY.shown).reverse();
  return row && { row, task, events, older: lines.length > events.length };
}

/** Reads the lines of a session's history after the one with id `after`. @returns at most a thousand, oldest first */
export async function readHistory(
  d1: Database,
  id: string,
  userId: string,
  after: number,
): Promise<HistoryLine[]> {
  const next = sessionHistory(id, userId)
    .select(["session_events.id", "kind", "at"])
    .where("session_events.id", ">", after)
    .orderBy("session_events.id")
    .limit(HISTORY.batch);
  const [lines] = await read(d1, next.compile());
  return lines;
}

function sessionHistory(id: string, userId: string) {
  return sessionStatements
    .selectFrom("session_events")
    .innerJoin("sessions", "sessions.id", "session_events.session_id")
    .where("session_id", "=", id)
    .where("user_id", "=", userId);
}

/** Reads how many of a person's sessions need them. */
export async function countNeedsYou(d1: Database, userId: string): Promise<number> {
  const [[row]] = await read(d1, readNeedsYou(userId));
  return row?.needs_you ?? 0;
}

/** @returns what the session's object stores about it; null if it stores nothing; undefined if it could not be reached */
export async function readSnapshot(
  env: Env,
  id: string,
  userId: string,
): Promise<SessionMetadata | null | undefined> {
  const answer = await attempt(
    "snapshot",
    async () => await sessionObject(env, id).snapshot(userId),
  );
  if (!answer) return undefined;
  return answer.state === "ready" ? answer.session : null;
}

/** @returns how many messages the session's object has stored; undefined if it could not be reached */
export async function countMessages(
  env: Env,
  id: string,
  userId: string,
): Promise<number | undefined> {
  const snapshot = await readSnapshot(env, id, userId);
  return snapshot === undefined ? undefined : (snapshot?.message_count ?? 0);
}
