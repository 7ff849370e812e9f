/**
 * Lives a plan on a real object, with processes that keep the runner's side of docs/decisions/0010, and compares what is stored and
 * heard with the model at every frame. One thing happens at a time, in the plan's order, and the clock is stopped unless
 * the plan moves it, so that the same plan always does the same.
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { deleteSession } from "../../../app/sessions/lifecycle/deletion.server";
import {
  RUNNER_CLOSED,
  type ObjectFrame,
  type RunnerFrame,
} from "../../../app/sessions/protocol/run-frames";
import type { SessionRow } from "../../../app/sessions/protocol/session";
import { env, faultyEnv, inDatabase, refused } from "../support";
import { Ledger } from "./ledger";
import { look, wrongNow, type Look } from "./look";
import { Model, requestsOf, type KnownRun, type Line } from "./model";
import { nameOf, wordsOf, type BatchFault, type Extent, type Plan, type Step } from "./plan";
import { Process } from "./process";
import { Ringing } from "./ringing";
import type { RunnerSocket } from "./socket";
import { disconnectInD1, newComputer, Work, type Computer } from "./work";

/** Far from the real time, so that alarms ring only when the world rings them. */
const START = Date.UTC(2100, 0, 1);

const SECOND = 1_000;

/** The connection of a process, with what is on its way. */
interface Link {
  socket: RunnerSocket;
  line: Line;
  up: RunnerFrame[];
  down: (ObjectFrame | { type: "closed"; code: number })[];
  holdsUp: boolean;
  holdsDown: boolean;
  /** Whether its close is on its way down, or was brought. */
  isClosing: boolean;
}

export class World {
  /** What happened, line by line, to explain a failure. */
  readonly story: string[] = [];
  readonly #plan: Plan;
  readonly #model = new Model();
  readonly #ledger = new Ledger();
  #work!: Work;
  #computers!: [Computer, Computer];
  readonly #areConnected: [boolean, boolean] = [true, true];
  readonly #processes: Process[] = [];
  readonly #links = new Map<Process, Link>();
  /** Sockets that were given up with frames on their way. */
  #late: { socket: RunnerSocket; line: Line; frames: RunnerFrame[] }[] = [];
  /** What comes later: the rest of an act, or a batch. */
  #stalled: { what: string; go: () => Promise<void> }[] = [];
  #ringing: Ringing | undefined;
  #before: Look | undefined;
  #written = 0;

  private constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** @throws an Error that says what is wrong, and what happened up to there */
  static async live(plan: Plan): Promise<void> {
    const world = new World(plan);
    vi.setSystemTime(START);
    try {
      await world.#begin();
      for (const step of plan.steps) {
        world.#say(wordsOf(step));
        await world.#take(step);
        await world.#flow();
        await world.#check();
      }
      await world.#settle();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}\n\n${world.story.join("\n")}\n`, { cause: error });
    } finally {
      vi.useRealTimers();
    }
  }

