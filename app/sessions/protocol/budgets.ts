/**
 * How much content there may be: the same for every way in and out, whether form, report, socket, page, export or an
 * agent's reading. What is refused for its size is refused at the door, by MESSAGE_BYTES; what is merely too much to format
 * is shown as plain text. Sizes are bytes of UTF-8.
 */

/** The text of one message. */
export const MESSAGE_BYTES = 32 * 1024;

/** What the parser takes and makes of one message: one with more is shown as plain text. */
export const MESSAGE_LINES = 4_000;
export const MESSAGE_TOKENS = 4_000;

/** A page of a conversation, and what a page that reconnects is sent: so many messages, so much of their trees. */
export const PAGE_MESSAGES = 30;
export const PAGE_TREE_BYTES = 256 * 1024;

/** What an agent or an export is given at once: so many messages, so much of their text. */
export const BATCH_MESSAGES = 100;
export const BATCH_BYTES = 1024 * 1024;

/** All that one session stores. Its object could hold ten times as much, and must always have room to be deleted. */
export const SESSION_BYTES = 1_000_000_000;

/**
 * @param tree as JSON
 * @returns how much it weighs on a page: its bytes, where a character that HTML escapes counts as six
 */
export function treeBytes(tree: string): number {
  return utf8Bytes(tree.replace(/[&<>']/g, "&#x27;"));
}

/** @returns the length of a text in UTF-8 */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Takes items while they fit into a budget; the first is taken whatever its size, so that there is always a way on.
 *
 * @param size of an item, in the unit of `budget`
 */
export function within<Item>(items: Item[], budget: number, size: (item: Item) => number): Item[] {
  const taken: Item[] = [];
  let used = 0;
  for (const item of items) {
    used += size(item);
    if (taken.length > 0 && used > budget) break;
    taken.push(item);
  }
  return taken;
}

/** In milliseconds. */
export const MINUTE = 60_000;
