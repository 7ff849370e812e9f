import { write } from "../../app/platform/database.server";
import { logError } from "../../app/platform/log";
import { deleteRows, reportToRow } from "../../app/sessions/lifecycle/lifecycle-statements.server";
import { autoArchiveTime, type SessionRow } from "../../app/sessions/protocol/session";
import { readDeletion, readRow } from "../../app/sessions/session-table.server";
import type { CompanionEnv } from "../env";
import type { SessionStorage, State } from "./storage";

/** How soon, in milliseconds, the alarm looks after the row. */
export const AFTER_BIRTH = 5_000;
export const AFTER_APPEND = 10_000;
export const AFTER_TOKEN = 1_000;
/** A changed agent status is written at once; those of the milliseconds that follow, together at their end. */
const STATUS_WINDOW = 2_000;
const ALARM_BACKOFF = { first: 5_000, most: 300_000 };
/** An alarm this long overdue was dropped by the platform. */
const LOST_ALARM = 60_000;

/**
 * The object's one duty towards its row, and the alarm that sees to it: if the session was deleted, wipe the object;
 * otherwise see that the row exists and carries the object's activity. Only this talks to D1, and it compares the
 * generation afterwards.
 */
export class RowSync {
  readonly #alarm: Pick<DurableObjectStorage, "setAlarm">;
  readonly #storage: SessionStorage;
  readonly #clear: () => void;
  #failures = 0;
  /** When the alarm last began to write the row, epoch milliseconds; 0 before the first time since the object woke up. */
  #beganAt = 0;

  /** @param clear clears the object's storage, its alarm included */
  constructor(
    alarm: Pick<DurableObjectStorage, "setAlarm">,
    storage: SessionStorage,
    clear: () => void,
  ) {
    this.#alarm = alarm;
    this.#storage = storage;
    this.#clear = clear;
  }

  /**
   * Sees that the alarm comes at most `wait` milliseconds from now; one that comes sooner stays. It is set in the same
   * turn, and so in the same transaction, as what made it necessary.
   */
  armWithin(wait: number): void {
    const now = Date.now();
    const alarmAt = this.#storage.state()?.alarm_at ?? 0;
    if (alarmAt > now + wait || alarmAt < now - LOST_ALARM) this.#arm(now + wait);
  }

  /** Has the row follow a change of the agent's status, sooner than a message. */
  armForStatus(): void {
    this.armWithin(Math.max(0, this.#beganAt + STATUS_WINDOW - Date.now()));
  }

  /**
   * Does what the alarm is for. Never throws where it can set itself again: the platform drops an alarm that failed six
   * times.
   *
   * @returns the row as it stands after a report; undefined where there was none
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
      if (this.#storage.state()) this.#arm(Date.now() + wait);
      return undefined;
    }
  }

  async #finishDeleting(env: CompanionEnv, state: State): Promise<undefined> {
    const tombstoneSeconds = Number(env.TOMBSTONE_SECONDS);
    await write(env.DB, deleteRows([state.id], state.user_id, Date.now(), tombstoneSeconds));
    if (this.#storage.state()?.generation === state.generation) this.#clear();
  }

  async #reportToRow(env: CompanionEnv, reported: State): Promise<SessionRow | undefined> {
    const { id, user_id } = reported;
    const began = Date.now();
    const [[deletion], [row]] = await write(
      env.DB,
      reportToRow(
        reported,
        this.#storage.messages.lastAt(),
        began,
        Number(env.AUTO_ARCHIVE_SECONDS),
      ),
      readDeletion(reported),
      readRow(id, user_id),
    );

    const state = this.#storage.state();
    if (state?.generation !== reported.generation) return undefined;
    // While an account is being deleted, sessions that have a row are deleted with it, by the steps of that.
    const deleted = deletion?.deleted === 1 && !row;
    if (deleted) this.#clear();
    else this.#arm(this.#nextAlarm(env, reported, state, row, began));
    return row;
  }

  /** @param began when the alarm that has just reported began, epoch milliseconds @returns when the next one is due */
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
    if (state.agent_status !== reported.agent_status) return began + STATUS_WINDOW;
    // Not sooner: however much is said, the row is written at most once in this time.
    if (state.last_activity !== reported.last_activity) return began + AFTER_APPEND;
    const idleSeconds = Number(env.AUTO_ARCHIVE_SECONDS);
    const idleAt = row?.status === "active" ? autoArchiveTime(row, idleSeconds) : undefined;
    return Math.min(now + Number(env.REPAIR_SECONDS) * 1000, idleAt ?? Infinity);
  }

  #arm(at: number): void {
    this.#storage.setAlarmAt(at);
    void this.#alarm.setAlarm(at);
  }
}
