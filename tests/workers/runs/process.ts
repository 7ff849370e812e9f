/**
 * A process of a runner, as docs/decisions/0010 has it: what it keeps in memory, what it sends, and what its agent is told. It knows
 * no network: the world brings it what has come, and takes what it sends.
 */
import {
  RUNNER_CLOSED,
  type ObjectFrame,
  type RunItem,
  type RunnerFrame,
} from "../../../app/sessions/protocol/run-frames";
import type { RunEnd } from "../../../app/sessions/protocol/run";
import { request, tool, words } from "./work";

/** What is kept of a run: items, or its end. */
export type Content = { items: RunItem[] } | { outcome: RunEnd };

/** What happens on a person's computer, for the world to judge. */
export interface Listener {
  /** An agent is handed a message. */
  onPrompt: (run: string, message: number) => void;
  /** An agent gets an answer. */
  onAnswer: (run: string, key: string, option: string) => void;
  /** An agent has done something. */
  onContent: (run: string, content: Content) => void;
  /** A run is forgotten, and its agent killed, for a reason. */
  onForget: (run: string, why: string) => void;
}

interface HeldRun {
  id: string;
  turn: number;
  isBegun: boolean;
  /** What was sent and is not known to be kept, with its numbers. */
  unkept: { seq: number; content: Content }[];
  /** What was not sent yet. */
  unsent: Content[];
  /** The number of the last frame. */
  seq: number;
  isStopping: boolean;
}

/** An agent at work on a run; gone when its turn has ended. */
interface Agent {
  run: string;
  /** How many texts, tools and requests it has begun. */
  keys: number;
  text: { key: string; text: string } | undefined;
  /** The calls of tools that are at work. */
  tools: string[];
  /** The requests that wait for an answer. */
  asks: Set<string>;
}

export class Process {
  run: HeldRun | undefined;
  agent: Agent | undefined;
  isAlive = true;
  /** Whether another process has taken its place: it leaves the session for good. */
  hasLeft = false;
  /** Takes what it sends; undefined while it has no socket. */
  send: ((frame: RunnerFrame) => void) | undefined;
  #isAttached = false;
  #queue = new Map<number, string>();
  #handled = 0;

  constructor(
    readonly computer: 0 | 1,
    readonly instance: string,
    /** Whether it puts what was not kept into one frame when it attaches again. */
    readonly merges: boolean,
    readonly listener: Listener,
  ) {}

  /** Whether its run lets it reconnect by itself. */
  get holdsRun(): boolean {
    return this.run !== undefined;
  }

  /** It has a socket: attaches. */
  open(send: (frame: RunnerFrame) => void): void {
    this.send = send;
    this.#isAttached = false;
    send({ type: "attach", instance: this.instance, run: this.run?.id });
  }

  /** Its socket is gone, and it knows. */
  lose(): void {
    this.send = undefined;
    this.#isAttached = false;
  }

  /** The gate has refused it, and that is final. */
  refuse(): void {
    this.lose();
    this.#forget("refused by the gate");
  }

  die(): void {
    this.isAlive = false;
    this.lose();
    this.#forget("its process is dead");
  }

  /** Its socket was closed by the object. */
  closed(code: number): void {
    this.lose();
    const isFinal = [RUNNER_CLOSED.revoked, RUNNER_CLOSED.deleted, RUNNER_CLOSED.moved].some(
      (final) => final.code === code,
    );
    if (isFinal) this.#forget(`closed ${code}`);
    if (code !== RUNNER_CLOSED.replaced.code) return;
    this.hasLeft = true;
    this.#forget("replaced by another process");
  }

  hear(frame: ObjectFrame): void {
    switch (frame.type) {
      case "attached":
        return this.#attached(frame);
      case "begun":
        if (this.run?.id === frame.run) this.#prompt(this.run);
        return;
      case "kept":
        return this.#kept(frame.run, frame.seq);
      case "messages":
        for (const { id, text } of frame.messages) this.#queue.set(id, text);
        return this.#beginNext();
      case "withdrawn":
        this.#queue.delete(frame.message);
        return;
      case "answer":
        return this.#answer(frame.run, frame.key, frame.option);
      case "stop":
        if (this.run?.id === frame.run) this.#cancel(this.run);
    }
  }

