import {
  FRAMES_PER_SECOND,
  RUNNER_CLOSED,
  type ObjectFrame,
} from "../../../app/sessions/protocol/run-frames";
import type { Assignment } from "../../../app/sessions/protocol/session";
import type { Close } from "./frame-input";

const RUNNER = "runner";

/** A runner is lost when nothing was heard of it for this long, in milliseconds; it sends a "ping" every 20 seconds. */
const LOST_AFTER = 60_000;

/** What is stored with a socket, so that it survives hibernation. */
export interface RunnerSocket extends Assignment {
  runner_id: string;
  /** Ascends with the sockets of the session. */
  n: number;
  /** When it was opened, epoch milliseconds. */
  acceptedAt: number;
  /** The process that has opened it, once it has said so. */
  instance: string | null;
  /** Frames are taken from the linked one alone, `attach` from one that waits. At most one is linked. */
  state: "waiting" | "linked" | "dead";
}

/** The sockets of the runners of one session: at most one of them is linked, the newest that has attached. */
export class RunnerSockets {
  readonly #ctx: DurableObjectState;
  /** How many frames a socket has sent within a second; lost with the object, which harms nothing. */
  readonly #rates = new WeakMap<WebSocket, { second: number; frames: number }>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  /** Accepts a socket, which waits for `attach`. @returns the response that opens it */
  accept(assignment: Assignment & { runner_id: string }): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const newest = Math.max(0, ...this.#all().map((socket) => attachmentOf(socket).n));
    this.#ctx.acceptWebSocket(server, [RUNNER]);
    this.#keep(server, {
      ...assignment,
      n: newest + 1,
      acceptedAt: Date.now(),
      instance: null,
      state: "waiting",
    });
    return new Response(null, { status: 101, webSocket: client });
  }

  /** @returns what is stored with a socket; undefined if it is none of a runner's */
  find(socket: WebSocket): RunnerSocket | undefined {
    return this.#ctx.getTags(socket).includes(RUNNER) ? attachmentOf(socket) : undefined;
  }

  /** Counts a frame. @returns false if its socket sends too many */
  mayReceive(socket: WebSocket): boolean {
    const second = Math.floor(Date.now() / 1000);
    const rate = this.#rates.get(socket);
    const frames = rate?.second === second ? rate.frames + 1 : 1;
    this.#rates.set(socket, { second, frames });
    return frames <= FRAMES_PER_SECOND;
  }

  /** Links a socket that has attached, and closes every older one. */
  link(socket: WebSocket, instance: string): void {
    const held = attachmentOf(socket);
    for (const other of this.#all()) {
      const { n, instance: known } = attachmentOf(other);
      if (n >= held.n) continue;
      const isAnother = known !== null && known !== instance;
      this.close(other, isAnother ? RUNNER_CLOSED.replaced : RUNNER_CLOSED.gone);
    }
    this.#keep(socket, { ...held, instance, state: "linked" });
  }

  /** Closes a socket; what still arrives on it is dropped. */
  close(socket: WebSocket, { code, reason }: Close): void {
    const held = attachmentOf(socket);
    if (held.state === "dead") return;
    this.#keep(socket, { ...held, state: "dead" });
    socket.close(code, reason);
  }

  /** Closes the sockets for which this holds. */
  closeWhere(isMeant: (held: RunnerSocket) => boolean, closed: Close): void {
    for (const socket of this.#all()) if (isMeant(attachmentOf(socket))) this.close(socket, closed);
  }

  /** Sends a frame to the linked socket; nothing if there is none. */
  send(frame: ObjectFrame): void {
    this.#linked()?.send(JSON.stringify(frame));
  }

  /** Whether nothing was heard of the runner for too long. */
  get isLost(): boolean {
    const linked = this.#linked();
    return !linked || this.#lastSign(linked) <= Date.now() - LOST_AFTER;
  }

  #linked(): WebSocket | undefined {
    return this.#all().find(
      (socket) => attachmentOf(socket).state === "linked" && socket.readyState === WebSocket.OPEN,
    );
  }

  /** @returns when the runner was last heard of, epoch milliseconds */
  #lastSign(socket: WebSocket): number {
    const heard = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
    return Math.max(heard, attachmentOf(socket).acceptedAt);
  }

  #all(): WebSocket[] {
    return this.#ctx.getWebSockets(RUNNER);
  }

  #keep(socket: WebSocket, held: RunnerSocket): void {
    socket.serializeAttachment(held);
  }
}

function attachmentOf(socket: WebSocket): RunnerSocket {
  return socket.deserializeAttachment() as RunnerSocket;
}
