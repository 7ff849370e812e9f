import { PAGE_TREE_BYTES, treeBytes, within } from "../../../app/sessions/protocol/budgets";
import type { Item, ItemBody, Permission, ShownItem } from "../../../app/sessions/protocol/item";
import { renderable, type ParsedMessage } from "./messages";

/** A row of the table `items`; `body` is JSON, or null for a message, which has its id in `message`. */
export type ItemRow = Omit<Item, "body"> & {
  message: number | null;
  key: string | null;
  body: string | null;
};

/** @returns the item that a row is; it must not be a message's */
export function itemOf({ id, seq, run, key, author, created_at, updated_at, body }: ItemRow): Item {
  const ofRun = run === null ? null : key!.slice(run.length + 1);
  return {
    ...{ id, seq, run, key: ofRun, author, created_at, updated_at },
    body: JSON.parse(body!) as ItemBody,
  };
}

/** @param id its place @param seq the number of its last change @returns a message as pages show it */
export function shownMessage(message: ParsedMessage, id: number, seq = id): ShownItem {
  return { id, seq, message: renderable(message) };
}

/** @returns whether two requests ask the same */
export function isSameRequest(one: ItemBody, other: ItemBody): boolean {
  if (one.kind !== "permission" || other.kind !== "permission") return false;
  const asked = ({ title, options }: Permission) => JSON.stringify([title, options]);
  return asked(one) === asked(other);
}

/** @returns the size of an item on a page, in bytes */
export function sizeOf(item: ShownItem): number {
  return treeBytes(JSON.stringify("message" in item ? item.message.content : item.body));
}

/** @returns the first items, as many as fit on a page */
export function fitting(items: ShownItem[]): ShownItem[] {
  return within(items, PAGE_TREE_BYTES, sizeOf);
}
