/** A runner as a script plays it: a program on a person's computer, over its real WebSocket, without an agent. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import WebSocket from "ws";
import type {
  ObjectFrame,
  QueuedMessage,
  RunItem,
  RunnerFrame,
} from "../../app/sessions/protocol/run-frames";
import type { Delta, RunEnd } from "../../app/sessions/protocol/run";
import { runSql } from "./database";

/** A frame from the object of a type. */
type Frame<Type extends ObjectFrame["type"]> = ObjectFrame & { type: Type };

/** How long a frame or a message may take, in milliseconds. */
const PATIENCE = 10_000;

export class Runner {
  /** The process that the runner says it is. */
  #instance = randomUUID();
  readonly #heard: ObjectFrame[] = [];
  #socket: WebSocket | undefined;
  #closed: { code: number; reason: string } | undefined;
  /** Called when something has come, or the socket was closed. */
  #wake: () => void = () => undefined;
  /** The messages that wait, as far as the object has sent them. */
  #queued: QueuedMessage[] = [];
  /** How much was streamed of each text of the run, by its key. */
  readonly #streamed = new Map<string, string>();
  /** The message of the newest run. */
  #turn = 0;
  #run = "";
  #seq = 0;

  private constructor(
    readonly origin: string,
    readonly session: string,
    readonly token: string,
  ) {}

  /**
   * Connects a computer of the session's owner, gives the session to it as their actions do, and attaches.
   *
   * @param origin of the server
   * @param session the session's id
   * @param agent what the runner calls its agent
   */
  static async connect(origin: string, session: string, agent = "Claude Code"): Promise<Runner> {
    const [runner, token] = [randomUUID(), `shipr_${randomBytes(32).toString("hex")}`];
    const hash = createHash("sha256").update(token).digest("hex");
    const now = Date.now();
    await runSql(
      origin,
      `INSERT INTO runners (id, user_id, name, token_hash, created_at, used_at)
       SELECT ?, user_id, 'laptop', ?, ?, ? FROM sessions WHERE id = ?`,
      ...[runner, hash, now, now, session],
    );
    await runSql(
      origin,
      "UPDATE sessions SET runner_id = ?, agent = ?, assign = assign + 1 WHERE id = ?",
      ...[runner, agent, session],
    );
    const connected = new Runner(origin, session, token);
    await connected.attach();
    return connected;
  }

  /** The id of its run; empty before the first one. */
  get run(): string {
    return this.#run;
  }

  /** Opens a socket and attaches, with the run that it holds. */
  async attach(): Promise<Frame<"attached">> {
    const url = `${this.origin.replace(/^http/, "ws")}/runner/sessions/${this.session}/live`;
    const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${this.token}` } });
    this.#socket = socket;
    this.#closed = undefined;
    socket.on("message", (data: Buffer) => {
      if (socket !== this.#socket) return;
      this.#heard.push(JSON.parse(data.toString()) as ObjectFrame);
      this.#wake();
    });
    socket.on("close", (code, reason) => {
      if (socket !== this.#socket) return;
      this.#closed = { code, reason: reason.toString() };
      this.#wake();
    });
    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", reject);
    });
    this.#send({ type: "attach", instance: this.#instance, ...(this.#run && { run: this.#run }) });
    const attached = await this.hear("attached");
    this.#queued = [];
    this.#queue(attached.messages);
    return attached;
  }

  /** Waits for the next frame of a type; those before it are passed over. @throws if the socket is closed, or none comes */
  async hear<Type extends ObjectFrame["type"]>(type: Type): Promise<Frame<Type>> {
    const until = Date.now() + PATIENCE;
    for (;;) {
      for (let next = this.#heard.shift(); next; next = this.#heard.shift()) {
        if (next.type === "messages") this.#queue(next.messages);
        if (next.type === "withdrawn") this.#forget(next.message);
        if (next.type === type) return next as Frame<Type>;
      }
      if (this.#closed) throw new Error(`Closed: ${JSON.stringify(this.#closed)}`);
      await this.#sign(until - Date.now(), `Nothing of type ${type} came.`);
    }
  }

  /** Begins a run for the oldest message that waits, waiting for one. @returns its text */
  async begin(): Promise<string> {
    if (this.#queued.length === 0) await this.hear("messages");
    const { id, text } = this.#queued.shift()!;
    [this.#turn, this.#run, this.#seq] = [id, randomUUID(), 0];
    this.#streamed.clear();
    this.#send({ type: "begin", turn: id, run: this.#run });
    await this.hear("begun");
    return text;
  }

  /** Sends items of the run, and waits until they are kept. */
  async items(...items: RunItem[]): Promise<void> {
    this.#send({ type: "items", run: this.#run, seq: ++this.#seq, items });
    await this.#kept();
  }

  /** Streams a piece of a text, which nobody confirms. */
  stream(key: string, text: string, kind: Delta["kind"] = "message"): void {
    const before = this.#streamed.get(key) ?? "";
    this.#streamed.set(key, before + text);
    this.#send({ type: "delta", run: this.#run, key, kind, at: before.length, text });
  }

  /** Stores what was streamed of a text so far, and waits until it is kept. */
  async store(key: string, kind: Delta["kind"] = "message"): Promise<void> {
    await this.items({ key, item: { kind, text: this.#streamed.get(key)! } });
  }

  /** Ends the run, and waits until that is kept. */
  async end(outcome: RunEnd = "done"): Promise<void> {
    this.#send({ type: "end", run: this.#run, seq: ++this.#seq, outcome });
    await this.#kept();
  }

  /** Ends without a word, and attaches as another process, which knows of no run. */
  async crash(): Promise<void> {
    this.#socket?.terminate();
    [this.#instance, this.#run] = [randomUUID(), ""];
    await this.attach();
  }

  async #kept(): Promise<void> {
    while ((await this.hear("kept")).seq < this.#seq);
  }

  /** Takes messages that wait; the object may send one twice. */
  #queue(messages: QueuedMessage[]): void {
    const newest = Math.max(this.#turn, ...this.#queued.map(({ id }) => id));
    this.#queued.push(...messages.filter(({ id }) => id > newest));
  }

  #forget(message: number): void {
    this.#queued = this.#queued.filter(({ id }) => id !== message);
  }

  #send(frame: RunnerFrame): void {
    this.#socket!.send(JSON.stringify(frame));
  }

  #sign(within: number, failure: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(failure)), within);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
