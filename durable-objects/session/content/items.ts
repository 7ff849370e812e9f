import { PAGE_MESSAGES, within } from "../../../app/sessions/protocol/budgets";
import {
  openRequest,
  type Item,
  type ItemBody,
  type ShownItem,
} from "../../../app/sessions/protocol/item";
import type { NewItem } from "../../../app/sessions/protocol/object-answers";
import { fitting, isSameRequest, itemOf, shownMessage, sizeOf, type ItemRow } from "./item-rows";
import { bodyOf } from "./new-item";
import type { Messages, ParsedMessage } from "./messages";
import type { Run } from "../runs/runs";
import { readRows, readUpgraded, rolledBack, writeRows } from "../schema";

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
    this.placeAll(message.id - 1);
    const seq = this.nextSeq(message.id);
    this.#insertPlace(message, seq, null);
    return shownMessage(message, seq);
  }

  /** Gives a new message of a run its place, by the number of this change. @returns it as pages show it */
  placeOfRun(message: ParsedMessage, { id }: Run, seq: number): ShownItem {
    this.#write("UPDATE state SET placed = ?", message.id);
    this.#insertPlace(message, seq, id);
    return shownMessage(message, seq);
  }

  /** Stores that a message has changed. @param first the first item among which its place is looked for */
  changeMessage(message: ParsedMessage, first: number, seq = this.nextSeq()): ShownItem {
    const update = `UPDATE items SET seq = ? WHERE id =
      (SELECT id FROM items WHERE id >= ? AND message = ? ORDER BY id DESC LIMIT 1) RETURNING id`;
    const [place] = writeRows<{ id: number }>(this.#storage, update, seq, first, message.id);
    // One from before there were items has no row there, and its own id.
    return shownMessage(message, place?.id ?? message.id, seq);
  }

  /**
   * Stores what an agent reports: a new item, or what has changed of the one with this key.
   *
   * @param key unique among the session's items
   * @returns all items that have changed, this one last
   */
  put(key: string, author: string, reported: NewItem, now: number): Item[] {
    const [before] = this.#rows("SELECT * FROM items WHERE run IS NULL AND key = ?", key);
    const known = before && itemOf(before);
    const body = bodyOf(reported, known?.body);
    const about = { key, run: null, author, body };
    if (!known) return [this.insert(about, now)];
    if (known.body.kind !== "permission" && body.kind !== "permission") {
      return [this.update(known, body, now)];
    }
    if (isSameRequest(known.body, body)) return [known];
    // What was asked is not changed: it is not asked any more, and the new item takes its key.
    this.#write("UPDATE items SET key = NULL WHERE id = ?", known.id);
    const old = openRequest(known);
    const expired = old ? [this.update(known, { ...old, state: "expired" }, now)] : [];
    return [...expired, this.insert(about, now)];
  }

  /** @returns the item of a run with this key, as it is stored; undefined if there is none */
  findOfRun(run: Pick<Run, "id" | "first">, key: string): Item | undefined {
    const query = `SELECT * FROM items WHERE id > ? AND run = ? AND key = ? ORDER BY id DESC LIMIT 1`;
    const [row] = this.#rows(query, run.first, run.id, `${run.id} ${key}`);
    return row && itemOf(row);
  }

  /** @returns the item with this id; undefined if there is none, or it is a message */
  find(id: number): Item | undefined {
    const [row] = this.#rows("SELECT * FROM items WHERE id = ? AND body IS NOT NULL", id);
    return row && itemOf(row);
  }

  /** @returns the requests that are asked, oldest first @param keys only those whose keys, as stored, begin with it */
  openRequests(keys = ""): Item[] {
    const query = `SELECT * FROM items WHERE kind = 'permission'
      AND json_extract(body, '$.state') = 'open' AND substr(key, 1, ?) = ? ORDER BY id`;
    return this.#rows(query, keys.length, keys).map(itemOf);
  }

  /** @returns the requests of a run that the owner has answered */
  answeredOf(run: Pick<Run, "id" | "first">): Item[] {
    const query = `SELECT * FROM items WHERE id > ? AND run = ? AND kind = 'permission'
      AND json_extract(body, '$.state') = 'answered' ORDER BY id`;
    return this.#rows(query, run.first, run.id).map(itemOf);
  }

  /** Stores another content of an item. @returns it as it is now */
  update({ id }: Item, body: ItemBody, now: number, seq?: number): Item {
    if (seq === undefined) this.placeAll();
    const update =
      "UPDATE items SET seq = ?, kind = ?, updated_at = ?, body = ? WHERE id = ? RETURNING *";
    const values = [seq ?? this.nextSeq(), body.kind, now, JSON.stringify(body), id];
    return itemOf(writeRows<ItemRow>(this.#storage, update, ...values)[0]!);
  }

  /** @returns the newest items before the one with this id, as many as fit on a page, oldest first */
  page(before: number): ShownItem[] {
    const query = "SELECT * FROM items WHERE id < ? ORDER BY id DESC LIMIT ?";
    return this.#readPlaced(() => {
      const placed = this.#shown(this.#rows(query, before, PAGE_MESSAGES));
      const room = PAGE_MESSAGES - placed.length;
      const old =
        room > 0 ? this.#messages.before(Math.min(before, this.#unplaced() + 1), room) : [];
      return fitting([
        ...placed,
        ...old.map((message) => shownMessage(message, message.id, 0)),
      ]).reverse();
    });
  }

  /** @returns what has changed after this change, oldest change first; undefined if it does not fit on a page */
  changed(since: number): ShownItem[] | undefined {
    return this.#readPlaced(() => {
      const rows = this.#changedRows(since, PAGE_MESSAGES + 1);
      if (rows.length > PAGE_MESSAGES) return undefined;
      const items = this.#shown(rows);
      return fitting(items).length < items.length ? undefined : items;
    });
  }

  /** @returns the items but messages that have changed after this change, oldest change first, at most a batch */
  changedSince(since: number): Item[] {
    const rows = this.#changedRows(since, BATCH_ITEMS, "body IS NOT NULL");
    return within(rows.map(itemOf), 1024 * 1024, sizeOf);
  }

  /** @returns the items but messages behind the one with this id, at most a batch */
  after(id: number): Item[] {
    const query = "SELECT * FROM items WHERE id > ? AND body IS NOT NULL ORDER BY id LIMIT ?";
    return within(this.#rows(query, id, BATCH_ITEMS).map(itemOf), 1024 * 1024, sizeOf);
  }

  /** Stores a new item at the end of the conversation; its key must be unused. @returns it */
  insert(
    { key, run, author, body }: Pick<Item, "author" | "run" | "body"> & { key: string },
    now: number,
    seq?: number,
  ): Item {
    this.placeAll();
    const id = seq ?? this.nextSeq();
    const insert = `INSERT INTO items (id, seq, kind, run, key, author, created_at, updated_at, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`;
    const stored = run === null ? key : `${run} ${key}`;
    const values = [id, id, body.kind, run, stored, author, now, now, JSON.stringify(body)];
    return itemOf(writeRows<ItemRow>(this.#storage, insert, ...values)[0]!);
  }

  /**
   * Reads what has changed after a change. Items of runs have no index by their changes: they change only while their run
   * is running, so those are looked at that the run of that time, or a later one, has.
   */
  #changedRows(since: number, most: number, also = "TRUE"): ItemRow[] {
    const query = `
      SELECT * FROM items WHERE run IS NULL AND seq > ? AND ${also}
      UNION ALL
      SELECT * FROM items WHERE id > coalesce((SELECT max(first) FROM runs WHERE first <= ?), ?)
        AND run IS NOT NULL AND seq > ? AND ${also}
      ORDER BY seq LIMIT ?`;
    return this.#rows(query, since, since, since, since, most);
  }

  /** Reads as if all messages had their places: those that an earlier version has added get them by the next write. */
  #readPlaced<Result>(read: () => Result): Result {
    return readUpgraded(this.#storage, () => {
      const query = "SELECT 1 FROM state WHERE placed < message_count";
      if (readRows(this.#storage, query).length === 0) return read();
      return rolledBack(this.#storage, () => {
        this.placeAll();
        return read();
      });
    });
  }

  /** Places the messages that an earlier version of this code has added since. @param last undefined for all */
  placeAll(last?: number): void {
    const query = "SELECT placed, coalesce(?, message_count) AS last FROM state";
    const [state] = readRows<{ placed: number; last: number }>(this.#storage, query, last ?? null);
    if (state!.placed >= state!.last) return;
    for (const message of this.#messages.between(state!.placed, state!.last)) {
      this.#insertPlace(message, this.nextSeq(message.id), null);
    }
  }

  #insertPlace(
    { id, author, created_at }: Pick<ParsedMessage, "id" | "author" | "created_at">,
    seq: number,
    run: string | null,
  ): void {
    const insert = `INSERT INTO items (id, seq, kind, message, run, author, created_at, updated_at)
      VALUES (?, ?, 'message', ?, ?, ?, ?, ?)`;
    this.#write(insert, seq, seq, id, run, author, created_at, created_at);
  }

  /** @param placed the message that is placed by this change, if one is @returns the number of the change */
  nextSeq(placed: number | null = null): number {
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
      return message ? [shownMessage(message, row.id, row.seq)] : [];
    });
  }

  #rows(query: string, ...values: SqlStorageValue[]): ItemRow[] {
    return readRows<ItemRow>(this.#storage, query, ...values);
  }

  #write(query: string, ...values: SqlStorageValue[]): void {
    writeRows(this.#storage, query, ...values);
  }
}
