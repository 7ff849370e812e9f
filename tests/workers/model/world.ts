/**
 * Runs a plan on real D1 and real Durable Objects, and compares what is stored with the model. One call is made at a
 * time, in the plan's order, and the clock is stopped unless the plan moves it, so that the same plan always does the
 * same.
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { changeStatus, createSession } from "../../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../../app/platform/durable-objects.server";
import type { ObjectAnswer } from "../../../app/sessions/protocol/object-answers";
import type { SessionRow, Task } from "../../../app/sessions/protocol/session";
import {
  env,
  everything,
  faultyDatabase,
  faultyEnv,
  freshPerson,
  inStorage,
  loseRow,
  newRowWithoutObject,
} from "../support";
import {
  exists,
  failedOutcomes,
  knownOf,
  learn,
  learnLoss,
  learnTask,
  legalOutcomes,
  wrongAfterSettling,
  wrongAnswer,
  wrongNow,
} from "./model";
import {
  countOf,
  messageKey,
  repositoryOf,
  taskText,
  wordsOf,
  type Beginning,
  type Kind,
  type Operation,
  type Plan,
  type Step,
} from "./plan";
import { Run, type Call, type Place, type Session } from "./run";

/** Far from the real time, so that alarms run only when the test runs them. */
const START = Date.UTC(2100, 0, 1);

const IDLE_SECONDS = 2 * 60 * 60;

/** An alarm within this time repairs what a crash left; only the daily one repairs a restored D1. In milliseconds. */
const SOON = 60 * 60_000;
const DAILY = 25 * 60 * 60_000;

export class World {
  /** What happened, line by line, to explain a failure. */
  readonly story: string[] = [];
  #sessions: Session[] = [];
  #stranger = freshPerson();
  #runs: Run[] = [];
  #stalled: { run: Run; call: Call }[] = [];

  /** @throws an Error that says what is wrong, and what happened up to there */
  static async live({ sessions, steps }: Plan): Promise<void> {
    const world = new World();
    vi.setSystemTime(START);
    try {
      for (const beginning of sessions) await world.#begin(beginning);
      for (const step of steps) await world.#take(step);
      await world.#settle();
      await world.#part();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${reason}\n\n${world.story.join("\n")}\n`, { cause: error });
    } finally {
      vi.useRealTimers();
    }
  }

