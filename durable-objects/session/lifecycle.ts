import type { ObjectAnswer } from "../../app/sessions/protocol/object-answers";
import type { SessionRow, Task } from "../../app/sessions/protocol/session";
import type { LiveSockets } from "../live-sockets";
import { answerOwner } from "./answers";
import type { News } from "./news";
import { AFTER_BIRTH, type RowSync } from "./row-sync";
import type { RunSteps } from "./runs/run-steps";
import type { State } from "./state";
import type { SessionStorage } from "./storage";
import type { Waiting } from "./reporting/waiting";

/** The other parts of the object. */
interface Parts {
  /** Of the object itself: it is cleared as a whole. */
  ctx: Pick<DurableObjectState, "storage">;
  storage: SessionStorage;
  live: LiveSockets;
  rowSync: RowSync;
  news: News;
  runs: RunSteps;
  waiting: Waiting;
}

/** The birth and the end of a session's object (docs/decisions/0002). */
export class Lifecycle {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Creates the state of an empty object. An object that has state keeps it. Takes the task unless it has done so before.
   *
   * @param row just read from D1's primary, together with the task, if D1 has it @returns the text of the task, if taken
   */
  initialize(row: SessionRow, task?: Task): ObjectAnswer<{ task: string | undefined }> {
    const { storage } = this.#parts;
    return answerOwner(row.user_id, storage.state() ?? this.#make(row, 0, task), () => {
      if (task) this.take(task);
      return { task: storage.takenTask() };
    });
  }

  /** Takes the task as a message, unless it was taken before. */
  take(task: Task): void {
    const { storage, news, runs } = this.#parts;
    const before = storage.state()!;
    const placed = storage.takeTask(task);
    if (!placed) return;
    news.changed(before, { shown: [placed.shown], messages: [placed.message] });
    runs.queue(placed.message);
  }

  /**
   * Begins the deletion: from now on the object refuses everything else, and its alarm finishes if the caller does not.
   *
   * @param row for an object that answered `empty`: its row, just read from D1's primary
   * @returns `deleting` if it has begun, now or earlier
   */
  prepare(userId: string, row?: SessionRow): ObjectAnswer {
    const { storage, live, rowSync, runs, waiting } = this.#parts;
    const state = storage.state() ?? (row && this.#make(row, 1));
    const answer = answerOwner(userId, state, () => ({}));
    if (answer.state !== "ready") return answer;
    runs.close();
    storage.markDeleting();
    rowSync.armWithin(AFTER_BIRTH);
    live.closeAll();
    waiting.wake();
    return { state: "deleting" };
  }

  /** Clears the storage of an object that is `deleting`; its row must be deleted. @returns `empty` if it was cleared */
  wipe(userId: string): ObjectAnswer {
    const answer = answerOwner(userId, this.#parts.storage.state(), () => ({}));
    if (answer.state !== "deleting") return answer;
    this.clear();
    return { state: "empty" };
  }

  /** Clears the storage, and closes all sockets. No await in between, so that a crash cannot leave an alarm without state. */
  clear(): void {
    const { storage } = this.#parts.ctx;
    void storage.deleteAlarm();
    void storage.deleteAll();
    this.#parts.live.closeAll();
  }

  #make(row: SessionRow, deleting: 0 | 1, task?: Task): State {
    const { storage, rowSync } = this.#parts;
    storage.make(row, deleting, task);
    rowSync.armWithin(AFTER_BIRTH);
    return storage.state()!;
  }
}
