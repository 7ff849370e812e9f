import type { Markdown } from "./markdown";

export type MessageRole = "user" | "agent";

/** A message as a session's object stores it. */
export interface Message {
  /** Numbered from 1 within its session, without gaps. */
  id: number;
  role: MessageRole;
  /** The name of the user or the agent. */
  author: string;
  /** Markdown, as it was written. */
  text: string;
  /** Epoch milliseconds. */
  created_at: number;
  /** The idempotency key, created by the sender: the same message sent twice is stored once. */
  client_key: string;
  /** 1 if its owner has taken it back before it was handed to a run; undefined in a message that is new. */
  withdrawn?: 0 | 1;
}

/** A message to be stored. */
export type NewMessage = Pick<Message, "role" | "author" | "text" | "client_key">;

/** A message as a page shows it, with its text parsed. */
export type ShownMessage = Omit<Message, "text" | "withdrawn"> & {
  content: Markdown;
  /** The length of its text in UTF-16 units, if a run has written it and it is not cut: it may still grow. */
  length?: number | undefined;
  /** Whether its owner has taken it back before it was handed to a run. */
  withdrawn?: boolean | undefined;
};

/** @returns the idempotency key of a message that a run writes */
export function runMessageKey(run: string, key: string): string {
  return `run ${run} ${key}`;
}

/** @returns whether a run has written the message with this idempotency key */
export function isOfRun(key: string): boolean {
  return key.startsWith("run ");
}
