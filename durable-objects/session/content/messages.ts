import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  PAGE_MESSAGES,
  utf8Bytes,
  within,
} from "../../../app/sessions/protocol/budgets";
import { isCut } from "../../../app/sessions/protocol/item";
import type { Markdown } from "../../../app/sessions/protocol/markdown";
import {
  isOfRun,
  type Message,
  type NewMessage,
  type ShownMessage,
} from "../../../app/sessions/protocol/message";
import { FRAME_BYTES, type QueuedMessage } from "../../../app/sessions/protocol/run-frames";
import { TASK_KEY } from "../../../app/sessions/protocol/session";
import { parseMarkdown, TREE_VERSION } from "./markdown";
import { readRows, writeRows } from "../schema";

/** A message with the tree of its parsed text, as JSON. */
export type ParsedMessage = Message & { tree: string; withdrawn: 0 | 1 };

type StoredMessage = Message & { tree: string | null; tree_version: number; withdrawn: 0 | 1 };

const MESSAGE = "id, role, author, text, created_at, client_key, withdrawn";

/** SQL condition: the message is one that a run gets, and that was not taken back. */
const WAITS = "role = 'user' AND withdrawn = 0";

/**
 * The messages of a session, as they were written and as pages show them. A message is parsed once, when it is written.
 * A message whose tree is missing, or was created by an older version of the parser, is parsed when it is read for a
 * page.
 */
export class Messages {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Stores a message. @param message its key must be unused @param now epoch milliseconds */
  add({ role, author, text, client_key }: NewMessage, now: number): ParsedMessage {
    const [message] = writeRows<ParsedMessage>(
      this.#storage,
      `INSERT INTO messages (role, author, text, created_at, client_key, tree, tree_version)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING ${MESSAGE}, tree`,
      ...[role, author, text, now, client_key, treeJson(text), TREE_VERSION],
    );
    return message!;
  }

