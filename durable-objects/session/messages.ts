import {
  BATCH_BYTES,
  BATCH_MESSAGES,
  PAGE_MESSAGES,
  PAGE_TREE_BYTES,
  treeBytes,
  utf8Bytes,
  within,
} from "../../app/sessions/protocol/budgets";
import type { Markdown } from "../../app/sessions/protocol/markdown";
import type { Message, NewMessage, ShownMessage } from "../../app/sessions/protocol/message";
import { parseMarkdown, TREE_VERSION } from "./markdown";
import { readRows, readUpgraded, writeRows } from "./schema";

/** A message with its tree as JSON: what its text was parsed into. */
export type ParsedMessage = Message & { tree: string };

type StoredMessage = Message & { tree: string | null; tree_version: number };

const MESSAGE = "id, role, author, text, created_at, client_key";

/**
 * The messages of a session's object, as they were written and as pages show them. A message is parsed once, when it is
 * written; one that an earlier Ship has parsed, or never did, when it is first shown.
 */
export class Messages {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** @param message with a key that no other has @param now epoch milliseconds */
  add({ role, author, text, client_key }: NewMessage, now: number): ParsedMessage {
    const [message] = writeRows<ParsedMessage>(
      this.#storage,
      `INSERT INTO messages (role, author, text, created_at, client_key, tree, tree_version)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING ${MESSAGE}, tree`,
      ...[role, author, text, now, client_key, treeJson(text), TREE_VERSION],
    );
    return message!;
  }

  /** @returns the messages before the one with this id, the newest that a page has room for, oldest first */
  page(before: number): ShownMessage[] {
    const query = "SELECT * FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?";
    return readUpgraded(this.#storage, () => {
      const newest = this.#parsed(this.#rows(query, before, PAGE_MESSAGES));
      return fitting(newest).reverse().map(renderable);
    });
  }

  /** @returns the messages after the one with this id, oldest first; undefined where they are more than a page shows */
  missed(after: number): ShownMessage[] | undefined {
    const query = "SELECT * FROM messages WHERE id > ? ORDER BY id LIMIT ?";
    return readUpgraded(this.#storage, () => {
      const stored = this.#rows(query, after, PAGE_MESSAGES + 1);
      if (stored.length > PAGE_MESSAGES) return undefined;
      const missed = this.#parsed(stored);
      return fitting(missed).length < missed.length ? undefined : missed.map(renderable);
    });
  }

  /** @returns the newest messages as they were written, as many as a page shows at the most, oldest first */
  newest(): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages ORDER BY id DESC LIMIT ?`;
    return readRows<Message>(this.#storage, query, PAGE_MESSAGES).reverse();
  }

  /** @returns the messages after the one with this id as they were written, the first that a batch has room for */
  after(after: number): Message[] {
    const query = `SELECT ${MESSAGE} FROM messages WHERE id > ? ORDER BY id LIMIT ?`;
    const messages = readRows<Message>(this.#storage, query, after, BATCH_MESSAGES);
    return within(messages, BATCH_BYTES, ({ text }) => utf8Bytes(text));
  }

  /** When the newest message was said, by the clock; 0 where there is none. */
  lastAt(): number {
    const newest = "SELECT created_at FROM messages ORDER BY id DESC LIMIT 1";
    return readRows<{ created_at: number }>(this.#storage, newest)[0]?.created_at ?? 0;
  }

  #rows(query: string, ...values: SqlStorageValue[]): StoredMessage[] {
    return readRows<StoredMessage>(this.#storage, query, ...values);
  }

  /** Keeps a tree that had to be made, unless older storage is only read. */
  #parsed(messages: StoredMessage[]): ParsedMessage[] {
    return messages.map((message) => {
      const { id, text, tree, tree_version } = message;
      if (tree !== null && tree_version === TREE_VERSION) return { ...message, tree };
      const made = treeJson(text);
      const keep = "UPDATE messages SET tree = ?, tree_version = ? WHERE id = ?";
      this.#storage.sql.exec(keep, made, TREE_VERSION, id);
      return { ...message, tree: made };
    });
  }
}

/** @returns a message as a page shows it */
export function renderable({ id, role, author, created_at, client_key, tree }: ParsedMessage) {
  const content = JSON.parse(tree) as Markdown;
  return { id, role, author, created_at, client_key, content } satisfies ShownMessage;
}

function treeJson(text: string): string {
  return JSON.stringify(parseMarkdown(text));
}

function fitting(messages: ParsedMessage[]): ParsedMessage[] {
  return within(messages, PAGE_TREE_BYTES, ({ tree }) => treeBytes(tree));
}
