import { write } from "../../app/platform/database.server";
import { logError } from "../../app/platform/log";
import {
  deleteRows,
  deleteTask,
  reportToRow,
} from "../../app/sessions/lifecycle/lifecycle-statements.server";
import { autoArchiveTime, type SessionRow, type Task } from "../../app/sessions/protocol/session";
import {
  readDeletion,
  readRow,
  readRunnerOf,
  readTask,
} from "../../app/sessions/session-table.server";
import type { CompanionEnv } from "../env";
import type { State } from "./state";
import type { SessionStorage } from "./storage";

/** How long after a change the alarm updates the row, in milliseconds. */
export const AFTER_BIRTH = 5_000;
export const AFTER_APPEND = 10_000;
export const AFTER_TOKEN = 1_000;
/** A changed agent status, or an answer to one, is written at once; the changes of the following milliseconds are written together. */
const STATUS_WINDOW = 2_000;
/** The exponential backoff of an alarm that failed, in milliseconds. */
const ALARM_BACKOFF = { first: 5_000, most: 300_000 };
/** An alarm that is this long overdue, in milliseconds, was dropped by the platform. */
const LOST_ALARM = 60_000;
/** While a run is running, an alarm is due within this time, in milliseconds: it judges whether the runner is lost. */
const BEAT = 60_000;

/** Callbacks to the rest of the object. */
interface Listeners {
  /** Takes a task that D1 still has and the object does not. */
  onTask: (task: Task) => void;
  /** Follows the row, as it was just read. @param isRunnerValid whether the token of its runner is valid */
  onRow: (row: SessionRow, isRunnerValid: boolean) => void;
  /** Clears the object's storage, including its alarm. */
  clear: () => void;
}

/**
 * Keeps a session's row in D1 in sync with its object, by an alarm (docs/decisions/0002). If the session was deleted,
 * the alarm wipes the object; otherwise it inserts the row if it is missing, copies the object's activity into it, and
 * deletes the session's task from D1 once the object has taken it.
 * While D1 answers, the object may be wiped and initialized again; so the generation is compared afterwards.
 */
export class RowSync {
  readonly #alarm: Pick<DurableObjectStorage, "setAlarm">;
  readonly #storage: SessionStorage;
  readonly #listeners: Listeners;
  #failures = 0;
  /** When the alarm last began to write the row, epoch milliseconds; 0 before the first time since the object woke up. */
  #beganAt = 0;

  constructor(
    alarm: Pick<DurableObjectStorage, "setAlarm">,
    storage: SessionStorage,
    listeners: Listeners,
  ) {
    this.#alarm = alarm;
    this.#storage = storage;
    this.#listeners = listeners;
  }

  /**
   * Sets the alarm to at most `wait` milliseconds from now; an earlier alarm stays. Call it in the same turn, and so in
   * the same transaction, as the change that needs it.
   */
  armWithin(wait: number): void {
    const now = Date.now();
    const alarmAt = this.#storage.state()?.alarm_at ?? 0;
    if (alarmAt > now + wait || alarmAt < now - LOST_ALARM) this.#arm(now + wait);
  }

  /** Has the row follow a change of the agent's status, or an answer to one, sooner than another message. */
  armForStatus(): void {
    this.armWithin(Math.max(0, this.#beganAt + STATUS_WINDOW - Date.now()));
  }

  /**
   * Runs the alarm. Does not throw if D1 fails, but sets the alarm again: the platform drops an alarm that failed six
   * times.
   *
   * @returns the row after the update; undefined if there is none, or the alarm failed
   */
  async run(env: CompanionEnv): Promise<SessionRow | undefined> {
    const state = this.#storage.state();
    if (!state) return undefined;
    this.#beganAt = Date.now();
    try {
      const row = state.deleting
        ? await this.#finishDeleting(env, state)
        : await this.#reportToRow(env, state);
      this.#failures = 0;
      return row;
    } catch (error) {
      logError("alarm", error);
      const wait = Math.min(ALARM_BACKOFF.first * 2 ** this.#failures++, ALARM_BACKOFF.most);
      if (this.#storage.state()) this.#arm(this.#withinBeat(Date.now() + wait));
      return undefined;
    }
  }

  async #finishDeleting(env: CompanionEnv, state: State): Promise<undefined> {
    const tombstoneSeconds = Number(env.TOMBSTONE_SECONDS);
    await write(env.DB, deleteRows([state.id], state.user_id, Date.now(), tombstoneSeconds));
    if (this.#storage.state()?.generation === state.generation) this.#listeners.clear();
  }

  async #reportToRow(env: CompanionEnv, reported: State): Promise<SessionRow | undefined> {
    const { id, user_id } = reported;
    const began = Date.now();
    const hasTask = this.#storage.takenTask() !== undefined;
    const lastMessageAt = this.#storage.messages.lastAt();
    const [[deletion], [row], [task], [runner]] = await write(
      env.DB,
      [
        ...reportToRow(reported, lastMessageAt, began, Number(env.AUTO_ARCHIVE_SECONDS)),
        ...(hasTask ? [deleteTask(id, user_id)] : []),
      ],
      readDeletion(reported),
      readRow(id, user_id),
      readTask(id, user_id),
      readRunnerOf(id, user_id, began),
    );

    const state = this.#storage.state();
    if (state?.generation !== reported.generation) return undefined;
    // While an account is being deleted, a session that still has a row is deleted by the account deletion's own steps.
    const deleted = deletion?.deleted === 1 && !row;
    if (deleted) {
      this.#listeners.clear();
      return row;
    }
    this.#arm(this.#withinBeat(this.#nextAlarm(env, reported, state, row, began)));
    if (row && !state.deleting) this.#listeners.onRow(row, runner !== undefined);
    if (task && !state.deleting) this.#listeners.onTask(task); // arms the alarm that deletes it
    return row;
  }

  /**
   * @param began when the current alarm began, epoch milliseconds
   *
   * @returns when the next one is due, epoch milliseconds
   */
  #nextAlarm(
    env: CompanionEnv,
    reported: State,
    state: State,
    row: SessionRow | undefined,
    began: number,
  ): number {
    const now = Date.now();
    if (row && row.last_activity > state.last_activity) {
      this.#storage.setLastActivity(row.last_activity);
      return now + AFTER_APPEND;
    }
    if (state.deleting) return now + AFTER_BIRTH;
    if (state.agent_tokens !== reported.agent_tokens) return now + AFTER_TOKEN;
    const isUrgent =
      state.answered_at !== reported.answered_at ||
      state.status_rev !== reported.status_rev ||
      state.auto_title !== reported.auto_title;
    if (isUrgent) return began + STATUS_WINDOW;
    // Not sooner, so that a busy session writes its row at most once per AFTER_APPEND.
    if (state.last_activity !== reported.last_activity) return began + AFTER_APPEND;
    const idleSeconds = Number(env.AUTO_ARCHIVE_SECONDS);
    const idleAt = row?.status === "active" ? autoArchiveTime(row, idleSeconds) : undefined;
    return Math.min(now + Number(env.REPAIR_SECONDS) * 1000, idleAt ?? Infinity);
  }

  #withinBeat(at: number): number {
    return this.#storage.runs.running() ? Math.min(at, Date.now() + BEAT) : at;
  }

  #arm(at: number): void {
    this.#storage.setAlarmAt(at);
    void this.#alarm.setAlarm(at);
  }
}
