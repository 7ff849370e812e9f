import type { Item } from "../../../app/sessions/protocol/item";
import type { StopOutcome } from "../../../app/sessions/protocol/object-answers";
import type { RunOutcome } from "../../../app/sessions/protocol/run";
import { RUNNER_CLOSED, type QueuedMessage } from "../../../app/sessions/protocol/run-frames";
import type { Assignment } from "../../../app/sessions/protocol/session";
import type { News } from "../news";
import type { SessionStorage } from "../storage";
import type { RunnerSockets } from "./runner-sockets";
import type { Run } from "./runs";

/**
 * What the owner, the row and time do to runs (docs/decisions/0010): each step is stored, told to the runner and passed on
 * to pages, in one turn of the object.
 */
export class RunSteps {
  readonly #storage: SessionStorage;
  readonly #sockets: RunnerSockets;
  readonly #news: News;

  constructor(storage: SessionStorage, sockets: RunnerSockets, news: News) {
    this.#storage = storage;
    this.#sockets = sockets;
    this.#news = news;
  }

  /** Ends a run; nothing of it is asked any more. @param seq see `RunState.end` */
  end(run: Run, outcome: RunOutcome, seq?: number): void {
    const before = this.#storage.state()!;
    const items = this.#storage.runState.end(run, outcome, Date.now(), seq);
    this.#news.changed(before, { shown: items, items });
  }

  /** Sends a message of the owner that was just stored, and waits now, to the runner. */
  queue({ id, author, text, created_at }: QueuedMessage): void {
    this.#sockets.send({ type: "messages", messages: [{ id, author, text, created_at }] });
  }

  /** Takes back a message of the owner that waits. @returns whether it is taken back, now or before */
  withdraw(id: number): boolean {
    const before = this.#storage.state()!;
    const changes = this.#storage.runState.withdraw(id, Date.now());
    if (!changes) return this.#storage.messages.isWithdrawn(id);
    this.#news.changed(before, changes);
    this.#sockets.send({ type: "withdrawn", message: id });
    return true;
  }

  /** Sends the owner's answer to the runner, if a run has asked. */
  answer({ run, key, body }: Item): void {
    if (run === null || key === null || body.kind !== "permission") return;
    this.#sockets.send({ type: "answer", run, key, option: body.option! });
  }

  /**
   * Stops a run at the owner's wish. The runner of a run that is not lost ends it, once its agent has stopped.
   *
   * @returns "over" if this run is not running
   */
  stop(id: string): StopOutcome {
    const run = this.#storage.runs.running();
    if (run?.id !== id) return "over";
    if (this.#sockets.isLost) {
      this.#endLost(run, "stopped");
      return "stopped";
    }
    if (run.stop === 1) return "stopping";
    const before = this.#storage.state()!;
    const items = this.#storage.runState.stop(run, Date.now());
    this.#news.changed(before, { shown: items, items });
    this.#sockets.send({ type: "stop", run: id });
    return "stopping";
  }

  /** Judges whether the runner is lost: then the status says so, or a run that is to stop has ended. Every alarm asks. */
  judge(): void {
    const run = this.#storage.runs.running();
    if (!run || !this.#sockets.isLost) return;
    if (run.stop === 1) return this.#endLost(run, "stopped");
    const before = this.#storage.state()!;
    if (before.agent_status === "lost") return;
    this.#closeStale();
    this.#storage.runState.settle(Date.now(), true);
    this.#news.changed(before);
  }

  /** Frees the session for another runner. @returns false if a run is running whose runner is not lost */
  leave(): boolean {
    const run = this.#storage.runs.running();
    if (run && !this.#sockets.isLost) return false;
    if (run) this.#endLost(run, "interrupted");
    return true;
  }

  /** Takes over an assignment of the row, if it is newer than the object's. The run of the one before is interrupted. */
  adopt(assignment: Assignment): void {
    const before = this.#storage.state()!;
    if (assignment.assign <= before.assign) return;
    this.#storage.runState.assign(assignment);
    const run = this.#storage.runs.running();
    if (run) this.end(run, "interrupted");
    this.#sockets.closeWhere(({ assign }) => assign < assignment.assign, RUNNER_CLOSED.moved);
    this.#storage.runState.settle(Date.now(), false);
    this.#news.changed(before);
  }

  /** Does what the row says, as an alarm has just read it. @param isRunnerValid whether its runner's token is valid */
  follow(row: Assignment, isRunnerValid: boolean): void {
    this.adopt(row);
    if (row.runner_id !== null && !isRunnerValid) this.disconnect(row.runner_id);
  }

  /** Ends what a runner does here, because its token is not valid any more. */
  disconnect(runner: string): void {
    this.#sockets.closeWhere(({ runner_id }) => runner_id === runner, RUNNER_CLOSED.revoked);
    const run = this.#storage.runs.running();
    if (run?.runner === runner) this.end(run, "interrupted");
  }

  /** Ends what runners do here, because the session is being deleted. */
  close(): void {
    const run = this.#storage.runs.running();
    if (run) this.end(run, "interrupted");
    this.#sockets.closeWhere(() => true, RUNNER_CLOSED.deleted);
  }

  #endLost(run: Run, outcome: RunOutcome): void {
    this.#closeStale();
    this.end(run, outcome);
  }

  /** Closes the linked socket, on which nothing was heard for too long. */
  #closeStale(): void {
    this.#sockets.closeWhere(({ state }) => state === "linked", RUNNER_CLOSED.gone);
  }
}
