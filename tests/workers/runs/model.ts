/**
 * What docs/decisions/0010 says of one session's object, as plain data: which socket is linked, which run is running and how far it is
 * kept, what was handed over, asked, answered and stopped. The world brings it what has reached the object.
 */
import type { RunItem, RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import type { RunOutcome } from "../../../app/sessions/protocol/run";
import type { AgentStatus } from "../../../app/sessions/protocol/session";
import type { Content } from "./process";

const LOST_AFTER = 60_000;

/** A socket, as the object knows it. */
export interface Line {
  computer: 0 | 1;
  assign: number;
  /** When something was last heard on it, epoch milliseconds. */
  sign: number;
  instance: string | undefined;
  state: "waiting" | "linked" | "dead";
  /** Whether the connection is there, as far as the object has heard. */
  isOpen: boolean;
}

export interface KnownRun {
  id: string;
  turn: number;
  instance: string;
  computer: 0 | 1;
  /** What is kept of it, frame by frame. */
  kept: Content[];
  isStopped: boolean;
  /** The options that the owner has chosen, by the request's key. */
  chosen: Map<string, string>;
  /** The requests that were asked when it was being stopped already. */
  outcome: RunOutcome | undefined;
}

export interface Message {
  id: number;
  isWithdrawn: boolean;
}

export class Model {
  assign = 1;
  computer: 0 | 1 | null = 0;
  isDeleting = false;
  isLost = false;
  handled = 0;
  readonly messages: Message[] = [];
  readonly runs: KnownRun[] = [];
  lines: Line[] = [];

  get running(): KnownRun | undefined {
    const newest = this.runs.at(-1);
    return newest?.outcome === undefined ? newest : undefined;
  }

  get linked(): Line | undefined {
    return this.lines.find(({ state, isOpen }) => state === "linked" && isOpen);
  }

  get waiting(): Message[] {
    return this.messages.filter(({ id, isWithdrawn }) => id > this.handled && !isWithdrawn);
  }

  get status(): AgentStatus | null {
    if (this.running) return this.isLost ? "lost" : this.asks === null ? "working" : "waiting";
    if (this.computer !== null && this.waiting.length > 0) return "queued";
    return this.runs.at(-1)?.outcome ?? null;
  }

  /** The title of the newest request that is open. */
  get asks(): string | null {
    const { running } = this;
    if (!running) return null;
    const open = requestsOf(running).filter(
      ({ key }) => this.requestState(running, key) === "open",
    );
    return open.at(-1)?.title ?? null;
  }

  requestState(run: KnownRun, key: string): "open" | "answered" | "expired" {
    if (run.chosen.has(key)) return "answered";
    return run.outcome === undefined && !run.isStopped ? "open" : "expired";
  }

  isUnheard(now: number): boolean {
    return !this.linked || now - this.linked.sign >= LOST_AFTER;
  }

  /** A frame has reached the object on a socket. @returns whether the object was to expect it */
  take(line: Line, frame: RunnerFrame): boolean {
    if (line.state === "dead" || !line.isOpen) return true;
    if (this.isDeleting) {
      line.state = "dead";
      return true;
    }
    const isExpected = this.#isExpected(line, frame);
    if (!isExpected) line.state = "dead";
    else this.#apply(line, frame);
    return isExpected;
  }

  #isExpected(line: Line, frame: RunnerFrame): boolean {
    const { running } = this;
    if (frame.type === "attach") return line.state === "waiting";
    if (line.state !== "linked") return false;
    switch (frame.type) {
      case "begin":
        return running ? running.id === frame.run : this.waiting[0]?.id === frame.turn;
      case "items":
      case "end":
        return running?.id === frame.run && frame.seq <= running.kept.length + 1;
      case "delta":
        return true;
    }
  }

  #apply(line: Line, frame: RunnerFrame): void {
    const { running } = this;
    switch (frame.type) {
      case "attach":
        return this.#attach(line, frame.instance, frame.run);
      case "begin": {
        if (running) return;
        const { instance, computer } = line;
        this.handled = frame.turn;
        this.isLost = false;
        this.runs.push({
          ...{ id: frame.run, turn: frame.turn, instance: instance!, computer, kept: [] },
          ...{ isStopped: false, chosen: new Map(), outcome: undefined },
        });
        return;
      }
      case "items":
        if (frame.seq === running!.kept.length + 1) running!.kept.push({ items: frame.items });
        return;
      case "end":
        if (frame.seq !== running!.kept.length + 1) return;
        running!.kept.push({ outcome: frame.outcome });
        this.end(frame.outcome);
    }
  }

  #attach(line: Line, instance: string, run: string | undefined): void {
    if (line.assign < this.assign) {
      line.state = "dead";
      return;
    }
    this.adopt(line.assign, line.computer);
    for (const older of this.lines.slice(0, this.lines.indexOf(line))) older.state = "dead";
    Object.assign(line, { instance, state: "linked" });
    const { running } = this;
    this.isLost = false;
    if (running && !(running.id === run && running.instance === instance)) this.end("interrupted");
  }

  adopt(assign: number, computer: 0 | 1 | null): void {
    if (assign <= this.assign) return;
    Object.assign(this, { assign, computer });
    this.end("interrupted");
    for (const line of this.lines) if (line.assign < assign) line.state = "dead";
  }

  /** The run that is running, if one is, has ended. */
  end(outcome: RunOutcome): void {
    if (this.running) this.running.outcome = outcome;
  }

  /** A run that is lost has ended: what is still linked is closed. */
  endLost(outcome: RunOutcome): void {
    if (!this.running) return;
    if (this.linked) this.linked.state = "dead";
    this.end(outcome);
  }

  /** The alarm judges. */
  judge(now: number): void {
    if (!this.running || !this.isUnheard(now)) return;
    if (this.running.isStopped) return this.endLost("stopped");
    if (this.linked) this.linked.state = "dead";
    this.isLost = true;
  }

  /** @returns what the owner is told */
  stop(id: string, now: number): "over" | "stopped" | "stopping" {
    const { running } = this;
    if (running?.id !== id) return "over";
    if (this.isUnheard(now)) {
      this.endLost("stopped");
      return "stopped";
    }
    running.isStopped = true;
    return "stopping";
  }

  /** @returns whether the session is free */
  leave(now: number): boolean {
    if (this.running && !this.isUnheard(now)) return false;
    this.endLost("interrupted");
    return true;
  }

  disconnect(computer: 0 | 1): void {
    for (const line of this.lines) if (line.computer === computer) line.state = "dead";
    if (this.running?.computer === computer) this.end("interrupted");
  }

  delete(): void {
    this.isDeleting = true;
    this.end("interrupted");
    for (const line of this.lines) line.state = "dead";
  }

  /** The object was restarted: its sockets are gone. */
  restart(): void {
    for (const line of this.lines) line.isOpen = false;
  }
}

/** @returns the requests of a run that are kept, in the order in which they were asked */
export function requestsOf({ kept }: KnownRun): { key: string; title: string }[] {
  return itemsOf(kept).flatMap(({ key, item }) =>
    item.kind === "permission" ? [{ key, title: item.title }] : [],
  );
}

/** @returns the items of frames in their order, each as it is in the end */
export function itemsOf(contents: Content[]): RunItem[] {
  const items = new Map<string, RunItem>();
  for (const content of contents) {
    if (!("items" in content)) continue;
    for (const item of content.items) items.set(item.key, item);
  }
  return [...items.values()];
}
