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
}

/** A message to be stored. */
export type NewMessage = Pick<Message, "role" | "author" | "text" | "client_key">;

/** A message as a page shows it, with its text parsed. */
export type ShownMessage = Omit<Message, "text"> & { content: Markdown };
