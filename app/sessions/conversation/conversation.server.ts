/** What the loaders read beside the list. Every query takes the owner. Times are epoch milliseconds. */
import { read, type Database } from "../../platform/database.server";
import { attempt } from "../../platform/log";
import { objectOf } from "../../platform/durable-objects.server";
import { readRow, readTombstone, statements } from "../lifecycle/lifecycle-statements.server";
import {
  agentReport,
  type AgentReport,
  type AgentToken,
  type HistoryLine,
  type Message,
  type SessionEvent,
  type SessionRow,
  type ShownMessage,
  type Tombstone,
} from "../protocol/session";

/** A session's row and its tombstone, for its owner; at most one of them exists. */
export async function findSession(
  d1: Database,
  id: string,
  userId: string,
): Promise<{ row: SessionRow | undefined; tombstone: Tombstone | undefined }> {
  const [[row], [tombstone]] = await read(d1, readRow(id, userId), readTombstone(id, userId));
  return { row, tombstone };
}

/** How many lines of a session's history its page shows, and how many of them are read at once for an export. */
const HISTORY = { shown: 100, piece: 1_000 };

/**
 * A session's row and the newest lines of its history, oldest first, for its owner; undefined where there is no such row.
 * `older` tells whether there are older lines.
 */
export async function findSessionWithHistory(
  d1: Database,
  id: string,
  userId: string,
): Promise<{ row: SessionRow; events: SessionEvent[]; older: boolean } | undefined> {
  const newest = sessionHistory(id, userId)
    .select(["kind", "at"])
    .orderBy("session_events.id", "desc")
    .limit(HISTORY.shown + 1);
  const [[row], lines] = await read(d1, readRow(id, userId), newest.compile());
  const events = lines.slice(0, HISTORY.shown).reverse();
  return row && { row, events, older: lines.length > events.length };
}

/** @returns the lines of a session's history after the one with this id, oldest first, a thousand at the most */
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
    .limit(HISTORY.piece);
  const [lines] = await read(d1, next.compile());
  return lines;
}

function sessionHistory(id: string, userId: string) {
  return statements
    .selectFrom("session_events")
    .innerJoin("sessions", "sessions.id", "session_events.session_id")
    .where("session_id", "=", id)
    .where("user_id", "=", userId);
}

/** @returns how many messages the session's object holds; undefined where it could not be asked */
export async function countMessages(
  env: Env,
  id: string,
  userId: string,
): Promise<number | undefined> {
  const answer = await attempt("snapshot", async () => await objectOf(env, id).snapshot(userId));
  if (!answer) return undefined;
  return answer.state === "ready" ? answer.session.message_count : 0;
}

/** A part of a session's conversation, or why there is none to show. */
export type Conversation =
  | {
      state: "ready";
      /** Whether there is an object to listen to: until its first message, a session may have none. */
      live: boolean;
      messages: ShownMessage[];
      messageCount: number;
      lastActivity: number;
      agent: AgentReport | null;
      tokens: AgentToken[];
    }
  | { state: "deleting" | "unreachable" };

/**
 * @param before only messages older than the one with this id; undefined for the newest
 * @returns a page of messages, oldest first; `unreachable` where the session's object could not be asked
 */
export async function readConversation(
  env: Env,
  id: string,
  userId: string,
  before: number | undefined,
): Promise<Conversation> {
  const answer = await attempt(
    "conversation",
    async () => await objectOf(env, id).conversation(userId, before),
  );
  if (!answer) return { state: "unreachable" };
  if (answer.state === "deleting") return { state: "deleting" };
  // A foreign object is nobody's to see; its row, which is asked for at the same time, answers 404.
  if (answer.state !== "ready") {
    return {
      state: "ready",
      live: false,
      messages: [],
      messageCount: 0,
      lastActivity: 0,
      agent: null,
      tokens: [],
    };
  }
  const { messages, session, tokens } = answer;
  return {
    state: "ready",
    live: true,
    messages,
    messageCount: session.message_count,
    lastActivity: session.last_activity,
    agent: agentReport(session),
    tokens,
  };
}

/**
 * @returns the messages after the one with this id, oldest first, as many as the object gives at once
 * @throws where its object cannot be asked, or has nothing to give any more
 */
export async function readMessages(
  env: Env,
  id: string,
  userId: string,
  after: number,
): Promise<Message[]> {
  const answer = await objectOf(env, id).messages(userId, after);
  if (answer.state === "ready") return answer.messages;
  if (answer.state === "empty" && after === 0) return [];
  throw new Error(`The session is ${answer.state}`);
}
