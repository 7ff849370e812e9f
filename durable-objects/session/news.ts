import type { Delta } from "../../app/sessions/protocol/run";
import { agentReport } from "../../app/sessions/protocol/session";
import type { LiveSockets } from "../live-sockets";
import { agentView, runReport } from "./answers";
import { AFTER_APPEND, type RowSync } from "./row-sync";
import type { Changes } from "./content/run-items";
import type { State } from "./state";
import type { SessionStorage } from "./storage";
import type { Waiting } from "./reporting/waiting";

/** Passes on what was stored: to open pages and agents at once, and to the row by the alarm. */
export class News {
  readonly #storage: SessionStorage;
  readonly #live: LiveSockets;
  readonly #rowSync: RowSync;
  readonly #waiting: Waiting;

  constructor(storage: SessionStorage, live: LiveSockets, rowSync: RowSync, waiting: Waiting) {
    this.#storage = storage;
    this.#live = live;
    this.#rowSync = rowSync;
    this.#waiting = waiting;
  }

  /**
   * Sets the alarm that updates the row, and tells pages and agents.
   *
   * @param before the state before the change: the row follows soon if the status, the title or what the owner has
   *   answered have changed since
   */
  changed(before: State, { shown = [], items = [], messages = [] }: Partial<Changes> = {}): void {
    const state = this.#storage.state()!;
    const isUrgent =
      state.status_rev !== before.status_rev ||
      state.auto_title !== before.auto_title ||
      state.answered_at !== before.answered_at;
    if (isUrgent) this.#rowSync.armForStatus();
    else this.#rowSync.armWithin(AFTER_APPEND);
    const now = { agent: agentReport(state), runs: runReport(state, this.#storage.runs) };
    if (shown.length > 0) this.#live.broadcastToPages({ type: "items", items: shown, ...now });
    else this.#live.broadcastToPages({ type: "agent", ...now });
    if (messages.length > 0) {
      this.#live.broadcastToAgents({ type: "messages", messages: messages.map(agentView) });
    }
    if (items.length > 0) this.#live.broadcastToAgents({ type: "items", items });
    if (shown.length > 0) this.#waiting.wake();
  }

  /** Passes on a piece of a text that an agent is writing, which is not stored. */
  streamed(delta: Delta): void {
    this.#live.broadcastToPages({ type: "delta", ...delta });
  }
}
