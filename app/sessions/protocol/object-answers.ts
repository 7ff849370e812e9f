import type { Item, ItemBody, Permission, ToolCall } from "./item";
import type { ReportedStatus } from "./session";

/** A token with which an agent reports into one session. The token itself is not stored, only its hash. */
export interface AgentToken {
  id: number;
  /** The agent's name. */
  name: string;
  /** Epoch milliseconds. */
  created_at: number;
  /** When the token was last used, epoch milliseconds; null if never. */
  used_at: number | null;
}

/** A new token, or why none was created: the session has too many, or the form's key has already created one. */
export type NewToken = { token: string } | { token: undefined; refused: "key-used" | "too-many" };

/** An agent's report: a text, a status, a title for the session, or several of them. */
export interface NewReport {
  text?: string | undefined;
  status?: ReportedStatus | undefined;
  title?: string | undefined;
  /** Instead of a text: an item, or what has changed of the one that was reported with the same key. */
  item?: NewItem | undefined;
  /** The idempotency key: the same report sent again changes nothing. */
  key: string;
}

/** An item as an agent reports it: of a call of a tool, only what has changed. */
export type NewItem =
  | Exclude<ItemBody, ToolCall | Permission>
  | (Pick<ToolCall, "kind"> & {
      [Part in keyof Omit<ToolCall, "kind">]?: ToolCall[Part] | undefined;
    })
  | Pick<Permission, "kind" | "title" | "options">;

/**
 * What the owner's methods of a session's Durable Object return:
 * - `empty`: it has no state (never initialized, or wiped);
 * - `foreign`: the session belongs to another user;
 * - `deleting`: its deletion has begun and will finish by itself;
 * - `ready`: done; `Content` is the result.
 */
export type ObjectAnswer<Content = unknown> =
  | { state: "empty" }
  | { state: "foreign" }
  | { state: "deleting" }
  | ({ state: "ready" } & Content);

/** The ids of what a report has stored: its message, null if it has none; and its item. */
export interface Reported {
  message: number | null;
  item?: number;
}

/** What came of the owner's answer: `item` is the request as it is now; undefined if there is none. */
export interface RequestAnswer {
  item: Item | undefined;
  /** Whether this answer counts: the first one does, while it is asked. */
  isTaken: boolean;
}

/** What came of the owner's wish that a run stops: its runner ends it, or it has ended, now or earlier. */
export type StopOutcome = "stopping" | "stopped" | "over";

/**
 * Why a session's Durable Object refuses new content:
 * - `limited`: too many requests within a minute; `wait` is in milliseconds;
 * - `full`: the session has stored as much as it may (`SESSION_BYTES`).
 */
export type NoRoom = { state: "limited"; wait: number } | { state: "full" };

/**
 * What the agents' methods of a session's Durable Object return:
 * - `refused`: the token is not valid for this session (never was, was revoked or has expired), or there is no such
 *   session;
 * - `deleting`: the session's deletion has begun;
 * - `ready`: done; `Content` is the result.
 */
export type AgentAnswer<Content = unknown> =
  { state: "refused" } | { state: "deleting" } | NoRoom | ({ state: "ready" } & Content);
