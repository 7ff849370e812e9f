/** Reads a session's messages from its Durable Object. Times are epoch milliseconds. */
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import type { Item, ShownItem } from "../protocol/item";
import type { Message } from "../protocol/message";
import type { AgentToken } from "../protocol/object-answers";
import type { RunReport } from "../protocol/run";
import { agentName, agentReport, TASK_KEY, type AgentReport, type Task } from "../protocol/session";

/** A page of a session's messages, or why it cannot be shown. */
export type ConversationPage =
  | {
      state: "ready";
      /** Whether a live socket can be opened: a session may have no object until its first message. */
      live: boolean;
      items: ShownItem[];
      /** The requests that are asked and are not among the items, oldest first. */
      asked: Item[];
      runs: RunReport;
      /** The name of the agent that a runner runs here. */
      agentName: string;
      messageCount: number;
      lastActivity: number;
      agent: AgentReport | null;
      tokens: AgentToken[];
    }
  | { state: "deleting" | "unreachable" };

/**
 * Reads a page of a session's messages, and its agents.
 *
 * @param before only messages older than the one with this id; undefined for the newest
 * @returns `messages` with the oldest first; `unreachable` if the session's object could not be reached
 */
export async function readConversation(
  env: Env,
  id: string,
  userId: string,
  before: number | undefined,
): Promise<ConversationPage> {
  const answer = await attempt(
    "conversation",
    async () => await sessionObject(env, id).conversation(userId, before),
  );
  if (!answer) return { state: "unreachable" };
  if (answer.state === "deleting") return { state: "deleting" };
  // Another user's session looks empty here; the loader answers 404 because of the row, which it reads at the same
  // time.
  if (answer.state !== "ready") {
    return {
      state: "ready",
      live: false,
      items: [],
      asked: [],
      runs: { running: null, handled: null },
      agentName: agentName({ agent: null }),
      messageCount: 0,
      lastActivity: 0,
      agent: null,
      tokens: [],
    };
  }
  const { items, asked, runs, session, tokens } = answer;
  return {
    state: "ready",
    live: true,
    items,
    asked,
    runs,
    agentName: agentName(session),
    messageCount: session.message_count,
    lastActivity: session.last_activity,
    agent: agentReport(session),
    tokens,
  };
}

/**
 * Turns a task that the session's object has not taken yet into the message that it will be.
 *
 * @param createdAt when the session was created, epoch milliseconds
 */
export function messageOfTask(
  { author, text }: Task,
  createdAt: number,
): Omit<Message, "withdrawn"> {
  return { id: 1, role: "user", author, text, created_at: createdAt, client_key: TASK_KEY };
}

/**
 * Reads one batch of items, which messages are not among.
 *
 * @param after the id of the item before the first one; 0 for the start
 * @returns oldest first; none if there are no more
 * @throws if the session's object cannot be reached, or the session was deleted
 */
export async function readItems(
  env: Env,
  id: string,
  userId: string,
  after: number,
): Promise<Item[]> {
  const answer = await sessionObject(env, id).items(userId, after);
  if (answer.state === "ready") return answer.items;
  if (answer.state === "empty" && after === 0) return [];
  throw new Error(`The session is ${answer.state}`);
}

/**
 * Reads one batch of messages as they were written.
 *
 * @param after the id of the message before the first one; 0 for the start
 * @returns oldest first; none if there are no more
 * @throws if the session's object cannot be reached, or the session was deleted
 */
export async function readMessages(
  env: Env,
  id: string,
  userId: string,
  after: number,
): Promise<Message[]> {
  const answer = await sessionObject(env, id).messages(userId, after);
  if (answer.state === "ready") return answer.messages;
  if (answer.state === "empty" && after === 0) return [];
  throw new Error(`The session is ${answer.state}`);
}
