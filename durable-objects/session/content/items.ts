import {
  PAGE_MESSAGES,
  PAGE_TREE_BYTES,
  treeBytes,
  within,
} from "../../../app/sessions/protocol/budgets";
import {
  openRequest,
  type Item,
  type ItemBody,
  type Permission,
  type ShownItem,
} from "../../../app/sessions/protocol/item";
import type { NewItem } from "../../../app/sessions/protocol/object-answers";
import { bodyOf } from "./new-item";
import { renderable, type Messages, type ParsedMessage } from "./messages";
import { readRows, readUpgraded, writeRows } from "../schema";

/** A row of the table `items`; `body` is JSON, or null for a message, which has its id in `message`. */
type ItemRow = Omit<Item, "body"> & {
  message: number | null;
  key: string | null;
  body: string | null;
};

/** A message with its place among the items, as pages show it. */
export interface Placed {
  message: ParsedMessage;
  shown: ShownItem;
}

/** How many items a batch has for an agent or an export. */
const BATCH_ITEMS = 100;

/**
 * The items of a session in the order of the conversation, with one number for every change. A message has a row here
 * for its place only; messages from before there were items have none, and stand before all others with their own ids.
 */
export class Items {
  readonly #storage: DurableObjectStorage;
  readonly #messages: Messages;

  constructor(storage: DurableObjectStorage, messages: Messages) {
    this.#storage = storage;
    this.#messages = messages;
  }

  /** Gives a message that was just stored its place. @returns it as pages show it */
  place(message: ParsedMessage): ShownItem {
    this.#placeUpTo(message.id - 1);
    const seq = this.#nextSeq(message.id);
    this.#insertMessage(message, seq);
    return { id: seq, seq, message: renderable(message) };
  }

