import type { Item } from "../../../app/sessions/protocol/item";
import type { RunOutcome } from "../../../app/sessions/protocol/run";
import type { RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import {
  agentName,
  type AgentStatus,
  type Assignment,
} from "../../../app/sessions/protocol/session";
import type { Items, Placed } from "../content/items";
import type { Messages } from "../content/messages";
import type { Requests } from "../content/requests";
import type { Changes, RunItems } from "../content/run-items";
import { writeRows } from "../schema";
import type { State } from "../state";
import type { Run, Runs } from "./runs";

/** The parts of the session's storage that runs need; see `SessionStorage`. */
interface Session {
  messages: Messages;
  items: Items;
  requests: Requests;
  runs: Runs;
  runItems: RunItems;
  state: () => State | undefined;
  addOfRun: (
    run: Run,
    message: { author: string; text: string; key: string; seq: number },
    now: number,
  ) => Placed;
  touch: (now: number) => void;
}

/**
 * What runs change in the state of a session: its assignment, its run and its status. Each method does all of one step,
 * in one turn of the object. Times are epoch milliseconds.
 */
export class RunState {
  readonly #storage: DurableObjectStorage;
  readonly #session: Session;

  constructor(storage: DurableObjectStorage, session: Session) {
    this.#storage = storage;
    this.#session = session;
  }

  /**
   * Stores which runner works on the session from now on. The first one is given the messages that no agent has answered
   * yet.
   */
  assign({ runner_id, assign, agent }: Assignment): void {
    const { messages } = this.#session;
    const isFirst = this.#state.assign === 0;
    const handled = isFirst ? messages.newestAnswered() : this.#state.handled;
    this.#write(
      "UPDATE state SET runner_id = ?, assign = ?, agent = ?, handled = ?",
      ...[runner_id, assign, agent, handled],
    );
  }

  /** Begins a run for the oldest message that waits. */
  begin(run: { id: string; runner: string; instance: string; turn: number }, now: number): void {
    this.#session.runs.begin({ ...run, first: this.#session.items.nextSeq() }, now);
    this.settle(now, false);
  }

  /** Stores a frame with items, which must be the next one of the run. @returns what has changed */
  keep(run: Run, frame: RunnerFrame & { type: "items" }, now: number): Changes {
    const { items, runItems, runs } = this.#session;
    const author = agentName(this.#state);
    const { title, acpSession } = frame.fields ?? {};
    items.placeAll();
    let { seq, agent_message } = this.#state;
    const changes = runItems.put(run, author, frame.items, {
      now,
      nextSeq: () => ++seq,
      addMessage: (key, text, at) => {
        const placed = this.#session.addOfRun(run, { author, text, key, seq: at }, now);
        agent_message = placed.message.id;
        return placed;
      },
    });
    this.#write(
      `UPDATE state SET seq = ?, run_seq = ?, agent_message = ?, agent_at = ?,
         auto_title = coalesce(?, auto_title), last_activity = max(?, last_activity + 1)`,
      ...[seq, frame.seq, agent_message, now, title ?? null, now],
    );
    if (acpSession !== undefined) runs.setAcpSession(run.runner, acpSession);
    this.settle(now, false);
    return changes;
  }

  /** Takes back a message of the owner that waits. @returns what has changed; undefined if it does not wait */
  withdraw(id: number, now: number): Changes | undefined {
    const { messages, items } = this.#session;
    if (this.#state.runner_id === null) return undefined;
    const message = messages.withdraw(id, this.#state.handled);
    if (!message) return undefined;
    const shown = items.changeMessage(message, 0);
    this.noteQueued(now);
    return { shown: [shown], items: [], messages: [message] };
  }

  /** Has the status say whether a message of the owner waits for a run, unless one is running. */
  noteQueued(now: number): void {
    if (this.#state.runner_id !== null && !this.#session.runs.running()) this.settle(now, false);
  }

  /** Stores the owner's wish that a run stops; nothing of it is asked any more. @returns the expired requests */
  stop(run: Run, now: number): Item[] {
    this.#session.runs.stop(run);
    const expired = this.#session.requests.expireOfRun(run, now);
    this.settle(now, false);
    return expired;
  }

  /**
   * Ends a run; nothing of it is asked any more.
   *
   * @param seq the number of its last frame, if its runner has ended it
   * @returns the expired requests
   */
  end(run: Run, outcome: RunOutcome, now: number, seq?: number): Item[] {
    this.#session.runs.end(run, outcome, now);
    const expired = this.#session.requests.expireOfRun(run, now);
    if (seq !== undefined) this.#write("UPDATE state SET run_seq = ?", seq);
    this.#session.touch(now);
    this.setStatus(this.#isQueued ? "queued" : outcome, now);
    return expired;
  }

  /**
   * Has the status say what is so: what a run does, or that a message waits for one.
   *
   * @param isLost whether nothing is heard of the runner of the run
   */
  settle(now: number, isLost: boolean): void {
    const { runs, requests } = this.#session;
    const { agent_status } = this.#state;
    if (runs.running()) {
      const status = isLost ? "lost" : requests.asked() === null ? "working" : "waiting";
      // When the agent was last heard of is what the owner wants to know of a lost one.
      this.setStatus(status, isLost ? null : now);
    } else if (this.#isQueued) {
      this.setStatus("queued", now);
    } else if (agent_status === "queued") {
      this.setStatus(runs.newest()?.outcome ?? null, now);
    }
  }

  /**
   * Stores the status, and what is asked; a change of either, or of both, is one change.
   *
   * @param at when the agent was heard of; null: not now
   */
  setStatus(status: AgentStatus | null, at: number | null): void {
    const asks = this.#session.requests.asked();
    this.#write(
      `UPDATE state SET status_rev = status_rev + 1, agent_status = ?, asks = ?,
         agent_at = coalesce(?, agent_at)
       WHERE agent_status IS NOT ? OR asks IS NOT ?`,
      ...[status, asks, at, status, asks],
    );
  }

  get #isQueued(): boolean {
    const { runner_id, handled } = this.#state;
    return runner_id !== null && this.#session.messages.nextQueued(handled) !== undefined;
  }

  get #state(): State {
    return this.#session.state()!;
  }

  #write(query: string, ...values: SqlStorageValue[]): void {
    writeRows(this.#storage, query, ...values);
  }
}
