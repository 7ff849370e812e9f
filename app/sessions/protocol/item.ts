/**
 * The items of a conversation: messages, and what agents do between them. Object, page and agents' API share these types.
 * Times are epoch milliseconds; sizes are bytes of UTF-8.
 */
import { utf8Bytes } from "./budgets";
import type { ShownMessage } from "./message";

/** The maximum of an item's texts together; longer ones are cut, with a note of how much is missing. */
export const ITEM_BYTES = 64 * 1024;

/** What an agent says to itself, in Markdown. */
export interface Thought {
  kind: "thought";
  text: string;
}

/** What a tool does; the words are those of the Agent Client Protocol. */
export type ToolKind =
  | "read"
  | "edit"
  | "delete"
  | "move"
  | "search"
  | "execute"
  | "think"
  | "fetch"
  | "switch_mode"
  | "other";

export type ToolStatus = "pending" | "in_progress" | "completed" | "failed";

/** A part of what a tool has produced: words about it, a change of a file, or its output. */
export type ToolContent =
  | { type: "text"; text: string }
  | { type: "diff"; path: string; old: string; new: string }
  | { type: "output"; text: string };

/** A call of a tool. */
export interface ToolCall {
  kind: "tool";
  title: string;
  tool: ToolKind;
  status: ToolStatus;
  content: ToolContent[];
  /** Files that it concerns. */
  locations: { path: string; line?: number | undefined }[];
}

/** What an option of a request does; "always" also answers later requests of the same kind. */
export type OptionKind = "allow_once" | "allow_always" | "reject_once" | "reject_always";

export interface PermissionOption {
  id: string;
  name: string;
  kind: OptionKind;
}

/** A question that only the owner may answer, by one of its options. The first answer wins. */
export interface Permission {
  kind: "permission";
  /** What is asked. */
  title: string;
  options: PermissionOption[];
  state: "open" | "answered" | "expired";
  /** The id of the chosen option, and who chose it; only if it is answered. */
  option?: string | undefined;
  by?: string | undefined;
}

/** What an agent is going to do; a newer plan replaces it as a whole. */
export interface Plan {
  kind: "plan";
  entries: {
    content: string;
    priority: "high" | "medium" | "low";
    status: "pending" | "in_progress" | "completed";
  }[];
}

/** What has changed in the files. */
export interface Changes {
  kind: "changes";
  branch: string;
  base: string;
  files: { path: string; added: number; removed: number }[];
  /** A unified diff. */
  patch: string;
  /** How many files and lines of the patch are not in it. */
  missing: { files: number; lines: number };
  /** The address of the pull request. */
  pullRequest?: string | undefined;
}

/** What happened to the agent itself, such as that it was started or has died. */
export interface Notice {
  kind: "notice";
  severity: "info" | "warning" | "error";
  text: string;
}

/** The content of every item but a message, whose text is in the table of messages. */
export type ItemBody = Thought | ToolCall | Permission | Plan | Changes | Notice;

/** What every item has, a message too. */
interface Place {
  /** Its place in the conversation: ascends, never changes. */
  id: number;
  /** The number of its last change: every insert and update takes the next one of the session. */
  seq: number;
}

/** An item but a message, as pages show it and agents get it. */
export interface Item extends Place {
  /** The run that it belongs to; null if an agent reported it by its token. */
  run: string | null;
  /** Its key within the run; null if it belongs to none. */
  key: string | null;
  /** The name of the agent. */
  author: string;
  created_at: number;
  updated_at: number;
  body: ItemBody;
}

/** An item of a conversation as a page shows it; a message has the id that messages have among themselves, too. */
export type ShownItem = Item | (Place & { message: ShownMessage });

/** @returns the open request of an item; undefined if it is none, or is not asked any more */
export function openRequest({ body }: Pick<Item, "body">): Permission | undefined {
  return body.kind === "permission" && body.state === "open" ? body : undefined;
}

/**
 * Cuts a text to a size, at the end of a character.
 *
 * @returns the text with a note of how many bytes are missing, if any are
 */
export function cutText(text: string, bytes: number): string {
  const size = utf8Bytes(text);
  if (size <= bytes) return text;
  const kept = new TextDecoder().decode(new TextEncoder().encode(text).slice(0, bytes));
  return `${kept.replace(/\uFFFD+$/, "")}\n… ${size - bytes} bytes more`;
}

/** @returns whether `cutText` has cut a text */
export function isCut(text: string): boolean {
  return /\n… \d+ bytes more$/.test(text);
}