  /**
   * Stores what an agent reports: a new item, or what has changed of the one with this key.
   *
   * @param key unique among the session's items
   * @returns all items that have changed, this one last
   */
  put(key: string, author: string, reported: NewItem, now: number): Item[] {
    const [before] = this.#rows("SELECT * FROM items WHERE key = ?", key);
    const known = before && itemOf(before);
    const body = bodyOf(reported, known?.body);
    if (!known) return [this.#insert(key, author, body, now)];
    if (known.body.kind !== "permission" && body.kind !== "permission") {
      return [this.update(known, body, now)];
    }
    if (isSameRequest(known.body, body)) return [known];
    // What was asked is not changed: it is not asked any more, and the new item takes its key.
    this.#write("UPDATE items SET key = NULL WHERE id = ?", known.id);
    const old = openRequest(known);
    const expired = old ? [this.update(known, { ...old, state: "expired" }, now)] : [];
    return [...expired, this.#insert(key, author, body, now)];
  }

  /** @returns the item with this id; undefined if there is none, or it is a message */
  find(id: number): Item | undefined {
    const [row] = this.#rows("SELECT * FROM items WHERE id = ? AND body IS NOT NULL", id);
    return row && itemOf(row);
  }

  /** @returns the requests that are or were asked, oldest first @param keys only those whose keys begin with it */
  requests(keys: string): Item[] {
    const query = `SELECT * FROM items WHERE kind = 'permission' AND substr(key, 1, ?) = ? ORDER BY id`;
    return this.#rows(query, keys.length, keys).map(itemOf);
  }

  /** Stores another content of an item. @returns it as it is now */
  update({ id }: Item, body: ItemBody, now: number): Item {
    const update =
      "UPDATE items SET seq = ?, kind = ?, updated_at = ?, body = ? WHERE id = ? RETURNING *";
    const values = [this.#nextSeq(), body.kind, now, JSON.stringify(body), id];
    return itemOf(writeRows<ItemRow>(this.#storage, update, ...values)[0]!);
  }

  /** @returns the newest items before the one with this id, as many as fit on a page, oldest first */
  page(before: number): ShownItem[] {
    const query = "SELECT * FROM items WHERE id < ? ORDER BY id DESC LIMIT ?";
    return readUpgraded(this.#storage, () => {
      const placed = this.#shown(this.#rows(query, before, PAGE_MESSAGES));
      const room = PAGE_MESSAGES - placed.length;
      const old =
        room > 0 ? this.#messages.before(Math.min(before, this.#unplaced() + 1), room) : [];
      return fitting([...placed, ...old.map(unplacedItem)]).reverse();
    });
  }

  /** @returns what has changed after this change, oldest change first; undefined if it does not fit on a page */
  changed(since: number): ShownItem[] | undefined {
    const query = "SELECT * FROM items WHERE seq > ? ORDER BY seq LIMIT ?";
    return readUpgraded(this.#storage, () => {
      const rows = this.#rows(query, since, PAGE_MESSAGES + 1);
      if (rows.length > PAGE_MESSAGES) return undefined;
      const items = this.#shown(rows);
      return fitting(items).length < items.length ? undefined : items;
    });
  }

  /** @returns the items but messages that have changed after this change, oldest change first, at most a batch */
  changedSince(since: number): Item[] {
    const query = "SELECT * FROM items WHERE seq > ? AND body IS NOT NULL ORDER BY seq LIMIT ?";
    return within(this.#rows(query, since, BATCH_ITEMS).map(itemOf), 1024 * 1024, sizeOf);
  }

  /** @returns the items but messages behind the one with this id, at most a batch */
  after(id: number): Item[] {
    const query = "SELECT * FROM items WHERE id > ? AND body IS NOT NULL ORDER BY id LIMIT ?";
    return within(this.#rows(query, id, BATCH_ITEMS).map(itemOf), 1024 * 1024, sizeOf);
  }

  #insert(key: string, author: string, body: ItemBody, now: number): Item {
    const [state] = readRows<{ message_count: number }>(
      this.#storage,
      "SELECT message_count FROM state",
    );
    this.#placeUpTo(state!.message_count);
    const seq = this.#nextSeq();
    const insert = `INSERT INTO items (id, seq, kind, key, author, created_at, updated_at, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`;
    const values = [seq, seq, body.kind, key, author, now, now, JSON.stringify(body)];
    return itemOf(writeRows<ItemRow>(this.#storage, insert, ...values)[0]!);
  }

  /** Places the messages that an earlier version of this code has added since. */
  #placeUpTo(last: number): void {
    const [state] = readRows<{ placed: number }>(this.#storage, "SELECT placed FROM state");
    if (state!.placed >= last) return;
    for (const message of this.#messages.between(state!.placed, last)) {
      this.#insertMessage(message, this.#nextSeq(message.id));
    }
  }

  #insertMessage(
    { id, author, created_at }: Pick<ParsedMessage, "id" | "author" | "created_at">,
    seq: number,
  ) {
    const insert = `INSERT INTO items (id, seq, kind, message, author, created_at, updated_at)
      VALUES (?, ?, 'message', ?, ?, ?, ?)`;
    this.#write(insert, seq, seq, id, author, created_at, created_at);
  }

  /** @param placed the message that is placed by this change, if one is @returns the number of the change */
  #nextSeq(placed: number | null = null): number {
    const next = "UPDATE state SET seq = seq + 1, placed = coalesce(?, placed) RETURNING seq";
    return writeRows<{ seq: number }>(this.#storage, next, placed)[0]!.seq;
  }

  #unplaced(): number {
    const query = "SELECT unplaced FROM state";
    return readRows<{ unplaced: number }>(this.#storage, query)[0]!.unplaced;
  }

  #shown(rows: ItemRow[]): ShownItem[] {
    const ids = rows.flatMap(({ message }) => message ?? []);
    const messages = new Map(this.#messages.byIds(ids).map((message) => [message.id, message]));
    return rows.flatMap((row): ShownItem[] => {
      if (row.message === null) return [itemOf(row)];
      const message = messages.get(row.message);
      return message ? [{ id: row.id, seq: row.seq, message: renderable(message) }] : [];
    });
  }

  #rows(query: string, ...values: SqlStorageValue[]): ItemRow[] {
    return readRows<ItemRow>(this.#storage, query, ...values);
  }

  #write(query: string, ...values: SqlStorageValue[]): void {
    writeRows(this.#storage, query, ...values);
  }
}

function itemOf({ id, seq, run, key, author, created_at, updated_at, body }: ItemRow): Item {
  const about = { id, seq, run, key: run === null ? null : key, author, created_at, updated_at };
  return { ...about, body: JSON.parse(body!) as ItemBody };
}

function unplacedItem(message: ParsedMessage): ShownItem {
  return { id: message.id, seq: 0, message: renderable(message) };
}

function isSameRequest(one: ItemBody, other: ItemBody): boolean {
  if (one.kind !== "permission" || other.kind !== "permission") return false;
  const asked = ({ title, options }: Permission) => JSON.stringify([title, options]);
  return asked(one) === asked(other);
}

function sizeOf(item: ShownItem): number {
  return treeBytes(JSON.stringify("message" in item ? item.message.content : item.body));
}

/** @returns the first items, as many as fit on a page */
function fitting(items: ShownItem[]): ShownItem[] {
  return within(items, PAGE_TREE_BYTES, sizeOf);
}
