import { SESSION_BYTES } from "../../app/sessions/protocol/budgets";
import type { SessionMetadata, SessionRow } from "../../app/sessions/protocol/session";
import type { AgentToken, NewReport } from "../../app/sessions/protocol/object-answers";
import type { NewMessage } from "../../app/sessions/protocol/message";
import { Messages, type ParsedMessage } from "./messages";
import { FIRST_SCHEMA, readRows, upgrade, writeRows } from "./schema";

/** The one row of the table `state`, with how many tokens there are. */
export type State = SessionMetadata & {
  /** Random, made anew by every initialization: tells a state from one that was wiped and made again. */
  generation: string;
  /** 1 from the moment at which deletion has begun; never 0 again. */
  deleting: 0 | 1;
  /** For when the alarm was last set, epoch milliseconds. */
  alarm_at: number;
};

/** What is counted by the minute, in milliseconds. */
const MINUTE = 60_000;

/** A token by which nothing was asked for so long, in milliseconds, has ended. */
const TOKEN_LIFE = 90 * 24 * 60 * MINUTE;
/** The tokens that nothing was asked by since a time, which is the parameter. */
const UNUSED = "coalesce(used_at, created_at) <= ?";

/** The minute that began with the first of what is counted. */
interface Window {
  window_at: number;
  window_count: number;
}

/** A key of a report without words is remembered this long: longer than anybody sends it again. */
const REPORT_KEPT = 24 * 60 * MINUTE;

/**
 * What a session's object has stored: its state, messages and agents' tokens. Every method is synchronous, so that what an
 * object does in one turn is one transaction. Times are epoch milliseconds.
 */
