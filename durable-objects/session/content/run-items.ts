import { MESSAGE_BYTES } from "../../../app/sessions/protocol/budgets";
import {
  cutText,
  type Item,
  type ItemBody,
  type ShownItem,
} from "../../../app/sessions/protocol/item";
import { runMessageKey, type Message } from "../../../app/sessions/protocol/message";
import type { NewItem } from "../../../app/sessions/protocol/object-answers";
import type { RunItem } from "../../../app/sessions/protocol/run-frames";
import type { Run } from "../runs/runs";
import type { Items, Placed } from "./items";
import type { Messages } from "./messages";
import { bodyOf } from "./new-item";

/** What has changed in a conversation, oldest change first. */
export interface Changes {
  /** All of it, as pages show it. */
  shown: ShownItem[];
  /** The items among it that are no messages. */
  items: Item[];
  /** The messages among it. */
  messages: Message[];
}

/** What a frame says of an item in the end: the text of a message, or the content of another item. */
type Sent =
  | { kind: "message"; key: string; text: string }
  | { kind: "item"; key: string; before: Item | undefined; body: ItemBody };

interface Numbers {
  /** Returns the number of the next change. */
  nextSeq: () => number;
  /** Stores a new message of the run with this idempotency key. */
  addMessage: (clientKey: string, text: string, seq: number) => Placed;
  /** Epoch milliseconds. */
  now: number;
}

/** Stores what runs send. */
export class RunItems {
  readonly #items: Items;
  readonly #messages: Messages;

  constructor(items: Items, messages: Messages) {
    this.#items = items;
    this.#messages = messages;
  }

  /**
   * Stores the items of one frame: each once, as it is at the end of the frame.
   *
   * @param author the agent's name
   * @returns what has changed; an item that is as it was is not among it
   */
  put(run: Run, author: string, sent: RunItem[], numbers: Numbers): Changes {
    const changes: Changes = { shown: [], items: [], messages: [] };
    for (const last of this.#merged(run, sent)) {
      if (last.kind === "message") {
        const placed = this.#putMessage(run, last, numbers);
        changes.shown.push(placed.shown);
        changes.messages.push(placed.message);
      } else if (JSON.stringify(last.body) !== JSON.stringify(last.before?.body)) {
        const item = this.#putItem(run, author, last, numbers);
        changes.shown.push(item);
        changes.items.push(item);
      }
    }
    return changes;
  }

  /** @returns what is said of each item in the end, in the order in which they were first named */
  #merged(run: Run, sent: RunItem[]): Iterable<Sent> {
    const merged = new Map<string, Sent>();
    for (const { key, item } of sent) {
      if (item.kind === "message") {
        merged.set(`message ${key}`, { kind: "message", key, text: item.text });
        continue;
      }
      const earlier = merged.get(`item ${key}`) as (Sent & { kind: "item" }) | undefined;
      const before = earlier ? earlier.before : this.#items.findOfRun(run, key);
      const known = earlier?.body ?? before?.body;
      merged.set(`item ${key}`, { kind: "item", key, before, body: nextBody(run, item, known) });
    }
    return merged.values();
  }

  #putMessage(
    run: Run,
    sent: Sent & { kind: "message" },
    { nextSeq, addMessage }: Numbers,
  ): Placed {
    const text = cutText(sent.text, MESSAGE_BYTES);
    const clientKey = runMessageKey(run.id, sent.key);
    const known = this.#messages.withKey(clientKey);
    if (!known) return addMessage(clientKey, text, nextSeq());
    const message = this.#messages.change(known, text);
    return { message, shown: this.#items.changeMessage(message, run.first, nextSeq()) };
  }

  #putItem(
    run: Run,
    author: string,
    { key, before, body }: Sent & { kind: "item" },
    { nextSeq, now }: Numbers,
  ): Item {
    if (before) return this.#items.update(before, body, now, nextSeq());
    return this.#items.insert({ key, run: run.id, author, body }, now, nextSeq());
  }
}

/** @param known the item with this key as it is, if there is one @returns its content from now on */
function nextBody({ stop }: Run, sent: NewItem, known: ItemBody | undefined): ItemBody {
  // What is asked is never changed: only the owner, or its end, changes its state.
  if (known?.kind === "permission") return known;
  const body = bodyOf(sent, known);
  return body.kind === "permission" && stop === 1 ? { ...body, state: "expired" } : body;
}
