/**
 * What was acknowledged to whom: which message an agent was handed, what it did, what its runner heard that was kept, what
 * it was answered, and which runs the owner was told are being stopped. The invariants of docs/decisions/0010, by their names there.
 */
import type { RunItem } from "../../../app/sessions/protocol/run-frames";
import type { KnownRun, Model } from "./model";
import type { Content, Process } from "./process";

export class Ledger {
  /** The runs that the owner was told are stopped, or being stopped. */
  readonly stopped = new Set<string>();
  readonly #prompts: { run: string; message: number }[] = [];
  readonly #done = new Map<string, Content[]>();
  readonly #kept = new Map<string, number>();
  readonly #answers: { run: string; key: string; option: string }[] = [];
  /** Runs that their process has forgotten. */
  readonly #forgotten = new Set<string>();

  prompted(run: string, message: number): void {
    this.#prompts.push({ run, message });
  }

  answered(run: string, key: string, option: string): void {
    this.#answers.push({ run, key, option });
  }

  did(run: string, content: Content): void {
    this.#done.set(run, [...(this.#done.get(run) ?? []), content]);
  }

  keptFor(run: string, seq: number): void {
    this.#kept.set(run, Math.max(seq, this.#kept.get(run) ?? 0));
  }

  forgot(run: string): void {
    this.#forgotten.add(run);
  }

  /** @param hasUnheard whether a process has not heard everything yet that the object has to say */
  wrongNow(
    model: Model,
    processes: Process[],
    hasUnheard: (process: Process) => boolean,
  ): string | undefined {
    return (
      this.#wrongPrompts(model) ??
      this.#wrongAnswers(model) ??
      model.runs.map((run) => this.#wrongTail(run)).find(Boolean) ??
      processes
        .filter(({ agent }) => agent && agent.run !== model.running?.id)
        .filter((process) => !hasUnheard(process))
        .map(({ agent }) => `[K4] an agent works on ${agent!.run}, which is over`)[0]
    );
  }

  /** [K1] A message is handed over once; [K2] what was handed to a run was handed to its agent, or that run has ended. */
  #wrongPrompts({ runs, messages }: Model): string | undefined {
    const handed = this.#prompts.map(({ message }) => message);
    const twice = handed.find((message, index) => handed.indexOf(message) !== index);
    if (twice !== undefined) return `[K1] message ${twice} was handed to an agent twice`;
    for (const { run, message } of this.#prompts) {
      const known = runs.find(({ id }) => id === run);
      if (known?.turn !== message) return `[K1] ${run} was not begun for message ${message}`;
      if (messages.some(({ id, isWithdrawn }) => id === message && isWithdrawn)) {
        return `[K1] message ${message} was taken back`;
      }
    }
    const silent = runs.find(
      ({ id, outcome }) =>
        outcome !== undefined &&
        !["interrupted", "stopped"].includes(outcome) &&
        !this.#prompts.some(({ run }) => run === id),
    );
    return silent && `[K2] ${silent.id} is ${silent.outcome}, and no agent had its message`;
  }

  /** [K5] An answer reaches the agent at most once, and it is what the owner has chosen. */
  #wrongAnswers({ runs }: Model): string | undefined {
    const seen = new Set<string>();
    for (const { run, key, option } of this.#answers) {
      const name = `${key} of ${run}`;
      if (seen.has(name)) return `[K5] an agent got two answers to ${name}`;
      seen.add(name);
      const chosen = runs.find(({ id }) => id === run)?.chosen.get(key);
      if (chosen !== option) return `[K5] “${option}” to ${name}, and the owner chose ${chosen}`;
    }
    return undefined;
  }

  /** [K3] What is kept of a run is the beginning of what its agent did, and no less than its runner has heard. */
  #wrongTail({ id, kept }: KnownRun): string | undefined {
    const done = flat(this.#done.get(id) ?? []);
    const stored = flat(kept);
    if ((this.#kept.get(id) ?? 0) > kept.length) return `[K3] less of ${id} is kept than was said`;
    const isBeginning = stored.every((item, index) => item === done[index]);
    return isBeginning ? undefined : `[K3] what is kept of ${id} is not what its agent did`;
  }

  /** @param isServed whether somebody is there who takes what waits */
  wrongInTheEnd(model: Model, processes: Process[], isServed: boolean): string | undefined {
    const { messages, runs, handled } = model;
    const open = runs.find(({ id, outcome }) => this.stopped.has(id) && outcome === undefined);
    if (open) return `[K9] ${open.id} was stopped, and has not ended`;
    const lost = messages.find(
      ({ id, isWithdrawn }) =>
        id <= handled && !isWithdrawn && !runs.some(({ turn }) => turn === id),
    );
    if (lost) return `[K2] message ${lost.id} was handed to no run`;
    if (isServed && model.waiting.length > 0) return `[K2] message ${model.waiting[0]!.id} waits`;
    const cut = runs.find(
      ({ id, kept }) =>
        !this.#forgotten.has(id) && flat(kept).length !== flat(this.#done.get(id) ?? []).length,
    );
    if (cut) return `[K11] the tail of ${cut.id} is not kept`;
    const working = processes.find(({ agent }) => agent !== undefined);
    return working && `[K8] an agent of ${working.instance} goes on`;
  }
}

/** @returns what was done, one text for each item as it was sent */
function flat(contents: Content[]): string[] {
  return contents.flatMap((content): string[] =>
    "items" in content
      ? content.items.map((item: RunItem) => JSON.stringify(item))
      : [content.outcome],
  );
}
