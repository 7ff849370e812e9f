import type { ShownItem } from "../../protocol/item";
import { laterRuns, type Delta, type RunReport } from "../../protocol/run";
import {
  isTextOf,
  storedText,
  textId,
  withDelta,
  withStored,
  type StreamedText,
} from "./streamed-text";

/** A text that is not stored yet: a new line of the conversation. */
export interface NewText {
  id: string;
  kind: Delta["kind"];
}

/**
 * The texts that an agent is writing, outside of the page's React state: a piece of one renders that text alone, and only
 * once a frame.
 */
export class StreamedTexts {
  readonly #schedule: (flush: () => void) => void;
  readonly #listeners = new Set<() => void>();
  readonly #texts = new Map<string, StreamedText>();
  #newTexts: readonly NewText[] = [];
  #runs: RunReport = { running: null, handled: null };
  #isScheduled = false;

  /** @param schedule calls a function that renders what has come, soon */
  constructor(schedule: (flush: () => void) => void) {
    this.#schedule = schedule;
  }

  /** @param listener called when there is something to render @returns a function that ends this */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @returns undefined if nothing has come of it */
  find(id: string): StreamedText | undefined {
    return this.#texts.get(id);
  }

  /** The texts that no item of the page stores, in the order in which they were begun. */
  readonly newTexts = (): readonly NewText[] => this.#newTexts;

  /** Takes from the socket what runs now: pieces of another run's texts are not taken. */
  takeRuns(runs: RunReport): void {
    this.#runs = laterRuns(this.#runs, runs);
  }

  /** Takes items that have come, from wherever, before the page shows them. */
  takeItems(items: ShownItem[]): void {
    const running = this.#runs.running?.id;
    if (running === undefined) return;
    for (const item of items) {
      const text = storedText(item);
      if (!text || !isTextOf(text.id, running)) continue;
      this.#texts.set(text.id, withStored(this.#texts.get(text.id), item.seq, text.length));
    }
  }

  /** Takes a piece of a text from the socket. */
  takeDelta(delta: Delta): void {
    if (delta.run !== this.#runs.running?.id) return;
    const id = textId(delta);
    const known = this.#texts.get(id);
    const text = withDelta(known, delta);
    if (text === known || text.pieces === "") return;
    this.#texts.set(id, text);
    if (!known) this.#newTexts = [...this.#newTexts, { id, kind: delta.kind }];
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#schedule(() => {
      this.#isScheduled = false;
      this.#notify();
    });
  }

  /**
   * Forgets what the page shows by itself now. Call it when it has rendered these.
   *
   * @param items all that it shows
   */
  settle(items: ShownItem[], runs: RunReport): void {
    this.takeRuns(runs);
    this.takeItems(items);
    // The socket may be a run ahead of what is rendered.
    const running = [runs, this.#runs].flatMap(({ running }) => running?.id ?? []);
    const ended = [...this.#texts.keys()].filter((id) => !running.some((run) => isTextOf(id, run)));
    for (const id of ended) this.#texts.delete(id);
    const stored = new Set(items.map((item) => storedText(item)?.id));
    const left = this.#newTexts.filter(({ id }) => this.#texts.has(id) && !stored.has(id));
    const isChanged = ended.length > 0 || left.length < this.#newTexts.length;
    this.#newTexts = left.length < this.#newTexts.length ? left : this.#newTexts;
    if (isChanged) this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
