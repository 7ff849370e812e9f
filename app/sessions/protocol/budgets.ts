/**
 * The limits on content, the same for forms, agents' reports, sockets, pages and exports. A message larger than
 * MESSAGE_BYTES is refused; one with too much formatting is shown as plain text. Sizes are bytes of UTF-8.
 */

/** The maximum size of the text of one message. */
export const MESSAGE_BYTES = 32 * 1024;

/**
 * How many lines the Markdown parser reads, and how many tokens it creates; a message with more is shown as plain text.
 */
export const MESSAGE_LINES = 4_000;
export const MESSAGE_TOKENS = 4_000;

/** The maximum of a page of a conversation, and of the messages sent when a page reconnects. */
export const PAGE_MESSAGES = 30;
export const PAGE_TREE_BYTES = 256 * 1024;

/** The maximum of one batch of messages for an agent or an export. */
export const BATCH_MESSAGES = 100;
export const BATCH_BYTES = 1024 * 1024;

/**
 * How much one session may store. Its object could store ten times as much, but must always have room to be deleted.
 */
export const SESSION_BYTES = 1_000_000_000;

/**
 * @param tree a message's Markdown tree as JSON
 * @returns its size in a page's HTML in bytes: a character that HTML escapes counts as six
 */
export function treeBytes(tree: string): number {
  return utf8Bytes(tree.replace(/[&<>']/g, "&#x27;"));
}

/** @returns the length of a text in bytes of UTF-8 */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Takes the first items that fit into a budget together. The very first is always taken, so that paging makes progress.
 *
 * @param size returns the size of an item, in the unit of `budget`
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
