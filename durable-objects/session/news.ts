import type { Item } from "../../app/sessions/protocol/item";
import type { RequestAnswer } from "../../app/sessions/protocol/object-answers";
import { agentReport, type AgentReport } from "../../app/sessions/protocol/session";
import type { LiveSockets } from "../live-sockets";
import { agentView } from "./answers";
import { AFTER_APPEND, type RowSync } from "./row-sync";
import type { Placed } from "./content/items";
import type { SessionStorage, State } from "./storage";

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
    const agent = this.#sync(isUrgent);
    if (!placed) {
      this.#live.broadcastToPages({ type: "agent", agent });
      return;
    }
    this.#live.broadcastToPages({ type: "items", items: [placed.shown], agent });
    this.#live.broadcastToAgents({ type: "messages", messages: [agentView(placed.message)] });
    this.#wake();
  }

  /** @param items those that have changed, oldest change first */
  changed(items: Item[], isUrgent: boolean): void {
    if (items.length === 0) return;
    this.#live.broadcastToPages({ type: "items", items, agent: this.#sync(isUrgent) });
    this.#live.broadcastToAgents({ type: "items", items });
    this.#wake();
  }

  /** @param answer of the owner to a request @returns it */
  answered(answer: RequestAnswer): RequestAnswer {
    if (answer.item && answer.isTaken) this.changed([answer.item], true);
    return answer;
  }

  /** Sets the alarm that updates the row. @returns the agents' current report */
  #sync(isUrgent: boolean): AgentReport | null {
    if (isUrgent) this.#rowSync.armForStatus();
    else this.#rowSync.armWithin(AFTER_APPEND);
    return agentReport(this.#storage.state() as State);
  }
}
