import type { AgentStatus } from "./session";

/** A token by which an agent reports into one session. The token itself is kept nowhere. */
export interface AgentToken {
  id: number;
  name: string;
  created_at: number;
  used_at: number | null;
}

/** A token that was just made, or why it was not: the session has too many, or the form's key has made one already. */
export type NewToken = { token: string } | { token: undefined; refused: "key-used" | "too-many" };

/** What an agent sends: words, a status, or both. The same key sent again changes nothing. */
export interface NewReport {
  text: string | undefined;
  status: AgentStatus | undefined;
  key: string;
}

/**
 * What every method of a session's Durable Object answers with:
 * - `empty`: it has no state (never initialized, or wiped);
 * - `foreign`: it has state, and belongs to somebody else;
 * - `deleting`: its deletion has begun and will finish by itself;
 * - `ready`: done, with what was asked for.
 */
export type ObjectAnswer<Content = unknown> =
  | { state: "empty" }
  | { state: "foreign" }
  | { state: "deleting" }
  | ({ state: "ready" } & Content);

/**
 * Why a session's Durable Object takes nothing more for now:
 * - `limited`: too much within a minute; `wait` is in milliseconds;
 * - `full`: the session has stored as much as it may.
 */
export type NoRoom = { state: "limited"; wait: number } | { state: "full" };

/**
 * What a session's Durable Object answers an agent with, where there is room:
 * - `refused`: the token is not one of this session's (never was, or was revoked), or there is no such session;
 * - `deleting`: the session's deletion has begun.
 */
export type AgentAnswer<Content = unknown> =
  { state: "refused" } | { state: "deleting" } | NoRoom | ({ state: "ready" } & Content);