export class SessionStorage {
  readonly messages: Messages;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.messages = new Messages(storage);
    this.#storage = storage;
  }

  /** @returns undefined where nothing is stored */
  state(): State | undefined {
    const made = "SELECT 1 FROM sqlite_master WHERE name = 'state'";
    if (this.#storage.sql.exec(made).toArray().length === 0) return undefined;
    const query = "SELECT *, (SELECT count(*) FROM agent_tokens) AS agent_tokens FROM state";
    return this.#read<State>(query)[0];
  }

  /** Makes the state of a session, with this generation, from its row. */
  make(row: SessionRow, deleting: 0 | 1): void {
    const { sql } = this.#storage;
    sql.exec(FIRST_SCHEMA);
    sql.exec(
      `INSERT INTO state (id, user_id, repo_owner, repo_name, created_at, last_activity,
         message_count, generation, deleting, alarm_at)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 0)`,
      row.id,
      row.user_id,
      row.repo_owner,
      row.repo_name,
      row.created_at,
      row.last_activity,
      crypto.randomUUID(),
      deleting,
    );
    upgrade(this.#storage);
  }

  markDeleting(): void {
    this.#write("UPDATE state SET deleting = 1");
  }

  setAlarmAt(at: number): void {
    this.#write("UPDATE state SET alarm_at = ?", at);
  }

  setLastActivity(at: number): void {
    this.#write("UPDATE state SET last_activity = ?", at);
  }

  /** Whether there is no room for more than what deleting takes. */
  get isFull(): boolean {
    return this.#storage.sql.databaseSize >= SESSION_BYTES;
  }

  /** @returns what a message or report with this key was kept as: its message, or null for a status alone */
  findKey(key: string, now: number): { message: number | null } | undefined {
    const query = `SELECT id AS message FROM messages WHERE client_key = ?
      UNION ALL SELECT NULL FROM agent_reports WHERE client_key = ? AND at >= ?`;
    return this.#read<{ message: number | null }>(query, key, key, now - REPORT_KEPT)[0];
  }

  /** @param message with a key that nothing was kept by */
  append(message: NewMessage, now: number): ParsedMessage {
    const added = this.messages.add(message, now);
    this.#write("UPDATE state SET message_count = message_count + 1");
    this.#touch(now);
    return added;
  }

  /**
   * Keeps what an agent reports, with the words as a message of the token's name.
   *
   * @param key one that nothing was kept by
   * @returns the message that its words are
   */
  report(
    { name }: AgentToken,
    { text, status }: NewReport,
    key: string,
    now: number,
  ): ParsedMessage | undefined {
    if (text === undefined) {
      this.#rememberReport(key, now);
      this.#reported(status, undefined, now);
      return undefined;
    }
    const message = this.append({ role: "agent", author: name, text, client_key: key }, now);
    this.#reported(status, message.id, now);
    return message;
  }

  /**
   * Keeps a token by its hash. The form's key is an idempotency key, and names one token: sent again with the same name,
   * it replaces that token as long as nobody has used it, because the answer that showed it may have been lost.
   *
   * @returns `added`; otherwise nothing was changed: `key-used` where the key names a token that is used or has another
   *   name, `too-many` where there are `limit` tokens
   */
  addToken(
    { name, hash, formKey }: { name: string; hash: string; formKey: string },
    limit: number,
    now: number,
  ): "added" | "key-used" | "too-many" {
    const query = `
      INSERT INTO agent_tokens (name, hash, form_key, created_at) SELECT ?, ?, ?, ?
      WHERE (SELECT count(*) FROM agent_tokens WHERE form_key <> ?) < ?
      ON CONFLICT (form_key) DO UPDATE SET hash = excluded.hash
      WHERE used_at IS NULL AND name = excluded.name RETURNING id`;
    if (this.#write(query, name, hash, formKey, now, formKey, limit).length > 0) return "added";
    const sameKey = this.#read("SELECT id FROM agent_tokens WHERE form_key = ?", formKey);
    return sameKey.length > 0 ? "key-used" : "too-many";
  }

  /** @returns the tokens that work, oldest first */
  tokens(now: number): AgentToken[] {
    const query = `SELECT id, name, created_at, used_at FROM agent_tokens
      WHERE NOT ${UNUSED} ORDER BY id`;
    return this.#read<AgentToken>(query, now - TOKEN_LIFE);
  }

  /** @returns the token with this hash, if it works */
  findToken(hash: string, now: number): AgentToken | undefined {
    const query = `SELECT id, name, created_at, used_at FROM agent_tokens
      WHERE hash = ? AND NOT ${UNUSED}`;
    return this.#read<AgentToken>(query, hash, now - TOKEN_LIFE)[0];
  }

  /** From here on no token works. @returns the ids of those that did */
  removeAllTokens(): number[] {
    return this.#write<{ id: number }>("DELETE FROM agent_tokens RETURNING id").map(({ id }) => id);
  }

  /** Removes the tokens that have ended because nobody used them. @returns their ids */
  removeUnusedTokens(now: number): number[] {
    const query = `DELETE FROM agent_tokens WHERE ${UNUSED} RETURNING id`;
    return this.#write<{ id: number }>(query, now - TOKEN_LIFE).map(({ id }) => id);
  }

  /** From here on the token does not work. */
  removeToken(id: number): void {
    this.#write("DELETE FROM agent_tokens WHERE id = ?", id);
  }

  /**
   * Counts a request of a token's, if it is one of at most `limit` in a minute.
   *
   * @returns 0 where it was counted; otherwise how long to wait, in milliseconds
   */
  countRequest(token: AgentToken, limit: number, now: number): number {
    const query = "SELECT window_at, window_count FROM agent_tokens WHERE id = ?";
    const [window] = this.#read<Window>(query, token.id);
    const { wait, window_at, window_count } = counted(window!, limit, now);
    if (wait > 0) return wait;
    this.#write(
      "UPDATE agent_tokens SET used_at = ?, window_at = ?, window_count = ? WHERE id = ?",
      ...[now, window_at, window_count, token.id],
    );
    return 0;
  }

  /** The same for a message of the owner's. */
  countMessage(limit: number, now: number): number {
    const [window] = this.#read<Window>("SELECT window_at, window_count FROM state");
    const { wait, window_at, window_count } = counted(window!, limit, now);
    if (wait > 0) return wait;
    this.#write("UPDATE state SET window_at = ?, window_count = ?", window_at, window_count);
    return 0;
  }

  /** Old keys are forgotten on the way. */
  #rememberReport(key: string, now: number): void {
    this.#write("DELETE FROM agent_reports WHERE at < ?", now - REPORT_KEPT);
    this.#write("INSERT INTO agent_reports (client_key, at) VALUES (?, ?)", key, now);
  }

  #reported(status: NewReport["status"], message: number | undefined, now: number): void {
    this.#write(
      `UPDATE state SET agent_status = coalesce(?, agent_status), agent_at = ?,
         agent_message = coalesce(?, agent_message)`,
      status ?? null,
      now,
      message ?? null,
    );
    if (message === undefined) this.#touch(now);
  }

  /** Always later than the last time, so that a report of fewer messages can never pass for the newest. */
  #touch(now: number): void {
    this.#write("UPDATE state SET last_activity = max(?, last_activity + 1)", now);
  }

  #read<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return readRows(this.#storage, query, ...values);
  }

  #write<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return writeRows(this.#storage, query, ...values);
  }
}

/** @returns the window with one more in it, or how long to wait; a clock that has gone back begins another window */
function counted({ window_at, window_count }: Window, limit: number, now: number) {
  const isOver = now >= window_at + MINUTE || now < window_at;
  if (isOver) return { window_at: now, window_count: 1, wait: 0 };
  const wait = window_count < limit ? 0 : window_at + MINUTE - now;
  return { window_at, window_count: window_count + 1, wait };
}
