import { numberText } from "../../../ui/number";
import type { Item, ShownItem } from "../../protocol/item";

/** A line of a conversation: an item, or several that are folded into one line. */
export type ConversationLine = ShownItem | Item[];

/**
 * Folds an agent's thoughts and tool calls that are over and follow each other, two or more.
 *
 * @param items oldest first
 */
export function foldItems(items: ShownItem[]): ConversationLine[] {
  const lines: ConversationLine[] = [];
  for (const item of items) {
    const before = lines.at(-1);
    const last = Array.isArray(before) ? before.at(-1) : before;
    if (!last || !belongTogether(last, item)) lines.push(item);
    else if (Array.isArray(before)) before.push(item as Item);
    else lines[lines.length - 1] = [last as Item, item as Item];
  }
  return lines;
}

function belongTogether(one: ShownItem, two: ShownItem): boolean {
  return isOver(one) && isOver(two) && one.author === two.author && one.run === two.run;
}

/** Whether an item is a thought, or a tool call that has come to its end. */
function isOver(item: ShownItem): item is Item {
  if ("message" in item) return false;
  const { body } = item;
  if (body.kind === "tool") return body.status === "completed" || body.status === "failed";
  return body.kind === "thought";
}

/** @returns what is folded, such as "6 tool calls, 1 failed", "2 tool calls, 1 thought" */
export function foldText(items: Item[]): string {
  const tools = items.flatMap(({ body }) => (body.kind === "tool" ? [body] : []));
  const failed = tools.filter(({ status }) => status === "failed").length;
  return [
    tools.length > 0 && counted(tools.length, "tool call"),
    tools.length < items.length && counted(items.length - tools.length, "thought"),
    failed > 0 && `${numberText(failed)} failed`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** @returns "1 thought", "2 thoughts" */
export function counted(count: number, what: string): string {
  return `${numberText(count)} ${what}${count === 1 ? "" : "s"}`;
}
