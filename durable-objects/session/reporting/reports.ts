import { openRequest, type Item } from "../../../app/sessions/protocol/item";
import type { AgentToken, NewItem, NewReport } from "../../../app/sessions/protocol/object-answers";
import type { NewMessage } from "../../../app/sessions/protocol/message";
import { MINUTE } from "../../../app/sessions/protocol/budgets";
import { writeRows } from "../schema";
import type { Items, Placed } from "../content/items";
import type { Requests } from "../content/requests";
import type { Runs } from "../runs/runs";

/** How long, in milliseconds, the idempotency key of a report without text is stored. */
export const REPORT_KEY_LIFE = 24 * 60 * MINUTE;

/** The parts of the session's storage that reports need; see `SessionStorage`. */
interface Session {
  items: Items;
  requests: Requests;
  runs: Runs;
  append: (message: NewMessage, now: number) => Placed;
  touch: (now: number) => void;
}

/** What agents report: messages, items, statuses and titles. Times are epoch milliseconds. */
export class Reports {
  readonly #storage: DurableObjectStorage;
  readonly #session: Session;

  constructor(storage: DurableObjectStorage, session: Session) {
    this.#storage = storage;
    this.#session = session;
  }

  /**
   * Stores an agent's report. Its text becomes a message whose author is the token's name; its title becomes the automatic
   * one.
   *
   * @param key its idempotency key, which must be unused (see `findKey`)
   * @returns the message; undefined if the report has no text
   */
  add(
    { name }: AgentToken,
    { text, status, title }: NewReport,
    key: string,
    now: number,
  ): Placed | undefined {
    if (text === undefined) {
      this.#rememberReport(key, now);
      this.#reported(status, title, undefined, now);
      return undefined;
    }
    const placed = this.#session.append(
      { role: "agent", author: name, text, client_key: key },
      now,
    );
    this.#reported(status, title, placed.message.id, now);
    return placed;
  }

  /**
   * Stores an agent's item, or what has changed of the one with this key, with the status of its report. A request that
   * is asked needs the owner.
   *
   * @returns all items that have changed, this one last
   */
  addItem(
    { name }: AgentToken,
    { status, title, item }: NewReport & { item: NewItem },
    key: string,
    now: number,
  ): Item[] {
    const changed = this.#session.items.put(key, name, item, now);
    const isAsked = changed.some(openRequest);
    this.#reported(status ?? (isAsked ? "waiting" : undefined), title, undefined, now);
    return changed;
  }

  /** Stores the idempotency key of a report without text, and deletes old keys. */
  #rememberReport(key: string, now: number): void {
    writeRows(this.#storage, "DELETE FROM agent_reports WHERE at < ?", now - REPORT_KEY_LIFE);
    writeRows(this.#storage, "INSERT INTO agent_reports (client_key, at) VALUES (?, ?)", key, now);
  }

  /** Stores the agents' last report. @param message the id of the report's message, if it has one */
  #reported(
    status: NewReport["status"],
    title: NewReport["title"],
    message: number | undefined,
    now: number,
  ): void {
    // What a run does is what its runner says.
    const reported = (this.#session.runs.running() ? undefined : status) ?? null;
    const asks = this.#session.requests.asked();
    writeRows(
      this.#storage,
      `UPDATE state SET status_rev = status_rev
           + (coalesce(?, agent_status) IS NOT agent_status OR asks IS NOT ?),
         agent_status = coalesce(?, agent_status), asks = ?, auto_title = coalesce(?, auto_title),
         agent_at = ?, agent_message = coalesce(?, agent_message)`,
      ...[reported, asks, reported, asks, title ?? null, now, message ?? null],
    );
    if (message === undefined) this.#session.touch(now);
  }
}