  /** Stores another text of a message. @returns the message as it is now */
  change({ id }: Message, text: string): ParsedMessage {
    const update = `UPDATE messages SET text = ?, tree = ?, tree_version = ? WHERE id = ?
      RETURNING ${MESSAGE}, tree`;
    const values = [text, treeJson(text), TREE_VERSION, id];
    return writeRows<ParsedMessage>(this.#storage, update, ...values)[0]!;
  }

  /** @returns the message with this idempotency key; undefined if there is none */
  withKey(key: string): Message | undefined {
    const query = `SELECT ${MESSAGE} FROM messages WHERE client_key = ?`;
    return readRows<Message>(this.#storage, query, key)[0];
  }

  /** @returns the id of the first message that `queued` has; undefined if it has none */
  nextQueued(handled: number): number | undefined {
    const query = `SELECT id FROM messages WHERE id > ? AND ${WAITS} ORDER BY id LIMIT 1`;
    return readRows<{ id: number }>(this.#storage, query, handled)[0]?.id;
  }

  /** @returns the owner's messages after the one with this id, but those taken back: oldest first, at most a frame's */
  queued(handled: number): QueuedMessage[] {
    const query = `SELECT id, author, text, created_at FROM messages
      WHERE id > ? AND ${WAITS} ORDER BY id LIMIT ?`;
    const queued = readRows<QueuedMessage>(this.#storage, query, handled, BATCH_MESSAGES);
    return within(queued, FRAME_BYTES, ({ text }) => utf8Bytes(JSON.stringify(text)));
  }

  /** @returns the id of the owner's newest message that an agent's message follows; 0 if there is none */
  newestAnswered(): number {
    const query = `SELECT max(id) AS id FROM messages
      WHERE role = 'user' AND id < (SELECT max(id) FROM messages WHERE role = 'agent')`;
    return readRows<{ id: number | null }>(this.#storage, query)[0]?.id ?? 0;
  }

  /** Takes back a message of the owner that waits. @returns it as it is now; undefined if it does not wait */
  withdraw(id: number, handled: number): ParsedMessage | undefined {
    const update = `UPDATE messages SET withdrawn = 1
      WHERE id = ? AND id > ? AND ${WAITS} RETURNING *`;
    const [withdrawn] = writeRows<StoredMessage>(this.#storage, update, id, handled);
    return withdrawn && this.#parsed([withdrawn])[0];
  }

  /** @returns whether a message was taken back */
  isWithdrawn(id: number): boolean {
    const query = "SELECT 1 FROM messages WHERE id = ? AND withdrawn = 1";
    return readRows(this.#storage, query, id).length > 0;
  }

  /** @returns at most this many messages before the one with this id, newest first; call it in `readUpgraded` */
  before(id: number, count: number): ParsedMessage[] {
    return this.#parsed(
      this.#rows("SELECT * FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?", id, count),
    );
  }

  /** @returns the messages with these ids, in any order; call it in `readUpgraded` */
  byIds(ids: number[]): ParsedMessage[] {
    const query = "SELECT * FROM messages WHERE id IN (SELECT value FROM json_each(?))";
    return this.#parsed(this.#rows(query, JSON.stringify(ids)));
  }

  /** @returns the messages after the first id up to the second, oldest first, without their texts */
  between(after: number, last: number): Pick<Message, "id" | "author" | "created_at">[] {
    const query = `SELECT id, author, created_at FROM messages WHERE id > ? AND id <= ? ORDER BY id`;
    return readRows<Message>(this.#storage, query, after, last);
  }

  /** @returns the newest messages as they were written, at most `PAGE_MESSAGES`, oldest first */
  newest(): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages ORDER BY id DESC LIMIT ?`;
    return readRows<Message>(this.#storage, query, PAGE_MESSAGES).reverse();
  }

  /** @returns the first messages after the one with this id as they were written, as many as fit into a batch */
  after(after: number): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages WHERE id > ? ORDER BY id LIMIT ?`;
    const messages = readRows<Message>(this.#storage, query, after, BATCH_MESSAGES);
    return within(messages, BATCH_BYTES, ({ text }) => utf8Bytes(text));
  }

  /**
   * @returns when the newest message was written, apart from the task, which is as old as the session whenever it was
   *   taken; epoch milliseconds; 0 if there is none
   */
  lastAt(): number {
    const newest = "SELECT created_at FROM messages WHERE client_key <> ? ORDER BY id DESC LIMIT 1";
    return readRows<{ created_at: number }>(this.#storage, newest, TASK_KEY)[0]?.created_at ?? 0;
  }

  #rows(query: string, ...values: SqlStorageValue[]): StoredMessage[] {
    return readRows<StoredMessage>(this.#storage, query, ...values);
  }

  /**
   * Parses the messages that have no current tree, and stores their trees. Inside `readUpgraded` of older storage, that
   * write is rolled back.
   */
  #parsed(messages: StoredMessage[]): ParsedMessage[] {
    return messages.map((message) => {
      const { id, text, tree, tree_version } = message;
      if (tree !== null && tree_version === TREE_VERSION) return { ...message, tree };
      const parsed = treeJson(text);
      const update = "UPDATE messages SET tree = ?, tree_version = ? WHERE id = ?";
      this.#storage.sql.exec(update, parsed, TREE_VERSION, id);
      return { ...message, tree: parsed };
    });
  }
}

/** @returns a message as a page shows it */
export function renderable(message: ParsedMessage): ShownMessage {
  const { id, role, author, text, created_at, client_key, tree, withdrawn } = message;
  const content = JSON.parse(tree) as Markdown;
  return {
    ...{ id, role, author, created_at, client_key, content },
    ...(isOfRun(client_key) && !isCut(text) && { length: text.length }),
    ...(withdrawn === 1 && { withdrawn: true }),
  };
}

function treeJson(text: string): string {
  return JSON.stringify(parseMarkdown(text));
}
