/** What an open page knows of a conversation, and how it takes what comes. No React. */
import { openRequest, type Item, type ShownItem } from "../../protocol/item";
import type { ShownMessage } from "../../protocol/message";
import { isTextOf, storedText } from "./streamed-text";

/** The items that a page knows. */
export interface KnownItems {
  /** Each once, by id. They are without gaps from the first one that is shown on. */
  items: ShownItem[];
  /** The id of the first item that is shown; earlier ones have changed before they were loaded, and wait for that. */
  from: number;
  /** The requests that were asked when the newest part was loaded, or when they were dropped, and are not in it. */
  asked: Item[];
  /** All changes up to this one are in what is shown. */
  since: number;
  /** Whether changes after `since` were missed that will not come any more: only the newest part is as it is now. */
  missed?: boolean;
}

/**
 * @param items a part of a conversation as it was loaded, oldest first
 * @param asked the requests that are asked and are not among them
 * @returns what a page knows that has only these
 */
export function knownFrom(items: ShownItem[], asked: Item[] = []): KnownItems {
  return { items, from: items[0]?.id ?? 1, asked, since: newestChange(items) };
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
  const all = merge(known.items, changed);
  const items = all.slice(-max);
  const dropped = all.slice(0, all.length - items.length);
  return {
    ...known,
    items,
    from: Math.max(known.from, items.length === max ? items[0]!.id : 0),
    asked: [...newestOf(known.asked, changed), ...openRequests(dropped)],
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
    return {
      items: merge(known.items, part),
      from: first,
      asked: known.asked,
      since: Math.max(known.since, since),
    };
  }
  if (last < known.from && before !== known.from) return known;
  return { ...known, items: merge(known.items, part), from: Math.min(known.from, first) };
}

/** Adds the requests that are asked and are not in the newest part, as they were loaded with it. */
export function takeAsked(known: KnownItems, asked: Item[]): KnownItems {
  return { ...known, asked: newestOf(newestOf(asked, known.asked), known.items) };
}

/** @returns these items, each as it was changed last if the others have it, too */
function newestOf(items: Item[], others: ShownItem[]): Item[] {
  return items.map((item) => {
    const other = others.findLast(({ id }) => id === item.id);
    return other && "body" in other && other.seq > item.seq ? other : item;
  });
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
function newestChange(items: ShownItem[]): number {
  return items.reduce((newest, { seq }) => Math.max(newest, seq), 0);
}

/** @returns the messages among these items */
export function messagesOf(items: ShownItem[]): ShownMessage[] {
  return items.flatMap((item) => ("message" in item ? [item.message] : []));
}

/** @returns the requests that can be answered, oldest first */
export function askedRequests({ asked, items }: KnownItems): Item[] {
  return openRequests(merge(asked, items));
}

function openRequests(items: ShownItem[]): Item[] {
  return items.filter((item): item is Item => !("message" in item) && !!openRequest(item));
}

/** @returns whether a person should be told at once that this item has come */
export function isAnnounced(item: ShownItem): boolean {
  return "message" in item || item.body.kind === "permission" || item.body.kind === "notice";
}

/**
 * @param running the run that is running; undefined if none is
 * @returns the items that a person should be told of: the text that an agent is still writing is not among them
 */
export function announcedItems(items: ShownItem[], running: string | undefined): ShownItem[] {
  const newest = items.findLast((item) => !("message" in item && item.message.role === "user"));
  return items.filter((item) => {
    if (!isAnnounced(item)) return false;
    const text = storedText(item);
    const isOfRunning = text && running !== undefined && isTextOf(text.id, running);
    return !isOfRunning || item.id < newest!.id;
  });
}

/** @param handled see `RunReport` @returns whether an item is a message of the owner that waits for a run */
export function isQueued(item: ShownItem, handled: number | null): boolean {
  if (!("message" in item) || handled === null) return false;
  const { id, role, withdrawn } = item.message;
  return role === "user" && id > handled && !withdrawn;
}
