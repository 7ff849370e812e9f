import type { Item } from "../../app/sessions/protocol/item";
import type { RequestAnswer } from "../../app/sessions/protocol/object-answers";
import type { Delta } from "../../app/sessions/protocol/run";
import { agentReport } from "../../app/sessions/protocol/session";
import type { LiveSockets } from "../live-sockets";
import { agentView, runReport } from "./answers";
import { AFTER_APPEND, type RowSync } from "./row-sync";
import type { Placed } from "./content/items";
import type { Changes } from "./content/run-items";
import type { SessionStorage, State } from "./storage";

const NOTHING: Changes = { shown: [], items: [], messages: [] };

/** Passes on what was stored: to open pages and agents at once, and to the row by the alarm. */
export class News {
  readonly #storage: SessionStorage;
  readonly #live: LiveSockets;
  readonly #rowSync: RowSync;
  readonly #wake: () => void;

  /** @param wake ends the wait of agents' requests */
  constructor(storage: SessionStorage, live: LiveSockets, rowSync: RowSync, wake: () => void) {
    this.#storage = storage;
    this.#live = live;
    this.#rowSync = rowSync;
    this.#wake = wake;
  }

  /** @param placed a new message; undefined for a status alone @param isUrgent whether the row follows soon */
  added(placed: Placed | undefined, isUrgent = false): void {
    this.#pass(
      placed ? { shown: [placed.shown], items: [], messages: [placed.message] } : NOTHING,
      isUrgent,
    );
  }

  /** @param items those that have changed, oldest change first */
  changed(items: Item[], isUrgent: boolean): void {
    if (items.length > 0) this.#pass({ shown: items, items, messages: [] }, isUrgent);
  }

  /**
   * Passes on a step of a run.
   *
   * @param before the state before the step: the row follows soon if status or title have changed since
   */
  stepped(before: State, changes: Partial<Changes> = {}): void {
    const now = this.#storage.state()!;
    const isUrgent = now.status_rev !== before.status_rev || now.auto_title !== before.auto_title;
    this.#pass({ ...NOTHING, ...changes }, isUrgent);
  }

  /** @param answer of the owner to a request @returns it */
  answered(answer: RequestAnswer): RequestAnswer {
    if (answer.item && answer.isTaken) this.changed([answer.item], true);
    return answer;
  }

  /** Passes on a piece of a text that an agent is writing, which is not stored. */
  streamed(delta: Delta): void {
    this.#live.broadcastToPages({ type: "delta", ...delta });
  }

  /** Sets the alarm that updates the row, and tells pages and agents. */
  #pass({ shown, items, messages }: Changes, isUrgent: boolean): void {
    if (isUrgent) this.#rowSync.armForStatus();
    else this.#rowSync.armWithin(AFTER_APPEND);
    const state = this.#storage.state()!;
    const now = { agent: agentReport(state), runs: runReport(state, this.#storage.runs) };
    if (shown.length > 0) this.#live.broadcastToPages({ type: "items", items: shown, ...now });
    else this.#live.broadcastToPages({ type: "agent", ...now });
    if (messages.length > 0) {
      this.#live.broadcastToAgents({ type: "messages", messages: messages.map(agentView) });
    }
    if (items.length > 0) this.#live.broadcastToAgents({ type: "items", items });
    if (shown.length > 0) this.#wake();
  }
}