  async #begin(beginning: Beginning): Promise<void> {
    const owner = freshPerson();
    const key = crypto.randomUUID();
    const id = await idOf(owner, key);
    const known = knownOf(beginning, Date.now());
    this.#say(`session ${this.#sessions.length} begins with ${beginning.there}`);
    this.#sessions.push({ id, key, owner, known });
    if (beginning.there === "nothing") return;
    const { owner: repo_owner, name: repo_name } = repositoryOf(0);
    const archived = beginning.there === "row" && beginning.status === "archived";
    const row = await newRowWithoutObject({
      ...{ id, user_id: owner, repo_owner, repo_name },
      ...(archived && { status: "archived", archived_at: Date.now(), archived_by: "owner" }),
      message_count: countOf(beginning),
    });
    await remember(row, known.waitingTask);
    if (beginning.there === "row") return;
    await sessionObject(env, id).initialize(row);
    if (beginning.there === "object") await loseRow(id);
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case "run":
        await this.#start(step.operations, step.order);
        break;
      case "release":
        await this.#release(step.which);
        break;
      case "wait":
        this.#say(`${step.milliseconds} ms pass`);
        vi.setSystemTime(Date.now() + step.milliseconds);
        break;
      case "abort":
        await this.#abort();
        break;
      case "lose row":
        await this.#loseRow(this.#sessions[step.session]!);
    }
  }

  async #start(operations: Operation[], order: number[] = []): Promise<void> {
    const runs: Run[] = [];
    for (const operation of operations) {
      const session = this.#sessions[operation.session]!;
      const run =
        operation.kind === "alarm"
          ? await this.#ring(operation, session)
          : await this.#act(operation, session);
      if (run) runs.push(run);
    }
    await this.#drive(runs, order);
  }

  async #act(operation: Operation, session: Session): Promise<Run> {
    const run = this.#newRun(operation, session);
    const { id, key, owner } = session;
    const person = operation.by === "owner" ? owner : this.#stranger;
    const names = ["batch", "initialize", "append", "prepare", "wipe"] as const;
    const faulty = faultyEnv(Object.fromEntries(names.map((name) => [name, run.gate(name)])));
    await run.start(async () => {
      switch (operation.kind) {
        case "create":
          return createSession(faulty, person, {
            key,
            repository: repositoryOf(operation.which),
            task: taskOf(operation, person),
            another: true,
          });
        case "append": {
          const text = messageKey(operation);
          const message = { role: "user" as const, author: person, text, client_key: text };
          return appendMessage(faulty, person, id, message);
        }
        case "delete":
          return { outcome: await deleteSession(faulty, person, id) };
        case "alarm":
          throw new Error("Nobody rings an alarm");
        default:
          return changeStatus(faulty, person, id, operation.kind);
      }
    });
    return run;
  }

  /** Runs an alarm as the platform does: one at a time, and it is no longer set when it runs. */
  async #ring(operation: Operation, session: Session): Promise<Run | undefined> {
    if (this.#isRinging(session)) return undefined;
    const stub = sessionObject(env, session.id);
    const object = await runInDurableObject(stub, async (instance, { storage }) => {
      if ((await storage.getAlarm()) === null) return undefined;
      await storage.deleteAlarm();
      return instance;
    });
    if (!object) return undefined;
    const run = this.#newRun(operation, session, (visit) => runInDurableObject(stub, visit));
    const DB = faultyDatabase(run.gate("batch"));
    await run.start(async () => {
      Object.assign(object, { env: { ...env, DB, AUTO_ARCHIVE_SECONDS: IDLE_SECONDS } });
      await object.alarm();
      return { outcome: "rang" };
    });
    return run;
  }

  #newRun(operation: Operation, session: Session, place?: Place): Run {
    const run = new Run(this.#runs.length + 1, operation, session, place);
    this.#runs.push(run);
    this.#say(`${run.number}. ${wordsOf(operation)}`);
    return run;
  }

  /** Advances operations in turns, in a given order, until each has ended or waits. */
  async #drive(runs: Run[], order: number[]): Promise<void> {
    const turns = [...order];
    for (;;) {
      for (const run of runs.filter(({ over }) => over)) await this.#judge(run);
      runs = runs.filter(({ over, waits }) => !over && !waits);
      if (runs.length === 0) return;
      await this.#advance(runs[(turns.shift() ?? 0) % runs.length]!);
    }
  }

  /** One turn: a call is made, or its response arrives. */
  async #advance(run: Run): Promise<void> {
    const call = run.call!;
    const { lands, caller } = call.fault;
    if (!call.sent) {
      call.sent = true;
      if (lands === "now") await this.#land(run, call);
      if (lands === "late") this.#stalled.push({ run, call });
    } else if (caller === "waits" && !call.released) {
      run.waits = true;
      if (lands !== "late") this.#stalled.push({ run, call });
    } else if (caller === "gone") {
      this.#say(`${run.number}. is gone`);
      if (run.operation.kind === "alarm") await this.#abort();
      else run.over = run.gone = true;
    } else {
      await run.answer(caller === "told");
      if (run.operation.kind === "alarm" && !run.failed) this.#takeTask(run);
    }
  }

  async #land(run: Run, call: Call): Promise<void> {
    call.landed = await call.make().then(
      (answer) => ({ answer }),
      (error: Error) => ({ error }),
    );
    this.#say(`${run.number}. ${call.name} lands: ${wordsOfLanding(call.landed)}`);
    if ("answer" in call.landed) {
      const answer = { name: call.name, answer: call.landed.answer };
      learn(run.session.known, run, answer, Date.now(), IDLE_SECONDS * 1000);
    }
    // Its own effect is expected already, unless it has just initialized a deleted session's object again.
    this.#widen(run.session, run.session.known.revenant ? undefined : run);
    await this.#check(run.session);
  }

  /** An alarm takes the task when D1's response reaches it. */
  #takeTask(run: Run): void {
    learnTask(run.session.known, run);
    this.#widen(run.session);
  }

  /** Allows other running operations the outcomes that were legal before, and those that are legal now. */
  #widen({ known, id }: Session, cause?: Run): void {
    // The object may have answered that it was empty before it was initialized.
    for (const possible of [known, { ...known, initialized: false }]) {
      for (const run of this.#runs) {
        if (run.over || run === cause || run.session.id !== id) continue;
        for (const outcome of legalOutcomes(possible, run.operation)) run.legal.add(outcome);
      }
    }
  }

  async #judge(run: Run): Promise<void> {
    if (run.gone) return;
    const { operation, session, failed, result } = run;
    const { outcome } = result;
    this.#say(`${run.number}. answers ${outcome}`);
    const legal = failed ? failedOutcomes(run, failed) : [...run.legal];
    if (!legal.includes(outcome)) {
      throw new Error(`${run.number}. answered ${outcome}, not ${legal.join(" or ")}`);
    }
    const wrong = wrongAnswer(operation, session.id, result, session.known);
    if (wrong) throw new Error(`${run.number}. ${wrong}`);
    await this.#check(session);
  }

  async #release(which: number): Promise<void> {
    const [stalled] = this.#stalled.splice(which % (this.#stalled.length || 1), 1);
    if (!stalled) return;
    const { run, call } = stalled;
    this.#say(`what stalled of ${run.number}. is released`);
    call.released = true;
    if (call.fault.lands === "late") await this.#land(run, call);
    if (run.over || !run.waits) return;
    run.waits = false;
    await this.#drive([run], []);
  }

  /** Aborts all objects; the platform runs an alarm again that was cut off. */
  async #abort(): Promise<void> {
    this.#say("all objects are aborted");
    await abortAllDurableObjects();
    for (const run of this.#runs.filter(isRinging)) {
      run.over = run.gone = true;
      await runInDurableObject(sessionObject(env, run.session.id), async (_, { storage }) => {
        if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now());
      });
    }
  }

  async #loseRow(session: Session): Promise<void> {
    this.#say(`the row of session ${this.#sessions.indexOf(session)} is lost`);
    await loseRow(session.id);
    learnLoss(session.known);
    this.#widen(session);
    await this.#check(session);
  }

  /** Lets every call land and every response arrive, and runs alarms until none is due soon. */
  async #settle(): Promise<void> {
    this.#say("everything settles");
    while (this.#stalled.length > 0) await this.#release(0);
    for (const session of this.#sessions) {
      await this.#ringUntilQuiet(session);
      const { known } = session;
      if (known.deletion === "begun") known.deletion = "final";
      this.#expectNothing(session, wrongAfterSettling(known, await everything(session.id)));
      await this.#check(session);
    }
  }

  async #ringUntilQuiet(session: Session): Promise<void> {
    const { restored, archivedAt, lastMessageAt } = session.known;
    // An archiving in the very millisecond of a message that the row has already: only the daily alarm sees it.
    const until = Date.now() + (restored || archivedAt === lastMessageAt ? DAILY : SOON);
    for (let rings = 0; rings < 20; rings++) {
      const { alarm } = await inStorage(session.id);
      if (alarm === null || alarm > until) return;
      vi.setSystemTime(Math.max(Date.now(), alarm));
      await this.#start([this.#byOwner("alarm", session)]);
    }
    throw new Error("An alarm always comes soon");
  }

  /** Deletes each session in the end, and expects that nothing remains and that its form does not create it again. */
  async #part(): Promise<void> {
    for (const session of this.#sessions) {
      if (!exists(session.known)) continue;
      await this.#start([this.#byOwner("delete", session)]);
      await this.#start([this.#byOwner("create", session)]);
      this.#expectNothing(session, wrongAfterSettling(session.known, await everything(session.id)));
    }
  }

  #byOwner(kind: Kind, session: Session): Operation {
    return {
      kind,
      session: this.#sessions.indexOf(session),
      by: "owner",
      which: 0,
      task: 0,
      fault: null,
    };
  }

  async #check(session: Session): Promise<void> {
    const seen = await everything(session.id);
    const wrong = wrongNow(session.known, seen, session.owner, this.#isRinging(session));
    this.#expectNothing(session, wrong);
  }

  #isRinging(session: Session): boolean {
    return this.#runs.some((run) => isRinging(run) && run.session === session);
  }

  #expectNothing(session: Session, wrong: string | undefined): void {
    if (wrong) throw new Error(`Session ${this.#sessions.indexOf(session)}: ${wrong}`);
  }

  #say(line: string): void {
    this.story.push(line);
  }
}