  /** Its agent does something. @returns false if none is at work */
  act(act: "text" | "tool" | "ask" | "end", outcome: RunEnd): boolean {
    const { agent, run } = this;
    if (!agent || !run) return false;
    switch (act) {
      case "text":
        agent.text ??= { key: `text ${++agent.keys}`, text: "" };
        agent.text.text += `${agent.text.text.length} `;
        this.#did({ items: [words(agent.text.key, agent.text.text)] });
        break;
      case "tool": {
        agent.text = undefined;
        const atWork = agent.tools.pop();
        if (atWork === undefined) agent.tools.push(`tool ${++agent.keys}`);
        this.#did({ items: [tool(atWork ?? agent.tools[0]!, atWork ? "completed" : "pending")] });
        break;
      }
      case "ask": {
        agent.text = undefined;
        const key = `request ${++agent.keys}`;
        if (!run.isStopping) agent.asks.add(key);
        this.#did({ items: [request(key, `May I? ${key} of ${run.id}`)] });
        break;
      }
      case "end": {
        const isCut = agent.asks.size > 0 && outcome === "done";
        this.agent = undefined;
        this.#did({ outcome: run.isStopping ? "stopped" : isCut ? "failed" : outcome });
      }
    }
    return true;
  }

  /** Time passes: an agent that was cancelled has ended, or is killed. */
  endCancelled(): void {
    if (this.run?.isStopping) this.act("end", "stopped");
  }

  #did(content: Content): void {
    this.run!.unsent.push(content);
    this.listener.onContent(this.run!.id, content);
    this.#flush();
  }

  #flush(): void {
    const { run } = this;
    if (!run?.isBegun || !this.#isAttached) return;
    for (const content of run.unsent.splice(0)) {
      run.unkept.push({ seq: ++run.seq, content });
      this.#sendContent(run, run.seq, content);
    }
  }

  #sendContent({ id }: HeldRun, seq: number, content: Content): void {
    this.send!(
      "items" in content
        ? { type: "items", run: id, seq, items: content.items }
        : { type: "end", run: id, seq, outcome: content.outcome },
    );
  }

  #attached({ handled, messages, run: attached, answers }: ObjectFrame & { type: "attached" }) {
    this.#isAttached = true;
    this.#handled = handled;
    this.#queue = new Map(messages.map(({ id, text }) => [id, text]));
    const { run } = this;
    if (!run) return this.#beginNext();
    const isMine = attached?.id === run.id;
    if (isMine && attached.state === "running") {
      if (!run.isBegun) this.#prompt(run);
      this.#resend(run, attached.seq);
      for (const { key, option } of answers) this.#answer(run.id, key, option);
      if (attached.stop) this.#cancel(run);
    } else if (!isMine && !run.isBegun && this.#queue.has(run.turn)) {
      this.send!({ type: "begin", turn: run.turn, run: run.id });
    } else {
      this.#forget("over, says the object");
      this.#beginNext();
    }
  }

  /** Sends again what is not kept, and what was not sent yet. */
  #resend(run: HeldRun, kept: number): void {
    const left = run.unkept.filter(({ seq }) => seq > kept).map(({ content }) => content);
    run.unkept = [];
    run.unsent = this.merges ? merged([...left, ...run.unsent]) : [...left, ...run.unsent];
    run.seq = kept;
    this.#flush();
  }

  #kept(id: string, kept: number): void {
    const { run } = this;
    if (run?.id !== id) return;
    const isOver = run.unkept.some(({ seq, content }) => seq <= kept && "outcome" in content);
    run.unkept = run.unkept.filter(({ seq }) => seq > kept);
    if (!isOver) return;
    this.run = undefined;
    this.#beginNext();
  }

  #beginNext(): void {
    if (this.run || !this.#isAttached) return;
    const turn = [...this.#queue.keys()].sort((a, b) => a - b).find((id) => id > this.#handled);
    if (turn === undefined) return;
    const id = `run of ${turn} by ${this.instance}`;
    this.run = {
      ...{ id, turn, isBegun: false, unkept: [], unsent: [], seq: 0, isStopping: false },
    };
    this.send!({ type: "begin", turn, run: id });
  }

  #prompt(run: HeldRun): void {
    if (run.isBegun) return;
    run.isBegun = true;
    this.#handled = run.turn;
    this.#queue.delete(run.turn);
    this.agent = { run: run.id, keys: 0, text: undefined, tools: [], asks: new Set() };
    this.listener.onPrompt(run.id, run.turn);
  }

  #answer(run: string, key: string, option: string): void {
    if (this.agent?.run !== run || !this.agent.asks.delete(key)) return;
    this.listener.onAnswer(run, key, option);
  }

  /** Has the agent stop: what it asks is answered as cancelled. */
  #cancel(run: HeldRun): void {
    run.isStopping = true;
    this.agent?.asks.clear();
  }

  #forget(why: string): void {
    const { run } = this;
    this.run = undefined;
    this.agent = undefined;
    if (run) this.listener.onForget(run.id, why);
  }
}

/** @returns what was done as one frame, and the end as another */
function merged(contents: Content[]): Content[] {
  const items = contents.flatMap((content) => ("items" in content ? content.items : []));
  const ends = contents.filter((content) => "outcome" in content);
  return [...(items.length > 0 ? [{ items }] : []), ...ends];
}
