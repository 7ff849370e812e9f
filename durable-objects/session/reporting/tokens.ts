import { MINUTE } from "../../../app/sessions/protocol/budgets";
import type { AgentToken } from "../../../app/sessions/protocol/object-answers";
import { countInWindow, type RateWindow } from "../rate-window";
import { readRows, writeRows } from "../schema";

/** How many tokens a session may have, and how many requests each may make in a minute. */
const TOKEN_LIMIT = 20;
const REQUESTS_PER_MINUTE = 120;

/** A token that was not used for this long, in milliseconds, is expired. */
const TOKEN_LIFE = 90 * 24 * 60 * MINUTE;
/** SQL condition: the token was last used, or created, at the time of the parameter or earlier. */
const UNUSED = "coalesce(used_at, created_at) <= ?";

/** The tokens with which agents report into one session, stored as hashes. Times are epoch milliseconds. */
export class Tokens {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /**
   * Stores a token as its hash. The form's idempotency key belongs to one token: the form sent again with the same name
   * replaces that token if it was never used, because the response that showed it may have been lost.
   *
   * @returns `added`; otherwise nothing was changed: `key-used` if the key's token was used or has another name,
   *   `too-many` if the session has as many tokens as it may have
   */
  add(
    { name, hash, formKey }: { name: string; hash: string; formKey: string },
    now: number,
  ): "added" | "key-used" | "too-many" {
    const query = `
      INSERT INTO agent_tokens (name, hash, form_key, created_at) SELECT ?, ?, ?, ?
      WHERE (SELECT count(*) FROM agent_tokens WHERE form_key <> ?) < ?
      ON CONFLICT (form_key) DO UPDATE SET hash = excluded.hash
      WHERE used_at IS NULL AND name = excluded.name RETURNING id`;
    const added = this.#write(query, name, hash, formKey, now, formKey, TOKEN_LIMIT);
    if (added.length > 0) return "added";
    const sameKey = this.#read("SELECT id FROM agent_tokens WHERE form_key = ?", formKey);
    return sameKey.length > 0 ? "key-used" : "too-many";
  }

  /** @returns the tokens that have not expired, oldest first */
  list(now: number): AgentToken[] {
    const query = `SELECT id, name, created_at, used_at FROM agent_tokens
      WHERE NOT ${UNUSED} ORDER BY id`;
    return this.#read<AgentToken>(query, now - TOKEN_LIFE);
  }

  /** @returns the token with this hash, unless it has expired */
  find(hash: string, now: number): AgentToken | undefined {
    const query = `SELECT id, name, created_at, used_at FROM agent_tokens
      WHERE hash = ? AND NOT ${UNUSED}`;
    return this.#read<AgentToken>(query, hash, now - TOKEN_LIFE)[0];
  }

  /** Removes one token, by its id. */
  remove(id: number): void {
    this.#write("DELETE FROM agent_tokens WHERE id = ?", id);
  }

  /** Removes every token. @returns their ids */
  removeAll(): number[] {
    return this.#write<{ id: number }>("DELETE FROM agent_tokens RETURNING id").map(({ id }) => id);
  }

  /** Removes the tokens that have expired. @returns their ids */
  removeExpired(now: number): number[] {
    const query = `DELETE FROM agent_tokens WHERE ${UNUSED} RETURNING id`;
    return this.#write<{ id: number }>(query, now - TOKEN_LIFE).map(({ id }) => id);
  }

  /**
   * Counts a request with a token and stores its time, unless there were too many within a minute.
   *
   * @returns 0 if it was counted; otherwise how long to wait, in milliseconds
   */
  countRequest(token: AgentToken, now: number): number {
    const query = "SELECT window_at, window_count FROM agent_tokens WHERE id = ?";
    const [window] = this.#read<RateWindow>(query, token.id);
    const { wait, window_at, window_count } = countInWindow(window!, REQUESTS_PER_MINUTE, now);
    if (wait > 0) return wait;
    this.#write(
      "UPDATE agent_tokens SET used_at = ?, window_at = ?, window_count = ? WHERE id = ?",
      ...[now, window_at, window_count, token.id],
    );
    return 0;
  }

  #read<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return readRows(this.#storage, query, ...values);
  }

  #write<Shape>(query: string, ...values: SqlStorageValue[]): Shape[] {
    return writeRows(this.#storage, query, ...values);
  }
}