/** Gives a row the history that every row has, and puts its task beside it. */
async function remember({ id, user_id, created_at }: SessionRow, task: number | null) {
  const event = "INSERT INTO session_events (session_id, kind, at) VALUES (?, 'created', ?)";
  await env.DB.prepare(event).bind(id, created_at).run();
  if (task === null) return;
  const insert = "INSERT INTO tasks (session_id, author, text) VALUES (?, ?, ?)";
  await env.DB.prepare(insert).bind(id, user_id, taskText(task)).run();
}

function taskOf({ task }: Operation, author: string): Task | undefined {
  return task === null ? undefined : { author, text: taskText(task) };
}

function isRinging({ operation, over }: Run): boolean {
  return operation.kind === "alarm" && !over;
}

function wordsOfLanding(landed: NonNullable<Call["landed"]>): string {
  if ("error" in landed) return String(landed.error);
  return (landed.answer as Partial<ObjectAnswer>).state ?? "applied";
}

/** @returns the id that the app derives from person and key, taken from the statement that it sends */
async function idOf(person: string, key: string): Promise<string> {
  let id = "";
  const DB = {
    prepare: () => ({ bind: (first: string) => (id ||= first) }),
    batch: () => Promise.reject(new Error("Only asked for the id")),
  } as unknown as D1Database;
  await createSession({ ...env, DB }, person, { key, repository: repositoryOf(0), another: true });
  return id;
}
