import { RUNNER_CLOSED, type RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import { refusedSocket } from "../answers";
import type { News } from "../news";
import type { SessionStorage } from "../storage";
import { readFrame } from "./frame-input";
import type { RunSteps } from "./run-steps";
import type { RunnerSocket, RunnerSockets } from "./runner-sockets";

/** A frame of a type. */
type Frame<Type extends RunnerFrame["type"]> = RunnerFrame & { type: Type };

/**
 * The object's side of the runner's socket (docs/decisions/0010): a frame is handled in one turn of the object, as a whole
 * or, if it is not what is expected, not at all.
 */
export class RunnerLink {
  readonly #storage: SessionStorage;
  readonly #sockets: RunnerSockets;
  readonly #news: News;
  readonly #steps: RunSteps;

  constructor(storage: SessionStorage, sockets: RunnerSockets, news: News, steps: RunSteps) {
    this.#storage = storage;
    this.#sockets = sockets;
    this.#news = news;
    this.#steps = steps;
  }

  /**
   * Opens a runner's socket, which then waits for `attach`.
   *
   * @param listener has the `runner` and the `user` as the app has just found them in D1, and the row's `assign` and `agent`
   */
  open(listener: URLSearchParams): Response {
    const state = this.#storage.state();
    const { runner = "", user, assign, agent } = Object.fromEntries(listener);
    if (state && state.user_id !== user) return refusedSocket(404, "This session is not yours.");
    return this.#sockets.accept({
      runner_id: runner,
      assign: Number(assign),
      agent: agent || null,
    });
  }

  /** Handles what arrives on a runner's socket. @returns false if the socket is none of a runner's */
  receive(socket: WebSocket, data: string | ArrayBuffer): boolean {
    const held = this.#sockets.find(socket);
    if (held && held.state !== "dead") this.#receive(socket, held, data);
    return held !== undefined;
  }

  #receive(socket: WebSocket, held: RunnerSocket, data: string | ArrayBuffer): void {
    if (!this.#sockets.mayReceive(socket))
      return this.#sockets.close(socket, RUNNER_CLOSED.tooMany);
    const read = readFrame(data);
    if ("close" in read) return this.#sockets.close(socket, read.close);
    const state = this.#storage.state();
    if (!state) return this.#sockets.close(socket, RUNNER_CLOSED.empty);
    if (state.deleting) return this.#sockets.close(socket, RUNNER_CLOSED.deleted);
    const isDone = this.#storage.atomically(() => this.#take(socket, held, read.frame));
    if (!isDone) this.#sockets.close(socket, RUNNER_CLOSED.unexpected);
  }

  /** Handles a frame of a linked socket, or the first one of one that waits. @returns false if it is not expected */
  #take(socket: WebSocket, held: RunnerSocket, frame: RunnerFrame): boolean {
    if ((frame.type === "attach") !== (held.state === "waiting")) return false;
    switch (frame.type) {
      case "attach":
        this.#attach(socket, held, frame);
        return true;
      case "begin":
        return this.#begin(held, frame);
      case "items":
      case "end":
        return this.#keep(frame);
      case "delta":
        this.#stream(frame);
        return true;
    }
  }

  #attach(socket: WebSocket, held: RunnerSocket, { instance, run: holds }: Frame<"attach">): void {
    const before = this.#storage.state()!;
    const isOfAnother = held.assign === before.assign && held.runner_id !== before.runner_id;
    if (held.assign < before.assign || isOfAnother) {
      return this.#sockets.close(socket, RUNNER_CLOSED.moved);
    }
    this.#steps.adopt(held);
    this.#sockets.link(socket, instance);
    const run = this.#storage.runs.running();
    const goesOn = run?.id === holds && run?.instance === instance;
    if (run && !goesOn) this.#steps.end(run, "interrupted");
    else if (run) {
      this.#storage.runState.settle(Date.now(), false);
      this.#news.changed(before);
    }
    this.#sendAttached(held.runner_id);
  }

  #sendAttached(runner: string): void {
    const { runs, items, messages } = this.#storage;
    const { handled, run_seq } = this.#storage.state()!;
    const run = runs.newest();
    this.#sockets.send({
      type: "attached",
      handled,
      messages: messages.queued(handled),
      ...(run && {
        run: {
          id: run.id,
          state: run.ended_at === null ? "running" : "ended",
          seq: run_seq,
          stop: run.stop === 1,
        },
      }),
      answers: (run ? items.answeredOf(run) : []).flatMap(({ key, body }) =>
        body.kind === "permission" ? { key: key!, option: body.option! } : [],
      ),
      acpSession: runs.acpSession(runner),
    });
  }

  #begin(held: RunnerSocket, { turn, run }: Frame<"begin">): boolean {
    const { runs, messages, runState } = this.#storage;
    const before = this.#storage.state()!;
    const running = runs.running();
    if (running) {
      const isSame = running.id === run && running.instance === held.instance;
      if (isSame) this.#sockets.send({ type: "begun", run });
      return isSame;
    }
    if (messages.nextQueued(before.handled) !== turn || runs.has(run)) return false;
    runState.begin({ id: run, runner: held.runner_id, instance: held.instance!, turn }, Date.now());
    this.#news.changed(before);
    this.#sockets.send({ type: "begun", run });
    return true;
  }

  /** Stores the next frame of the run; one that is stored already is only confirmed. */
  #keep(frame: Frame<"items"> | Frame<"end">): boolean {
    const run = this.#storage.runs.running();
    const before = this.#storage.state()!;
    if (run?.id !== frame.run || frame.seq > before.run_seq + 1) return false;
    if (frame.seq <= before.run_seq) {
      this.#sockets.send({ type: "kept", run: run.id, seq: before.run_seq });
      return true;
    }
    if (frame.type === "items" && this.#storage.isFull) {
      this.#steps.end(run, "limit");
      return false;
    }
    if (frame.type === "items") {
      this.#news.changed(before, this.#storage.runState.keep(run, frame, Date.now()));
    } else {
      this.#steps.end(run, frame.outcome, frame.seq);
    }
    this.#sockets.send({ type: "kept", run: run.id, seq: frame.seq });
    if (frame.type === "end") this.#sendQueued();
    return true;
  }

  #stream({ run, key, kind, at, text }: Frame<"delta">): void {
    const running = this.#storage.runs.running();
    if (running?.id !== run || running.stop === 1) return;
    this.#news.streamed({ run, key, kind, at, text });
  }

  /** Sends the messages that wait to the runner. */
  #sendQueued(): void {
    const messages = this.#storage.messages.queued(this.#storage.state()!.handled);
    if (messages.length > 0) this.#sockets.send({ type: "messages", messages });
  }
}
