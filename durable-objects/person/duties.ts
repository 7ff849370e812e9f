import { logError } from "../../app/platform/log";
import type { CompanionEnv } from "../env";

/** The exponential backoff of a step that failed, in milliseconds. */
const DUTY_BACKOFF = { first: 2_000, most: 300_000 };

/** One piece of work that a person's object has to finish. Times are epoch milliseconds. */
export type Task = {
  /** What the task is about, unique within its duty: the id of a bulk, a session or the user. */
  id: string;
  user_id: string;
  /** When the task was last requested. */
  told_at: number;
};

/** A kind of work that a person's object runs step by step, and continues after a crash or a restart. */
export interface Duty {
  /** Its name in storage and in the log, in kebab case. */
  readonly name: string;
  /**
   * Runs the next step of a task. A step may run twice, or late, so it must be idempotent.
   *
   * @returns how long to wait before the next step, in milliseconds; undefined if the task is finished
   * @throws if the step failed; it is then retried with exponential backoff
   */
  step(env: CompanionEnv, task: Task): Promise<number | undefined>;
}

/** A row of the table `duties`: a task with the name of its duty. */
type DutyRow = Task & {
  name: string;
  due_at: number;
  /** How many steps in a row have failed. */
  failures: number;
};

const TABLE = `
  CREATE TABLE IF NOT EXISTS duties (
    name TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, told_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL, failures INTEGER NOT NULL, PRIMARY KEY (name, id)
  ) WITHOUT ROWID`;

/**
 * The queue of a person's object: the tasks of all its duties, and the one alarm, set for the task that is due first. A
 * task is removed when its duty says that it is finished. While there are no tasks, nothing is stored.
 */
export class Duties {
  readonly #storage: DurableObjectStorage;
  readonly #duties: readonly Duty[];

  constructor(storage: DurableObjectStorage, duties: readonly Duty[]) {
    this.#storage = storage;
    this.#duties = duties;
  }

  /** Whether there are no tasks: only then may the object's storage be cleared. */
  get idle(): boolean {
    return this.#rows().length === 0;
  }

  /** @returns whether this duty has a task */
  has({ name }: Duty): boolean {
    return this.#rows().some((row) => row.name === name);
  }

  /**
   * Adds a task, in the same turn and so in the same transaction as its caller. A task that is there already starts
   * again.
   *
   * @param wait how long to wait before its first step, in milliseconds
   */
  add({ name }: Duty, userId: string, id: string, wait = 0): void {
    const now = Date.now();
    this.#storage.sql.exec(TABLE);
    this.#storage.sql.exec(
      `INSERT INTO duties VALUES (?, ?, ?, ?, ?, 0)
       ON CONFLICT (name, id) DO UPDATE SET
         told_at = max(told_at + 1, excluded.told_at), due_at = excluded.due_at, failures = 0`,
      ...[name, id, userId, now, now + wait],
    );
    this.#arm();
  }

  /** Adds a task as `add` does, and runs its first step at once; if that is interrupted, the alarm runs it. */
  async begin(env: CompanionEnv, duty: Duty, userId: string, id: string): Promise<void> {
    this.add(duty, userId, id, DUTY_BACKOFF.first);
    const row = this.#rows().find((one) => one.name === duty.name && one.id === id);
    if (row) await this.#step(env, row);
  }

  /** Runs the step that is due first. Called by the alarm. */
  async run(env: CompanionEnv): Promise<void> {
    const [first] = this.#rows();
    if (first) await this.#step(env, first);
  }

  /**
   * Runs a step and stores when the next one is due. Never throws: the platform drops an alarm that failed six times.
   */
  async #step(env: CompanionEnv, row: DutyRow): Promise<void> {
    try {
      const duty = this.#duties.find(({ name }) => name === row.name);
      if (!duty) throw new Error("This version of the object does not know this duty");
      this.#after(row, await duty.step(env, row), 0);
    } catch (error) {
      logError(row.name, error);
      const wait = Math.min(DUTY_BACKOFF.first * 2 ** row.failures, DUTY_BACKOFF.most);
      this.#after(row, wait, row.failures + 1);
    }
    this.#arm();
  }

  /**
   * Stores when a task's next step is due, or removes the task if `wait` is undefined. Changes nothing if the task was
   * requested again meanwhile, or is finished already.
   */
  #after({ name, id, told_at }: DutyRow, wait: number | undefined, failures: number): void {
    const isThis = (row: DutyRow) => row.name === name && row.id === id && row.told_at === told_at;
    if (!this.#rows().some(isThis)) return;
    const { sql } = this.#storage;
    if (wait === undefined) sql.exec("DELETE FROM duties WHERE name = ? AND id = ?", name, id);
    else {
      const change = "UPDATE duties SET due_at = ?, failures = ? WHERE name = ? AND id = ?";
      sql.exec(change, Date.now() + wait, failures, name, id);
    }
  }

  /** Sets the alarm for the task that is due first, or drops the table if there is none. */
  #arm(): void {
    const [first] = this.#rows();
    if (first) void this.#storage.setAlarm(first.due_at);
    else this.#storage.sql.exec("DROP TABLE IF EXISTS duties");
  }

  /** @returns all tasks, the one that is due first at index 0 */
  #rows(): DutyRow[] {
    const { sql } = this.#storage;
    const tables = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name IN ('duties', 'bulks')")
      .toArray();
    if (tables.some(({ name }) => name === "bulks")) this.#takeOverBulks();
    else if (tables.length === 0) return [];
    return sql.exec<DutyRow>("SELECT * FROM duties ORDER BY due_at").toArray();
  }

  /** Migrates storage of an earlier version, in which bulks were the only duty. */
  #takeOverBulks(): void {
    this.#storage.sql.exec(`
      ${TABLE};
      INSERT INTO duties SELECT 'bulk', id, user_id, told_at, due_at, failures FROM bulks;
      DROP TABLE bulks`);
  }
}
