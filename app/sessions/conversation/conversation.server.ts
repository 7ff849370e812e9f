/** What the loaders read beside the list. Every query takes the owner. Times are epoch milliseconds. */
import { sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import type { Message, ShownMessage } from "../protocol/message";
import type { AgentToken } from "../protocol/object-answers";
import { agentReport, type AgentReport } from "../protocol/session";

/** A part of a session's conversation, or why there is none to show. */
export type ConversationPage =
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
): Promise<ConversationPage> {
  const answer = await attempt(
    "conversation",
    async () => await sessionObject(env, id).conversation(userId, before),
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
  const answer = await sessionObject(env, id).messages(userId, after);
  if (answer.state === "ready") return answer.messages;
  if (answer.state === "empty" && after === 0) return [];
  throw new Error(`The session is ${answer.state}`);
}
