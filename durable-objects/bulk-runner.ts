import { logError } from "../app/platform/log";
import { stepBulk, type BulkStep } from "../app/sessions/bulk-step.server";
import type { DeletionEnv } from "../app/sessions/lifecycle.server";

/** In milliseconds: how soon a bulk is looked for that is yet to be made, and how long one that is not there is. */
const EXPECTED = { first: 5_000, again: 2_000, longest: 60_000 };
const BACKOFF = { first: 2_000, most: 300_000 };

/** A line of the table `bulks`: one that is carried out. Times are epoch milliseconds. */
type Bulk = {
  id: string;
  user_id: string;
  /** When the object was last told of it. */
  told_at: number;
  due_at: number;
  /** Steps that failed, one after the other. */
  failures: number;
};

/**
 * The bulks that a person's object carries out, step by step, by its alarm. What a bulk is, D1 says; here is only
 * remembered that there is one, and while there is none nothing is stored.
 */
export class BulkRunner {
  constructor(readonly storage: DurableObjectStorage) {}

  /** Whether there is none. */
  get idle(): boolean {
    return this.#bulks().length === 0;
  }

  /** Remembers a bulk that is about to be made. If it never is, it is forgotten. */
  expect(userId: string, id: string): void {
    this.#remember(userId, id, Date.now() + EXPECTED.first);
  }

  /** Carries out a bulk, from now on and until nothing of it is left. */
  begin(userId: string, id: string): void {
    this.#remember(userId, id, Date.now());
  }

  /**
   * Does the next step of the bulk that is due first, and sets the alarm for the one after it. Never throws: the platform
   * drops an alarm that failed six times.
   *
   * @returns the ids of the sessions that it changed
   */
  async step(env: DeletionEnv): Promise<string[]> {
    const [bulk] = this.#bulks();
    if (!bulk) return [];
    let step: BulkStep | undefined;
    try {
      step = await stepBulk(env, bulk.user_id, bulk.id);
      this.#after(bulk, step);
    } catch (error) {
      logError("bulk-step", error);
      const wait = Math.min(BACKOFF.first * 2 ** bulk.failures, BACKOFF.most);
      this.#postpone(bulk, wait, bulk.failures + 1);
    }
    this.#arm();
    return step?.left === "more" ? step.changed : [];
  }

  #after(bulk: Bulk, step: BulkStep) {
    if (step.left === "more") return this.#postpone(bulk, step.wait, 0);
    const missing = step.left === "unknown" && Date.now() - bulk.told_at < EXPECTED.longest;
    if (missing) return this.#postpone(bulk, EXPECTED.again, 0);
    // Told of it again meanwhile, the object looks again.
    const { id, told_at } = bulk;
    this.storage.sql.exec("DELETE FROM bulks WHERE id = ? AND told_at = ?", id, told_at);
  }

  #postpone({ id }: Bulk, wait: number, failures: number) {
    const due = Date.now() + wait;
    const change = "UPDATE bulks SET due_at = ?, failures = ? WHERE id = ?";
    this.storage.sql.exec(change, due, failures, id);
  }

  #remember(userId: string, id: string, due: number) {
    const { sql } = this.storage;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS bulks (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, told_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL, failures INTEGER NOT NULL
      )`);
    sql.exec(
      `INSERT INTO bulks VALUES (?, ?, ?, ?, 0)
       ON CONFLICT (id) DO UPDATE SET
         told_at = max(told_at + 1, excluded.told_at), due_at = excluded.due_at, failures = 0`,
      id,
      userId,
      Date.now(),
      due,
    );
    this.#arm();
  }

  /** @returns the bulks that are carried out, the one that is due first at first */
  #bulks(): Bulk[] {
    const { sql } = this.storage;
    const [made] = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'bulks'").toArray();
    return made ? sql.exec<Bulk>("SELECT * FROM bulks ORDER BY due_at").toArray() : [];
  }

  /** Sets the alarm for the next bulk; with none, nothing is stored any more. */
  #arm() {
    const [next] = this.#bulks();
    if (next) return void this.storage.setAlarm(next.due_at);
    this.storage.sql.exec("DROP TABLE IF EXISTS bulks");
    void this.storage.deleteAlarm();
  }
}
