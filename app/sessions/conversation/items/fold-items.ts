import { numberText } from "../../../ui/number";
import type { Item, ShownItem } from "../../protocol/item";
import { isolated } from "../../protocol/title";

/** A line of a conversation: an item, or several that are folded into one line. */
export type ConversationLine = ShownItem | Item[];

/**
 * Folds an agent's thoughts and tool calls that are over and follow each other: two or more, and of a run that has ended
 * also a tool call alone.
 *
 * @param items oldest first
 * @param running the run that is running; undefined if none is
 */
export function foldItems(items: ShownItem[], running: string | undefined): ConversationLine[] {
  const lines: ConversationLine[] = [];
  for (const item of items) {
    const before = lines.at(-1);
    const last = Array.isArray(before) ? before.at(-1) : before;
    if (!isOver(item, running)) lines.push(item);
    else if (!last || !isOver(last, running) || !belongTogether(last, item))
      lines.push(item.body.kind === "tool" && hasEnded(item, running) ? [item] : item);
    else if (Array.isArray(before)) before.push(item);
    else lines[lines.length - 1] = [last, item];
  }
  return lines;
}

function belongTogether(one: Item, two: Item): boolean {
  return one.author === two.author && one.run === two.run;
}

/** Whether an item belongs to a run that has ended. */
function hasEnded({ run }: Item, running: string | undefined): boolean {
  return run !== null && run !== running;
}

/** Whether an item is a thought, or a tool call that has come to its end, or whose run has. */
function isOver(item: ShownItem, running: string | undefined): item is Item {
  if ("message" in item) return false;
  const { body } = item;
  if (body.kind !== "tool") return body.kind === "thought";
  return body.status === "completed" || body.status === "failed" || hasEnded(item, running);
}

/** @returns what is folded, such as "6 tool calls, 1 failed", "2 tool calls, 1 thought", "1 tool call: npm test" */
export function foldText(items: Item[]): string {
  const tools = items.flatMap(({ body }) => (body.kind === "tool" ? [body] : []));
  const failed = tools.filter(({ status }) => status === "failed").length;
  const words = [
    tools.length > 0 && counted(tools.length, "tool call"),
    tools.length < items.length && counted(items.length - tools.length, "thought"),
    failed > 0 && `${numberText(failed)} failed`,
  ]
    .filter(Boolean)
    .join(", ");
  return items.length === 1 && tools[0] ? `${words}: ${isolated(tools[0].title)}` : words;
}

/** @returns "1 thought", "2 thoughts" */
export function counted(count: number, what: string): string {
  return `${numberText(count)} ${what}${count === 1 ? "" : "s"}`;
}
