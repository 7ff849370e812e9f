/** What a session's Durable Object says on the live sockets. Nothing is said to it but "ping", which is answered "pong". */
import type { Message, ShownMessage } from "./message";
import type { AgentReport, SessionStatus } from "./session";

/** To a page of the owner's. */
export type LiveMessage =
  /** New messages, in order, none left out; and what the agents' last report is by now. */
  | { type: "messages"; messages: ShownMessage[]; agent: AgentReport | null }
  | { type: "agent"; agent: AgentReport | null }
  /** The session's status as its row says it. */
  | { type: "status"; status: SessionStatus }
  /** More has changed than can be told here: the page is to read itself anew. */
  | { type: "changed" };

/** To an agent. */
export type AgentLiveMessage = { type: "messages"; messages: AgentMessage[] };

/** A message as an agent gets it: its text as it was written. */
export type AgentMessage = Omit<Message, "client_key">;

/** To an open list of the owner's: these sessions have changed. */
export type ListMessage = { type: "changed"; sessions: string[] };

/** Why a socket is closed, or refused to a page; it is not to be opened again. The range 4000 to 4999 is an application's own. */
export const CLOSED = {
  signedOut: { code: 4001, reason: "You signed out." },
  revoked: { code: 4003, reason: "This token was revoked." },
  deleted: { code: 4004, reason: "This session was deleted." },
  notFound: { code: 4005, reason: "This session does not exist, or it is not yours." },
  damaged: { code: 4006, reason: "Ship could not tell what this page shows already." },
  unexpected: { code: 4008, reason: "Nothing but “ping” is expected here." },
} as const;

/** How long, in milliseconds, a page may listen until it is checked again who asks. */
export const PAGE_SOCKET_LIFETIME = 60 * 60 * 1000;

/** How a page's socket is closed that is older than that: the page opens another one, which is checked. */
export const CHECK_AGAIN = { code: 4010, reason: "Open it again: who listens is checked hourly." };

/** @returns whether a socket that was closed with this code is not to be opened again */
export function isFinal(code: number): boolean {
  return Object.values(CLOSED).some((closed) => closed.code === code);
}

/** @returns what came over a page's socket; undefined where it is nothing of the above, such as "pong" */
export function parseLiveMessage(data: unknown): LiveMessage | undefined {
  const message = parseJson(data);
  switch (message?.type) {
    case "messages":
      return Array.isArray(message.messages) ? (message as LiveMessage) : undefined;
    case "agent":
    case "status":
    case "changed":
      return message as LiveMessage;
    default:
      return undefined;
  }
}

/** @returns what came over a list's socket; undefined where it is no such message */
export function parseListMessage(data: unknown): ListMessage | undefined {
  const message = parseJson(data);
  return message?.type === "changed" && Array.isArray(message.sessions)
    ? (message as unknown as ListMessage)
    : undefined;
}

function parseJson(data: unknown): ({ type?: unknown } & Record<string, unknown>) | undefined {
  if (typeof data !== "string" || !data.startsWith("{")) return undefined;
  try {
    return JSON.parse(data) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
