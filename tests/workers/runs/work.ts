/** A session that a runner works on, as the tests of the runs see and use it. */
import { expect } from "vitest";
import { sessionObject } from "../../../app/platform/durable-objects.server";
import { hashToken, randomToken } from "../../../app/platform/token.server";
import { openSocket } from "../../../app/platform/http/socket.server";
import type { Item, Permission } from "../../../app/sessions/protocol/item";
import type { RunItem } from "../../../app/sessions/protocol/run-frames";
import type { SessionRow } from "../../../app/sessions/protocol/session";
import { LiveSocket } from "../live-support";
import {
  env,
  fireAlarm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  newRowWithoutObject,
} from "../support";
import { RunnerSocket, type Listening } from "./socket";

/** A program that runs agents on a person's computer. */
export type Computer = Omit<Listening, "assign">;

/** Connects a computer of a person's. */
export async function newComputer(user: string, agent = "Claude Code"): Promise<Computer> {
  const computer = { runner: crypto.randomUUID(), user, agent };
  const insert = `INSERT INTO runners (id, user_id, name, token_hash, created_at, used_at)
    VALUES (?, ?, 'laptop', ?, ?, ?)`;
  const now = Date.now();
  const hash = await hashToken(randomToken());
  await env.DB.prepare(insert).bind(computer.runner, user, hash, now, now).run();
  return computer;
}

/** Makes the token of a computer invalid, without telling any object. */
export async function disconnectInD1({ runner }: Computer): Promise<void> {
  await env.DB.prepare("DELETE FROM runners WHERE id = ?").bind(runner).run();
}

export const YES = { id: "yes", name: "Yes", kind: "allow_once" } as const;
export const NO = { id: "no", name: "No", kind: "reject_once" } as const;

/** @returns a request as an agent asks it */
export function request(key: string, title = "Run the tests?"): RunItem {
  return { key, item: { kind: "permission", title, options: [YES, NO] } };
}

/** @returns a text that an agent writes */
export function words(key: string, text: string): RunItem {
  return { key, item: { kind: "message", text } };
}

/** @returns a call of a tool */
export function tool(
  key: string,
  status: "pending" | "in_progress" | "completed" | "failed",
): RunItem {
  return { key, item: { kind: "tool", title: `Tool ${key}`, status } };
}

export class Work {
  private constructor(
    readonly row: SessionRow,
    readonly computer: Computer,
  ) {}

  get id(): string {
    return this.row.id;
  }

  get user(): string {
    return this.row.user_id;
  }

  get object() {
    return sessionObject(env, this.id);
  }

  /** @param texts of the owner's messages, which wait for a run */
  static begin(...texts: string[]): Promise<Work> {
    return Work.of(freshPerson(), ...texts);
  }

  /** The same for a person with this id. */
  static async of(user: string, ...texts: string[]): Promise<Work> {
    const computer = await newComputer(user);
    const row = await newRowWithoutObject({
      user_id: computer.user,
      runner_id: computer.runner,
      assign: 1,
      agent: computer.agent,
    });
    const work = new Work(row, computer);
    await work.object.initialize(row);
    for (const text of texts) await work.write(text);
    return work;
  }

  /** The owner writes a message. @returns the answer */
  async write(text: string) {
    const answer = await this.object.append(this.user, freshMessage(text));
    expect(answer.state).toBe("ready");
  }

  /** Opens a socket without attaching. */
  open({ computer = this.computer, assign = 1 } = {}): Promise<RunnerSocket> {
    return RunnerSocket.open(this.id, { ...computer, assign });
  }

  /** Opens a socket and attaches. */
  async attached(
    instance = "process 1",
    { run, ...from }: { run?: string; computer?: Computer; assign?: number } = {},
  ): Promise<RunnerSocket> {
    const socket = await this.open(from);
    await socket.say({ type: "attach", instance, run });
    return socket;
  }

  /** Attaches and begins a run for the oldest message that waits. @returns the socket, with nothing heard */
  async running(run = "run 1", instance = "process 1"): Promise<RunnerSocket> {
    const socket = await this.attached(instance);
    const [attached] = socket.heard;
    const [message] = attached?.type === "attached" ? attached.messages : [];
    await socket.say({ type: "begin", turn: message?.id ?? 0, run });
    expect((await socket.next()).map(({ type }) => type)).toEqual(["attached", "begun"]);
    return socket;
  }

  /** What a page of the owner's shows. */
  async shown() {
    const answer = await this.object.conversation(this.user, undefined);
    if (answer.state !== "ready") throw new Error(`It answers ${answer.state}`);
    return answer;
  }

  /** @returns the items of runs by key, as they are shown */
  async items(): Promise<Record<string, Item["body"]>> {
    const { items } = await this.shown();
    return Object.fromEntries(
      items.flatMap((item) =>
        "body" in item && item.key !== null ? [[item.key, item.body] as const] : [],
      ),
    );
  }

  /** @returns the state of each request by its key */
  async asked(): Promise<Record<string, Permission["state"]>> {
    const items = Object.entries(await this.items());
    return Object.fromEntries(
      items.flatMap(([key, body]) => (body.kind === "permission" ? [[key, body.state]] : [])),
    );
  }

  /** The owner answers a request. @returns whether this answer counts */
  async answer(key: string, option: string): Promise<boolean> {
    const { items } = await this.shown();
    const item = items.find((one) => "body" in one && one.key === key);
    const answer = await this.object.answer(this.user, item!.id, option, "Ada");
    if (answer.state !== "ready") throw new Error(`It answers ${answer.state}`);
    return answer.isTaken;
  }

  /** The owner stops a run. @returns what comes of it */
  async stop(run: string): Promise<string> {
    const answer = await this.object.stop(this.user, run);
    return answer.state === "ready" ? answer.outcome : answer.state;
  }

  /** The status of the agents, and which run is running. */
  async standing() {
    const { session, runs } = await this.shown();
    return { status: session.agent_status, running: runs.running?.id ?? null };
  }

  async state() {
    return (await inStorage(this.id)).state!;
  }

  async inD1(): Promise<SessionRow> {
    return (await inDatabase(this.id)).row!;
  }

  /** @returns in how many milliseconds the alarm is due */
  async alarmIn(): Promise<number> {
    const { alarm } = await inStorage(this.id);
    if (alarm === null) throw new Error("No alarm is set");
    return alarm - Date.now();
  }

  async ring(): Promise<void> {
    expect(await fireAlarm(this.id)).toBe(true);
  }

  /** Gives the session to another computer in D1, without telling the object. @returns the number of the assignment */
  async reassign(computer: Computer | undefined): Promise<number> {
    const move = `UPDATE sessions SET runner_id = ?, assign = assign + 1, agent = ?
      WHERE id = ? RETURNING assign`;
    const moved = await env.DB.prepare(move)
      .bind(computer?.runner ?? null, computer?.agent ?? null, this.id)
      .first<{ assign: number }>();
    return moved!.assign;
  }

  /** Opens a page of the owner's. */
  async page(): Promise<LiveSocket> {
    const upgrade = new Request("https://ship.example/", { headers: { Upgrade: "websocket" } });
    const { seq } = (await this.state()) as unknown as { seq: number };
    const listener = { user: this.user, signIn: "a browser", since: `${seq}` };
    return new LiveSocket(await openSocket(upgrade, () => this.object, listener));
  }
}
