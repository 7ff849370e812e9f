/** What an open page knows of a conversation, and how it takes what comes. No React. */
import { openRequest, type Item, type ShownItem } from "../../protocol/item";
import type { ShownMessage } from "../../protocol/message";

/** The items that a page knows. */
export interface KnownItems {
  /** Each once, by id. They are without gaps from the first one that is shown on. */
  items: ShownItem[];
  /** The id of the first item that is shown; earlier ones have changed before they were loaded, and wait for that. */
  from: number;
  /** All changes up to this one are in what is shown. */
  since: number;
  /** Whether changes after `since` were missed that will not come any more: only the newest part is as it is now. */
  missed?: boolean;
}

/** @param items a part of a conversation as it was loaded, oldest first @returns what a page knows that has only these */
export function knownFrom(items: ShownItem[]): KnownItems {
  return { items, from: items[0]?.id ?? 1, since: newestChange(items) };
}

/** @returns the items that are shown, oldest first */
export function shownItems({ items, from }: KnownItems): ShownItem[] {
  return items.filter(({ id }) => id >= from);
}

/**
 * Adds what came on the socket.
 *
 * @param changed all items that have changed since `known.since`, oldest change first
 * @param max how many of the newest items are kept
 */
export function takeChanges(
  known: KnownItems,
  changed: ShownItem[],
  max = Number.POSITIVE_INFINITY,
): KnownItems {
  const items = merge(known.items, changed).slice(-max);
  return {
    ...known,
    items,
    from: Math.max(known.from, items.length === max ? items[0]!.id : 0),
    since: Math.max(known.since, newestChange(changed)),
  };
}

/**
 * Adds a part of the conversation that was loaded.
 *
 * @param before the id of the item that the part ends before; undefined for the newest part
 * @returns only the newer of the two is shown, if items or changes may be missing in the other
 */
export function takePart(known: KnownItems, part: ShownItem[], before?: number): KnownItems {
  const [first, last] = [part[0]?.id, part.at(-1)?.id];
  if (first === undefined || last === undefined) return known;
  const shown = shownItems(known);
  const newest = shown.at(-1);
  if (!newest || newest.id < first || (known.missed && before === undefined)) {
    const { since } = knownFrom(part);
    return { items: merge(known.items, part), from: first, since: Math.max(known.since, since) };
  }
  if (last < known.from && before !== known.from) return known;
  return { ...known, items: merge(known.items, part), from: Math.min(known.from, first) };
}

/** @returns each item once, by id, as it was changed last; the same object if it has not changed */
function merge(known: ShownItem[], other: ShownItem[]): ShownItem[] {
  const byId = new Map(known.map((item) => [item.id, item]));
  for (const item of other) {
    const before = byId.get(item.id);
    if (!before || before.seq < item.seq) byId.set(item.id, item);
  }
  return [...byId.values()].sort((one, two) => one.id - two.id);
}

/** @returns the number of the newest change of these items; 0 if there are none */
export function newestChange(items: ShownItem[]): number {
  return items.reduce((newest, { seq }) => Math.max(newest, seq), 0);
}

/** @returns the messages among these items */
export function messagesOf(items: ShownItem[]): ShownMessage[] {
  return items.flatMap((item) => ("message" in item ? [item.message] : []));
}

/** @returns the requests among these items that can be answered */
export function openRequests(items: ShownItem[]): Item[] {
  return items.filter((item): item is Item => !("message" in item) && !!openRequest(item));
}

/** @returns whether a person should be told at once that this item has come */
export function isAnnounced(item: ShownItem): boolean {
  return "message" in item || item.body.kind === "permission" || item.body.kind === "notice";
}
