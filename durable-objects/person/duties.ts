import { logError } from "../../app/platform/log";
import type { CompanionEnv } from "../env";

/** How long a step that failed waits before it is tried again, in milliseconds: twice as long each time. */
const DUTY_BACKOFF = { first: 2_000, most: 300_000 };

/** Something that the object has promised to see done. Times are epoch milliseconds. */
export type Task = {
  /** What it is about: one of its duty's. */
  id: string;
  user_id: string;
  /** When it was last asked for. */
  told_at: number;
};

/** A kind of work that a person's object carries out step by step, whatever dies in between. */
export interface Duty {
  /** Its name in storage and in the log, in kebab case. */
  readonly name: string;
  /**
   * Does the next step of a task. A step may run twice, or late.
   *
   * @returns in how many milliseconds the next step is due; undefined where nothing is left to do
   * @throws what failed; the step is then tried again, later each time
   */
  step(env: CompanionEnv, task: Task): Promise<number | undefined>;
}

/** A row of the table `duties`: a task with the name of its duty. */
type DutyRow = Task & {
  name: string;
  due_at: number;
  /** Steps that failed, one after the other. */
  failures: number;
};

const TABLE = `
  CREATE TABLE IF NOT EXISTS duties (
    name TEXT NOT NULL, id TEXT NOT NULL, user_id TEXT NOT NULL, told_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL, failures INTEGER NOT NULL, PRIMARY KEY (name, id)
  ) WITHOUT ROWID`;

/**
 * What a person's object has to do: the tasks of all its duties, and the one alarm for the task that is due first. A task
 * stays until its duty says that nothing is left of it. While there is none, nothing is stored.
 */
export class Duties {
  readonly #storage: DurableObjectStorage;
  readonly #duties: readonly Duty[];

  constructor(storage: DurableObjectStorage, duties: readonly Duty[]) {
    this.#storage = storage;
    this.#duties = duties;
  }

  /** Whether nothing is to be done: only then may the object's storage be cleared. */
  get idle(): boolean {
    return this.#rows().length === 0;
  }

  /** @returns whether this duty has something to do */
  has({ name }: Duty): boolean {
    return this.#rows().some((row) => row.name === name);
  }

  /**
   * Takes a task on, in the same turn and so in the same transaction as its caller. One that is there already begins
   * again.
   *
   * @param wait how soon its first step is due, in milliseconds
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

  /** Takes a task on as `add` does, and does its first step at once; should it be cut off, the alarm does it. */
  async begin(env: CompanionEnv, duty: Duty, userId: string, id: string): Promise<void> {
    this.add(duty, userId, id, DUTY_BACKOFF.first);
    const row = this.#rows().find((one) => one.name === duty.name && one.id === id);
    if (row) await this.#step(env, row);
  }

  /** Does the step that is due first: what the alarm is for. */
  async run(env: CompanionEnv): Promise<void> {
    const [first] = this.#rows();
    if (first) await this.#step(env, first);
  }

  /** Never throws: the platform drops an alarm that failed six times. */
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

  /** Says when a task's next step is due, or that it is done; unless it was asked for again meanwhile, or was done already. */
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

  /** Sets the alarm for the task that is due first. */
  #arm(): void {
    const [first] = this.#rows();
    if (first) void this.#storage.setAlarm(first.due_at);
    else this.#storage.sql.exec("DROP TABLE IF EXISTS duties");
  }

  /** @returns all tasks, the one that is due first at first */
  #rows(): DutyRow[] {
    const { sql } = this.#storage;
    const tables = sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE name IN ('duties', 'bulks')")
      .toArray();
    if (tables.some(({ name }) => name === "bulks")) this.#takeOverBulks();
    else if (tables.length === 0) return [];
    return sql.exec<DutyRow>("SELECT * FROM duties ORDER BY due_at").toArray();
  }

  /** Storage that was made when bulks were the only duty. */
  #takeOverBulks(): void {
    this.#storage.sql.exec(`
      ${TABLE};
      INSERT INTO duties SELECT 'bulk', id, user_id, told_at, due_at, failures FROM bulks;
      DROP TABLE bulks`);
  }
}
