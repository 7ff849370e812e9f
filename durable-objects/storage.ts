import type {
  AgentToken,
  Message,
  NewMessage,
  NewReport,
  SessionMetadata,
  SessionRow,
} from "../app/sessions/session";
import { FIRST_SCHEMA, readUpgraded, upgrade } from "./schema";

/** The one row of the table `state`, with how many tokens there are. */
export type State = SessionMetadata & {
  /** Random, made anew by every initialization: tells a state from one that was wiped and made again. */
  generation: string;
  /** 1 from the moment at which deletion has begun; never 0 again. */
  deleting: 0 | 1;
  /** For when the alarm was last set, epoch milliseconds. */
  alarm_at: number;
};

type Row<Shape> = Record<string, SqlStorageValue> & Shape;

const MESSAGE = "id, role, author, text, created_at, client_key";

/** A token's requests are counted by the minute, in milliseconds. */
const MINUTE = 60_000;

/** A token by which nothing was asked for so long, in milliseconds, has ended. */
const TOKEN_LIFE = 90 * 24 * 60 * MINUTE;
/** The tokens that nothing was asked by since a time, which is the parameter. */
const UNUSED = "coalesce(used_at, created_at) <= ?";

/** A key of a report without words is remembered this long: longer than anybody sends it again. */
const REPORT_KEPT = 24 * 60 * MINUTE;

/**
 * What a session's object has stored: its state, messages and agents' tokens. Every method is synchronous, so that what an
 * object does in one turn is one transaction. Times are epoch milliseconds.
 */
export class SessionStorage {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
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

  /** @returns the message as it is kept; undefined where its key was seen before, and nothing was added */
  append({ role, author, text, client_key }: NewMessage, now: number): Message | undefined {
    const [message] = this.#write<Message>(
      `INSERT INTO messages (role, author, text, created_at, client_key) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (client_key) DO NOTHING RETURNING ${MESSAGE}`,
      role,
      author,
      text,
      now,
      client_key,
    );
    if (message) {
      this.#write("UPDATE state SET message_count = message_count + 1");
      this.#touch(now);
    }
    return message;
  }

  /** @returns the message with this key */
  messageByKey(key: string): Message | undefined {
    return this.#read<Message>(`SELECT ${MESSAGE} FROM messages WHERE client_key = ?`, key)[0];
  }

  /** @returns at most `limit` messages before the one with this id, the newest of them, oldest first */
  messagesBefore(before: number, limit: number): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?`;
    return this.#read<Message>(query, before, limit).reverse();
  }

  /** @returns at most `limit` messages after the one with this id, oldest first */
  messagesAfter(after: number, limit: number): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages WHERE id > ? ORDER BY id LIMIT ?`;
    return this.#read<Message>(query, after, limit);
  }

  /**
   * Keeps what an agent reports, with the words as a message of the token's name.
   *
   * @returns the message that these words are, now or since the same key was sent before; and whether anything is new
   */
  report(
    token: AgentToken,
    report: NewReport,
    now: number,
  ): { message: Message | undefined; isNew: boolean } {
    const client_key = `agent ${token.id} ${report.key}`; // Each token has its own keys.
    const { text, status } = report;
    if (text === undefined) {
      const isNew = this.#rememberReport(client_key, now);
      if (isNew) this.#reported({ status, message: undefined }, now);
      return { message: undefined, isNew };
    }
    const message = this.append({ role: "agent", author: token.name, text, client_key }, now);
    if (message) this.#reported({ status, message: message.id }, now);
    return { message: message ?? this.messageByKey(client_key), isNew: message !== undefined };
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
   * Counts a request of a token's, if it is one of at most `limit` in the minute that began with the first of them.
   *
   * @returns 0 where it was counted; otherwise how long to wait, in milliseconds
   */
  countRequest(token: AgentToken, limit: number, now: number): number {
    const [{ window_at, window_count } = { window_at: 0, window_count: 0 }] = this.#read<{
      window_at: number;
      window_count: number;
    }>("SELECT window_at, window_count FROM agent_tokens WHERE id = ?", token.id);
    const fresh = now - window_at >= MINUTE;
    if (!fresh && window_count >= limit) return window_at + MINUTE - now;
    this.#write(
      "UPDATE agent_tokens SET used_at = ?, window_at = ?, window_count = ? WHERE id = ?",
      now,
      fresh ? now : window_at,
      fresh ? 1 : window_count + 1,
      token.id,
    );
    return 0;
  }

  /** When the newest message was said, by the clock; 0 where there is none. */
  lastMessageAt(): number {
    const newest = "SELECT created_at FROM messages ORDER BY id DESC LIMIT 1";
    return this.#read<{ created_at: number }>(newest)[0]?.created_at ?? 0;
  }

  /** @returns whether the key is new; old ones are forgotten on the way */
  #rememberReport(client_key: string, now: number): boolean {
    this.#write("DELETE FROM agent_reports WHERE at < ?", now - REPORT_KEPT);
    const query = `INSERT INTO agent_reports (client_key, at) VALUES (?, ?)
      ON CONFLICT (client_key) DO NOTHING RETURNING at`;
    return this.#write(query, client_key, now).length > 0;
  }

  #reported(
    { status, message }: Pick<NewReport, "status"> & { message: number | undefined },
    now: number,
  ): void {
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

  /** Reads older storage as if it were up to date, and leaves it as it is. */
  #read<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return readUpgraded(this.#storage, () =>
      this.#storage.sql.exec<Row<Shape>>(query, ...values).toArray(),
    );
  }

  /** Brings older storage up to date first. */
  #write<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    upgrade(this.#storage);
    return this.#storage.sql.exec<Row<Shape>>(query, ...values).toArray();
  }
}
