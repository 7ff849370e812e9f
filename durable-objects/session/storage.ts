import { MINUTE, SESSION_BYTES } from "../../app/sessions/protocol/budgets";
import type { NewMessage } from "../../app/sessions/protocol/message";
import type { AgentToken, NewReport } from "../../app/sessions/protocol/object-answers";
import type { SessionMetadata, SessionRow } from "../../app/sessions/protocol/session";
import { Messages, type ParsedMessage } from "./messages";
import { countInWindow, type RateWindow } from "./rate-window";
import { FIRST_SCHEMA, readRows, upgrade, writeRows } from "./schema";
import { Tokens } from "./tokens";

/** The one row of the table `state`, with how many tokens there are. */
export type State = SessionMetadata & {
  /** Random, made anew by every initialization: tells a state from one that was wiped and made again. */
  generation: string;
  /** 1 from the moment at which deletion has begun; never 0 again. */
  deleting: 0 | 1;
  /** For when the alarm was last set, epoch milliseconds. */
  alarm_at: number;
};

/** How many messages the owner may write in a minute. */
const MESSAGES_PER_MINUTE = 120;

/** A key of a report without words is remembered this long: longer than anybody sends it again. */
const REPORT_KEPT = 24 * 60 * MINUTE;

/**
 * What a session's object has stored: its state, messages and agents' tokens. Every method is synchronous, so that what an
 * object does in one turn is one transaction. Times are epoch milliseconds.
 */
export class SessionStorage {
  readonly messages: Messages;
  readonly tokens: Tokens;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.messages = new Messages(storage);
    this.tokens = new Tokens(storage);
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
   * Counts a message of the owner's, unless they have written too many within a minute.
   *
   * @returns 0 if it was counted; otherwise how long to wait, in milliseconds
   */
  countMessage(now: number): number {
    const [window] = this.#read<RateWindow>("SELECT window_at, window_count FROM state");
    const { wait, window_at, window_count } = countInWindow(window!, MESSAGES_PER_MINUTE, now);
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
