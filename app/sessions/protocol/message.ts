import type { Markdown } from "./markdown";

export type MessageRole = "user" | "agent";

export interface Message {
  /** Counts up from 1 within its session. */
  id: number;
  role: MessageRole;
  author: string;
  text: string;
  created_at: number;
  /** Made where the message was written: the same message sent twice is one message. */
  client_key: string;
}

/** A message as somebody sends it. */
export type NewMessage = Pick<Message, "role" | "author" | "text" | "client_key">;

/** A message as a page shows it: its text parsed. */
export type ShownMessage = Omit<Message, "text"> & { content: Markdown };
