/**
 * The messages that Durable Objects send on live sockets. Clients send only the heartbeat "ping", answered with "pong".
 */
import type { Item, ShownItem } from "./item";
import type { Message } from "./message";
import type { Delta, RunReport } from "./run";
import type { AgentReport, SessionStatus } from "./session";

/** Sent to the owner's open pages of a session. */
export type LiveMessage =
  /** All items that have changed since the last ones sent, oldest change first, and what the agents do now. */
  | { type: "items"; items: ShownItem[]; agent: AgentReport | null; runs?: RunReport | undefined }
  /** What the agents do now, if only that has changed. */
  | { type: "agent"; agent: AgentReport | null; runs?: RunReport | undefined }
  /** A piece of a text that an agent is writing. */
  | ({ type: "delta" } & Delta)
  /** The session's status and title, as stored in its row. */
  | { type: "row"; status: SessionStatus; heading: string | null }
  | RowMessage;

/** Sent to the owner's open pages of a session, about D1's rows. */
export type RowMessage =
  /** How many of the owner's sessions need them, because that has changed. */
  | ({ type: "needs-you" } & NeedsYou)
  /** Something else has changed, or too many messages were missed: the page must reload its data. */
  | { type: "changed" };

/** Sent to agents. */
export type AgentLiveMessage =
  { type: "messages"; messages: AgentMessage[] } | { type: "items"; items: Item[] };

/** A message as an agent receives it, with its text as it was written. */
export type AgentMessage = Omit<Message, "client_key">;

/** How many of a person's sessions needed them at a time, in epoch milliseconds. */
export interface NeedsYou {
  count: number;
  at: number;
}

/** Sent to the owner's open lists: these sessions, by their ids, have changed; `needsYou` is null if it is not known. */
export type ListMessage = { type: "changed"; sessions: string[]; needsYou: NeedsYou | null };

/**
 * The close codes and reasons of sockets that the client must not reopen. Applications may use the codes 4000 to 4999
 * (RFC 6455, section 7.4.2).
 */
export const CLOSED = {
  signedOut: { code: 4001, reason: "You signed out." },
  revoked: { code: 4003, reason: "This token was revoked." },
  deleted: { code: 4004, reason: "This session was deleted." },
  notFound: { code: 4005, reason: "This session does not exist, or it is not yours." },
  damaged: { code: 4006, reason: "Ship could not tell what this page shows already." },
  unexpected: { code: 4008, reason: "Nothing but “ping” is expected here." },
} as const;

/**
 * How long, in milliseconds, a page's socket may be open until the page must reconnect, so that its sign-in is checked.
 */
export const PAGE_SOCKET_LIFETIME = 60 * 60 * 1000;

/** The close code and reason of a page's socket that is older than `PAGE_SOCKET_LIFETIME`; the page reconnects. */
export const CHECK_AGAIN = { code: 4010, reason: "Open it again: who listens is checked hourly." };

/** @returns whether a socket that was closed with this code must not be reopened */
export function isFinal(code: number): boolean {
  return Object.values(CLOSED).some((closed) => closed.code === code);
}

/** @param data received on a session page's socket @returns undefined if it is not a `LiveMessage`, such as "pong" */
export function parseLiveMessage(data: unknown): LiveMessage | undefined {
  const message = parseJson(data);
  switch (message?.type) {
    case "items":
      return Array.isArray(message.items) ? (message as LiveMessage) : undefined;
    case "agent":
    case "delta":
    case "row":
    case "needs-you":
    case "changed":
      return message as LiveMessage;
    default:
      return undefined;
  }
}

/** @param data received on a list's socket @returns undefined if it is not a `ListMessage`, such as "pong" */
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