  async #begin(): Promise<void> {
    this.#work = await Work.begin();
    this.#computers = [this.#work.computer, await newComputer(this.#work.user)];
    this.#start(0);
    await this.#connect(this.#processes[0], "whole");
    await this.#flow();
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case "write":
        return this.#write();
      case "withdraw":
        return this.#withdraw(step.message);
      case "stop":
        return this.#stop(step.run);
      case "answer":
        return this.#answer(step.request, step.option);
      case "move":
        return this.#move(step.to, step.extent);
      case "delete":
        return this.#delete(step.extent === "whole");
      case "disconnect":
        return this.#disconnect(step.computer, step.extent);
      case "start":
        return this.#start(step.computer);
      case "kill":
        return this.#kill(this.#process(step.process), step.heard);
      case "connect":
        return this.#connect(this.#process(step.process), step.extent);
      case "hold":
        return this.#hold(step.process, step.holds);
      case "flow":
        return this.#hold(step.process, undefined);
      case "deliver":
        return this.#deliver(step.process, step.way);
      case "cut":
        return this.#cut(this.#process(step.process), step.heard);
      case "arrive":
        return this.#arrive(step.which);
      case "agent": {
        const process = this.#process(step.process);
        if (process && !process.act(step.act, step.outcome)) this.#say("  (it has none at work)");
        return;
      }
      case "wait":
        return this.#wait(step.seconds * SECOND, step.alarms === "ring");
      case "ring":
        return this.#ring(step.fault);
      case "release":
        return this.#release(step.which);
      case "abort":
        return this.#abort();
    }
  }

  // What the owner does.

  get #isGone(): boolean {
    return this.#model.isDeleting;
  }

  async #write(): Promise<void> {
    if (this.#isGone) return;
    await this.#work.write(`message ${++this.#written}`);
    const { messages } = await look(this.#work.id);
    const [written] = messages.filter(({ role }) => role === "user").slice(-1);
    this.#model.messages.push({ id: written!.id, isWithdrawn: false });
  }

  async #withdraw(which: number): Promise<void> {
    const { waiting } = this.#model;
    const message = waiting[which % waiting.length] ?? this.#model.messages[0];
    if (this.#isGone || !message) return;
    const isWaiting = waiting.includes(message) && this.#model.computer !== null;
    const answer = await this.#work.object.withdraw(this.#work.user, message.id);
    const isWithdrawn = isWaiting || message.isWithdrawn;
    this.#expect(answer, { state: "ready", isWithdrawn }, "withdraw");
    if (isWaiting) message.isWithdrawn = true;
  }

  async #stop(which: number): Promise<void> {
    const run = this.#model.runs.at(-1 - which);
    if (this.#isGone || !run) return;
    const expected = this.#model.stop(run.id, Date.now());
    const outcome = await this.#work.stop(run.id);
    this.#expect(outcome, expected, `stop ${run.id}`);
    if (outcome !== "over") this.#ledger.stopped.add(run.id);
  }

  async #answer(which: number, option: string): Promise<void> {
    const rank = ({ run, key }: { run: KnownRun; key: string }) =>
      this.#model.requestState(run, key) === "open" ? 0 : 1;
    const requests = this.#model.runs
      .flatMap((run) => requestsOf(run).map(({ key }) => ({ run, key })))
      .reverse()
      .sort((one, other) => rank(one) - rank(other));
    const asked = requests[which % requests.length];
    if (this.#isGone || !asked) return;
    const { run, key } = asked;
    const item = this.#before!.items.find((one) => one.run === run.id && one.key === key);
    const answer = await this.#work.object.answer(this.#work.user, item!.id, option, "Ada");
    const isTaken = this.#model.requestState(run, key) === "open" && option !== "maybe";
    this.#expect("isTaken" in answer && answer.isTaken, isTaken, `answer ${key} of ${run.id}`);
    if (isTaken) run.chosen.set(key, option);
  }

  async #move(to: 0 | 1 | null, extent: Extent): Promise<void> {
    if (this.#isGone) return;
    const { user, object } = this.#work;
    const isFree = this.#model.leave(Date.now());
    const { assign } = this.#model;
    this.#expect(await object.leave(user), { state: "ready", isFree, assign }, "leave");
    if (!isFree || extent === "first step only") return;
    const row = async () => {
      if (this.#isGone) return;
      const assign = await this.#work.reassign(to === null ? undefined : this.#computers[to]);
      this.#say(`  D1 has it: assignment ${assign} to ${nameOf(to)}`);
      await this.#later(extent, `the session is told of assignment ${assign}`, () =>
        this.#tellMoved(to, assign),
      );
    };
    await this.#later(extent, `D1 hears of the move to ${nameOf(to)}`, row);
  }

  async #tellMoved(to: 0 | 1 | null, assign: number): Promise<void> {
    if (this.#isGone) return;
    const { runner = null, agent = null } = to === null ? {} : this.#computers[to];
    this.#model.adopt(assign, to);
    await this.#work.object.moved(this.#work.user, { runner_id: runner, assign, agent });
  }

  async #disconnect(computer: 0 | 1, extent: Extent): Promise<void> {
    await disconnectInD1(this.#computers[computer]);
    this.#areConnected[computer] = false;
    if (extent === "first step only") return;
    await this.#later(
      extent,
      `the session is told of the disconnected ${nameOf(computer)}`,
      async () => {
        if (this.#isGone) return;
        this.#model.disconnect(computer);
        await this.#work.object.disconnectRunner(this.#work.user, this.#computers[computer].runner);
      },
    );
  }

  async #delete(isWhole: boolean): Promise<void> {
    if (this.#isGone) return;
    this.#model.delete();
    const { user, id } = this.#work;
    await deleteSession(isWhole ? env : faultyEnv({ batch: refused }), user, id);
  }

  async #later(extent: Extent, what: string, go: () => Promise<void>): Promise<void> {
    if (extent === "later") this.#stalled.push({ what, go });
    else await go();
  }

  // What happens on the computers.

  /** @returns one that is alive: first those whose agent is at work, then those that are connected, then the others */
  #process(which: number): Process | undefined {
    const rank = (process: Process) => (process.agent ? 0 : this.#links.has(process) ? 1 : 2);
    const alive = this.#processes
      .filter(({ isAlive, hasLeft }) => isAlive && !hasLeft)
      .sort((one, other) => rank(one) - rank(other));
    return alive[which % alive.length];
  }

  #start(computer: 0 | 1): void {
    const instance = `process ${this.#processes.length} of the ${nameOf(computer)}`;
    const process = new Process(computer, instance, this.#plan.merges, {
      onPrompt: (run, message) => {
        this.#say(`  ${instance} prompts its agent with message ${message}`);
        this.#ledger.prompted(run, message);
      },
      onAnswer: (run, key, option) => {
        this.#say(`  the agent of ${instance} gets “${option}” for ${key}`);
        this.#ledger.answered(run, key, option);
      },
      onContent: (run, content) => this.#ledger.did(run, content),
      onForget: (run, why) => {
        this.#say(`  ${instance} forgets ${run}: ${why}`);
        this.#ledger.forgot(run);
      },
    });
    this.#processes.push(process);
  }

  async #kill(process: Process | undefined, isHeard: boolean): Promise<void> {
    if (!process) return;
    await this.#cut(process, isHeard ? "both" : "runner");
    process.die();
  }

  /** Opens a socket, if the gate lets it. */
  async #connect(process: Process | undefined, extent: "whole" | "later"): Promise<void> {
    if (!process?.isAlive || process.hasLeft || this.#links.has(process)) return;
    const assign = await this.#passGate(process);
    if (assign === undefined) {
      this.#say(`  the gate refuses ${process.instance}`);
      process.refuse();
      return;
    }
    const open = async () => {
      if (this.#isGone || this.#links.has(process)) return;
      const computer = this.#computers[process.computer];
      const socket = await this.#work.open({ computer, assign });
      const line: Line = {
        ...{ computer: process.computer, assign, sign: Date.now(), instance: undefined },
        ...{ state: "waiting", isOpen: true },
      };
      this.#model.lines.push(line);
      if (!process.isAlive || process.hasLeft) return; // Its client is gone: nobody ever attaches.
      const up: RunnerFrame[] = [];
      this.#links.set(process, {
        ...{ socket, line, up, down: [] },
        ...{ holdsUp: false, holdsDown: false, isClosing: false },
      });
      process.open((frame) => up.push(frame));
    };
    await this.#later(extent, `the upgrade of ${process.instance} (assignment ${assign})`, open);
  }

  /** @returns the number of the assignment; undefined if the gate refuses */
  async #passGate({ computer }: Process): Promise<number | undefined> {
    const { row } = await inDatabase(this.#work.id);
    const isIts = row?.runner_id === this.#computers[computer].runner;
    return row && isIts && this.#areConnected[computer] ? row.assign : undefined;
  }

  // What happens on the way.

  #hold(which: number, holds: "up" | "down" | "both" | undefined): void {
    const process = this.#process(which);
    const link = process && this.#links.get(process);
    if (!link) return;
    link.holdsUp = holds === "up" || holds === "both";
    link.holdsDown = holds === "down" || holds === "both";
  }

  async #deliver(which: number, way: "up" | "down"): Promise<void> {
    const process = this.#process(which);
    const link = process && this.#links.get(process);
    if (!link) return;
    if (way === "up") await this.#bringUp(process, link);
    else this.#bringDown(process, link);
  }

  /** Brings everything that is not held back to where it goes, and so on, until nothing is on its way. */
  async #flow(): Promise<void> {
    for (let frames = 0; frames < 500; frames++) {
      await this.#collect();
      const [moved] = [...this.#links].filter(
        ([, { up, down, holdsUp, holdsDown }]) =>
          (up.length > 0 && !holdsUp) || (down.length > 0 && !holdsDown),
      );
      if (!moved) return;
      const [process, link] = moved;
      if (link.down.length > 0 && !link.holdsDown) this.#bringDown(process, link);
      else await this.#bringUp(process, link);
    }
    throw new Error("Frames go to and fro without an end");
  }

  /** Takes what the object has sent. */
  async #collect(): Promise<void> {
    for (const link of this.#links.values()) {
      const { socket, line } = link;
      await socket.settle();
      link.down.push(...socket.heard.splice(0));
      if (!socket.closedWith || link.isClosing || !line.isOpen) continue;
      link.isClosing = true;
      link.down.push({ type: "closed", code: socket.closedWith.code });
    }
  }

  #bringDown(process: Process, link: Link): void {
    const frame = link.down.shift();
    if (!frame) return;
    this.#say(`  ${process.instance} hears ${JSON.stringify(frame)}`);
    if (frame.type !== "closed") {
      if (frame.type === "kept") this.#ledger.keptFor(frame.run, frame.seq);
      process.hear(frame);
      return;
    }
    this.#links.delete(process);
    process.closed(frame.code);
  }

  async #bringUp(process: Process, link: Link): Promise<void> {
    const frame = link.up.shift();
    if (frame) await this.#reach(link.socket, link.line, frame);
  }

  /** Has a frame reach the object. */
  async #reach(socket: RunnerSocket, line: Line, frame: RunnerFrame): Promise<void> {
    if (!line.isOpen) return; // The connection is gone: nothing arrives.
    this.#say(`  the object gets ${JSON.stringify(frame)}`);
    const wasDead = line.state === "dead";
    const isExpected = this.#model.take(line, frame);
    if (!isExpected && !this.#mayBeUnexpected(frame)) {
      throw new Error(`A runner that keeps the rules sent what is not expected: ${frame.type}`);
    }
    if (socket.isOpen) await socket.say(frame);
    else await socket.arriveLate(frame);
    if (!isExpected && !wasDead) {
      this.#expect(socket.closedWith, RUNNER_CLOSED.unexpected, "what is not expected");
    }
    await this.#check();
  }

  /** Only the begin of what was taken back meanwhile is unexpected. */
  #mayBeUnexpected(frame: RunnerFrame): boolean {
    if (frame.type !== "begin") return false;
    return this.#model.messages.some(({ id, isWithdrawn }) => id === frame.turn && isWithdrawn);
  }

  async #cut(process: Process | undefined, heard: "runner" | "object" | "both"): Promise<void> {
    const link = process && this.#links.get(process);
    if (!link) return;
    if (heard !== "object") {
      this.#links.delete(process);
      process.lose();
    }
    if (heard === "runner") {
      if (link.up.length > 0) this.#late.push({ ...link, frames: link.up.splice(0) });
      return;
    }
    link.line.isOpen = false;
    if (link.socket.isOpen) await link.socket.leave();
    link.down = [];
    link.socket.heard.splice(0);
  }

  async #arrive(which: number): Promise<void> {
    const late = this.#late[which % this.#late.length];
    const frame = late?.frames.shift();
    this.#late = this.#late.filter(({ frames }) => frames.length > 0);
    if (late && frame) await this.#reach(late.socket, late.line, frame);
  }

  // What time, the platform and D1 do.

  async #wait(milliseconds: number, ring: boolean): Promise<void> {
    const until = Date.now() + milliseconds;
    for (let rings = 0; ring && rings < 30; rings++) {
      const { alarm } = await look(this.#work.id);
      if (alarm === null || alarm > until || this.#ringing) break;
      vi.setSystemTime(Math.max(Date.now(), alarm));
      this.#pass(false);
      this.#say(`  the alarm rings, ${(Date.now() - START) / SECOND} s after the beginning`);
      await this.#ring("none");
      await this.#flow();
    }
    vi.setSystemTime(Math.max(Date.now(), until));
    this.#pass(milliseconds >= 10 * SECOND);
    if (milliseconds < 10 * SECOND) return;
    for (const process of [...this.#links.keys()]) {
      const link = this.#links.get(process)!;
      // No pong comes: it gives the socket up.
      if (link.holdsUp || link.holdsDown || !link.line.isOpen) await this.#cut(process, "runner");
    }
    for (const process of this.#processes) process.endCancelled();
    for (const process of [...this.#processes]) await this.#reconnect(process);
  }

  /** Pings are heard on every connection that works. */
  #pass(isAwake: boolean): void {
    for (const [process, { socket, line, holdsUp }] of this.#links) {
      if (!process.isAlive || holdsUp || !line.isOpen || line.state === "dead") continue;
      line.sign = Date.now();
      socket.ping();
    }
    if (isAwake) this.#say(`  it is ${(Date.now() - START) / SECOND} s after the beginning`);
  }

  /** A process reconnects while it holds a run, or if D1 says that there is something to do. */
  async #reconnect(process: Process): Promise<void> {
    if (process.holdsRun) return this.#connect(process, "whole");
    const { row } = await inDatabase(this.#work.id);
    const asks = ["queued", "working", "waiting", "lost"].includes(row?.agent_status ?? "");
    if (asks && row?.runner_id === this.#computers[process.computer].runner) {
      await this.#connect(process, "whole");
    }
  }

  async #ring(fault: BatchFault): Promise<void> {
    if (this.#ringing) return;
    const wasDeleting = this.#model.isDeleting;
    const ringing = await Ringing.start(this.#work.id);
    if (!ringing) return;
    this.#ringing = ringing;
    if (!wasDeleting) this.#model.judge(Date.now());
    await this.#check();
    await this.#drive(ringing, fault);
  }

  /** Lets an alarm go on to its end, or to where it stalls. */
  async #drive(ringing: Ringing, fault: BatchFault): Promise<void> {
    while (ringing.call) {
      const { make } = ringing.call;
      const failure = { error: new Error("Failed by the plan") };
      switch (fault) {
        case "refused":
          await ringing.answer(failure);
          break;
        case "answer lost":
          await make();
          await ringing.answer(failure);
          break;
        case "late":
          this.#stalled.push({
            what: "the batch of an alarm",
            go: async () => void (await make()),
          });
          await ringing.answer(failure);
          break;
        case "stalls":
          this.#stallRinging(ringing, async () => this.#land(ringing, await make()));
          return;
        case "answer stalls": {
          const answer = await make();
          this.#stallRinging(ringing, () => this.#land(ringing, answer));
          return;
        }
        case "none":
          await this.#land(ringing, await make());
      }
      fault = "none";
    }
    this.#ringing = undefined;
    await this.#check();
  }

  #stallRinging(ringing: Ringing, go: () => Promise<void>): void {
    this.#stalled.push({
      what: "the alarm",
      go: async () => {
        if (this.#ringing !== ringing) return; // The object was restarted.
        await go();
        await this.#drive(ringing, "none");
      },
    });
  }

  /** The answer of an alarm's batch arrives: the object follows the row. */
  async #land(ringing: Ringing, answer: unknown): Promise<void> {
    const rows = (answer as D1Result[]).flatMap(({ results }) => results ?? []);
    const row = rows.find(
      (one) => typeof one === "object" && one !== null && "runner_id" in one,
    ) as SessionRow | undefined;
    const runner = this.#computers.findIndex(({ runner }) => runner === row?.runner_id);
    const isValid = rows.some((one) => (one as { id?: unknown }).id === row?.runner_id);
    if (row && !this.#model.isDeleting) {
      const computer = runner === -1 ? null : (runner as 0 | 1);
      this.#model.adopt(row.assign, computer);
      if (computer !== null && !isValid) this.#model.disconnect(computer);
    }
    await ringing.answer({ answer });
  }

  async #release(which: number): Promise<void> {
    const [stalled] = this.#stalled.splice(which % (this.#stalled.length || 1), 1);
    if (!stalled) return;
    this.#say(`  released: ${stalled.what}`);
    await stalled.go();
  }

  /** Restarts the object; the platform runs an alarm again that was cut off. */
  async #abort(): Promise<void> {
    await look(this.#work.id); // Resolves when its writes are stored.
    await abortAllDurableObjects();
    this.#model.restart();
    this.#late = [];
    if (this.#ringing) {
      this.#ringing = undefined;
      await runInDurableObject(this.#work.object, async (_, { storage }) => {
        if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now());
      });
    }
    for (const [process, link] of this.#links) {
      link.down.push({ type: "closed", code: 1006 });
      link.isClosing = true;
      this.#say(`  the connection of ${process.instance} is broken`);
    }
  }

  // The end.

  /** Lets everything that is on its way arrive, time pass, and alarms ring until none is due soon. */
  async #settle(): Promise<void> {
    this.#say(`everything settles; the computers are ${this.#plan.ending}`);
    while (this.#stalled.length > 0) await this.#release(0);
    while (this.#late.length > 0) await this.#arrive(0);
    if (this.#plan.ending === "gone") {
      for (const process of this.#processes) await this.#kill(process, false);
    } else {
      for (const link of this.#links.values()) link.holdsUp = link.holdsDown = false;
      await this.#flow();
      for (const computer of [0, 1] as const) if (!this.#isManned(computer)) this.#start(computer);
    }
    let quiet = 0;
    for (let minutes = 0; quiet < 3; minutes++) {
      if (minutes > 60) throw new Error("It never comes to rest");
      await this.#wait(61 * SECOND, true);
      await this.#flow();
      quiet = (await this.#finish()) ? 0 : quiet + 1;
    }
    const { computer } = this.#model;
    const isServed =
      !this.#isGone &&
      computer !== null &&
      this.#areConnected[computer] &&
      this.#isManned(computer);
    this.#expectNothing(this.#ledger.wrongInTheEnd(this.#model, this.#processes, isServed));
    const { row, tombstone } = await inDatabase(this.#work.id);
    const { state } = await look(this.#work.id);
    if (this.#isGone) {
      this.#expect(
        { row, hasTombstone: tombstone !== undefined, state },
        { row: undefined, hasTombstone: true, state: undefined },
        "a deleted session",
      );
      return;
    }
    const told = (of: Partial<SessionRow> | undefined) => {
      const { agent_status, status_rev, asks, runner_id, assign, agent } = of ?? {};
      return { agent_status, status_rev, asks, runner_id, assign, agent };
    };
    this.#expect(told(row), told(state), "[K7] the row");
  }

  /** Whether a process runs on a computer that may work on the session. */
  #isManned(computer: 0 | 1): boolean {
    return this.#processes.some(
      (process) => process.computer === computer && process.isAlive && !process.hasLeft,
    );
  }

  /** Has all agents come to an end, also of what they are handed then. @returns whether there was any run */
  async #finish(): Promise<boolean> {
    const isBusy = this.#processes.some(({ run }) => run !== undefined);
    while (this.#processes.some((process) => process.act("end", "done"))) {
      await this.#flow();
      await this.#check();
    }
    return isBusy;
  }

  /** Compares what is stored with the model. */
  async #check(): Promise<void> {
    await this.#collect();
    const seen = await look(this.#work.id);
    const isRinging = this.#ringing !== undefined;
    this.#expectNothing(
      wrongNow(
        this.#model,
        seen,
        this.#before,
        this.#computers.map(({ runner }) => runner),
        isRinging,
      ) ??
        this.#ledger.wrongNow(this.#model, this.#processes, (process) => this.#hasUnheard(process)),
    );
    this.#before = seen;
  }

  /** Whether something that the object has sent to a process, or the close of its socket, is still to be heard. */
  #hasUnheard(process: Process): boolean {
    const link = this.#links.get(process);
    return (
      !link ||
      link.down.length > 0 ||
      link.isClosing ||
      link.line.state !== "linked" ||
      !link.line.isOpen
    );
  }

  #expect(is: unknown, expected: unknown, what: string): void {
    if (JSON.stringify(is) === JSON.stringify(expected)) return;
    throw new Error(`${what}: ${JSON.stringify(is)} instead of ${JSON.stringify(expected)}`);
  }

  #expectNothing(wrong: string | undefined): void {
    if (wrong) throw new Error(wrong);
  }

  #say(line: string): void {
    this.story.push(line);
  }
}
