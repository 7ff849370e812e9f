/** The runner's end of its socket to a session's object, and the clock of what the object hears on it. */
import { runInDurableObject } from "cloudflare:test";
import { afterAll, beforeAll } from "vitest";
import { SessionDO } from "../../../durable-objects/session/session-do";
import { sessionObject } from "../../../app/platform/durable-objects.server";
import { openSocket } from "../../../app/platform/http/socket.server";
import type { ObjectFrame, RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import { env } from "../support";

/** Who opens a runner's socket, as the gate has found out. */
export interface Listening {
  runner: string;
  user: string;
  /** The assignment that the gate has read from the row. */
  assign: number;
  agent: string;
}

/** When something was last heard on a socket, by its server's end: epoch milliseconds of the stopped clock. */
const signs = new WeakMap<WebSocket, number>();

/** How many frames objects have taken, by the server's end of the socket. */
const taken = new WeakMap<WebSocket, number>();

/**
 * Has the object read the stopped clock when it asks when it last heard something, because the platform answers pings by
 * its own clock; and tells when the object has taken a frame. For the tests of this file.
 */
export function observeSockets(): void {
  const { prototype } = SessionDO;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const take = prototype.webSocketMessage;
  beforeAll(() => {
    prototype.webSocketMessage = function (socket, data) {
      try {
        take.call(this, socket, data);
      } finally {
        taken.set(socket, (taken.get(socket) ?? 0) + 1);
      }
    };
  });
  afterAll(() => {
    prototype.webSocketMessage = take;
  });
}

type Context = DurableObjectState & {
  getWebSocketAutoResponseTimestamp: (socket: WebSocket) => Date | null;
};

export class RunnerSocket {
  /** What has come, in order. */
  readonly heard: ObjectFrame[] = [];
  /** How the object has closed it. */
  closedWith: { code: number; reason: string } | undefined;
  readonly #closed: Promise<void>;
  #pong: () => void = () => undefined;

  private constructor(
    readonly session: string,
    readonly listening: Listening,
    readonly client: WebSocket,
    /** The object's end, which is of no use once the object was aborted. */
    readonly server: WebSocket,
  ) {
    client.addEventListener("message", ({ data }) => {
      if (data === "pong") this.#pong();
      else this.heard.push(JSON.parse(data as string) as ObjectFrame);
    });
    client.addEventListener("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      client.addEventListener("close", ({ code, reason }) => {
        this.closedWith = { code, reason };
        resolve();
      });
    });
    client.accept();
  }

  /** Opens a socket as the gate does, without attaching. */
  static async open(session: string, listening: Listening): Promise<RunnerSocket> {
    const stub = () => sessionObject(env, session);
    const before = await runInDurableObject(stub(), (_, ctx) => new Set(ctx.getWebSockets()));
    const request = new Request("https://ship.example/", { headers: { Upgrade: "websocket" } });
    const { runner, user, assign, agent } = listening;
    const response = await openSocket(request, stub, { runner, user, assign: `${assign}`, agent });
    if (!response.webSocket) throw new Error(`Not opened, but answered ${response.status}`);
    const server = await runInDurableObject(stub(), (_, ctx) => {
      hearByStoppedClock(ctx);
      return ctx.getWebSockets().find((socket) => !before.has(socket));
    });
    return new RunnerSocket(session, listening, response.webSocket, server!);
  }

  /** Whether neither side has closed it. */
  get isOpen(): boolean {
    return this.client.readyState === WebSocket.OPEN;
  }

  /** Sends frames in one go, and waits until the object has taken them and what it answers has come. */
  async say(...frames: (RunnerFrame | string | ArrayBuffer)[]): Promise<void> {
    if (!this.isOpen) throw new Error("It is closed");
    const wanted = (taken.get(this.server) ?? 0) + frames.length;
    for (const frame of frames) this.client.send(isRaw(frame) ? frame : JSON.stringify(frame));
    // Not by a promise that the object resolves: what awaits it would go on in the object's context.
    const stub = sessionObject(env, this.session);
    const count = () => runInDurableObject(stub, () => taken.get(this.server) ?? 0);
    while (this.isOpen && (await count()) < wanted);
    await this.settle();
  }

  /** Has the object get what was on its way when it closed the socket. */
  async arriveLate(frame: RunnerFrame | string | ArrayBuffer): Promise<void> {
    const data = isRaw(frame) ? frame : JSON.stringify(frame);
    await runInDurableObject(sessionObject(env, this.session), (object) =>
      object.webSocketMessage(this.server, data),
    );
  }

  /** Waits until everything that the object has sent so far has come. */
  async settle(): Promise<void> {
    if (!this.isOpen) return;
    const answered = new Promise<void>((resolve) => (this.#pong = resolve));
    this.client.send("ping");
    await Promise.race([answered, this.#closed]);
  }

  /** Has a "ping" be heard at a time, now if none is given. */
  ping(at = Date.now()): void {
    signs.set(this.server, at);
  }

  /** Closes it, which the object may hear or not. */
  async leave(): Promise<void> {
    this.client.close(1000, "Left");
    await runInDurableObject(sessionObject(env, this.session), () => undefined);
  }

  /** @returns what has come since this was last asked for */
  async next(): Promise<ObjectFrame[]> {
    await this.settle();
    return this.heard.splice(0);
  }
}

function isRaw(frame: RunnerFrame | string | ArrayBuffer): frame is string | ArrayBuffer {
  return typeof frame === "string" || frame instanceof ArrayBuffer;
}

function hearByStoppedClock(ctx: Context): void {
  const prototype = Object.getPrototypeOf(ctx) as Context;
  prototype.getWebSocketAutoResponseTimestamp = (socket) => {
    const at = signs.get(socket);
    return at === undefined ? null : new Date(at);
  };
}
