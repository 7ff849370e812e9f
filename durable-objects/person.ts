import { DurableObject } from "cloudflare:workers";
import { logError } from "../app/platform/log";
import { stepBulk, type BulkStep } from "../app/sessions/bulk.server";
import type { CompanionEnv } from "./session";

/** In milliseconds: how soon a bulk is looked for that is yet to be made, and how long one that is not there is. */
const EXPECTED = { first: 5_000, again: 2_000, longest: 60_000 };
const BACKOFF = { first: 2_000, most: 300_000 };

/** A line of the object's table `bulks`: one that it carries out. Times are epoch milliseconds. */
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
 * What one person has open, and what is being done for them: it tells their open lists that something has changed, and
 * carries out their bulks, step by step. What a bulk is, D1 says; the object only remembers that there is one, and while
 * there is none it stores nothing.
 */
export class PersonDO extends DurableObject<CompanionEnv> {
  /**
   * Tells every open list of this person to read itself anew.
   *
   * @param sessions the ids of those that changed
   */
  changed(sessions: string[]): void {
    const message = JSON.stringify({ type: "changed", sessions });
    for (const socket of this.ctx.getWebSockets()) socket.send(message);
  }

  /** Remembers a bulk that is about to be made. If it never is, it is forgotten. */
  expectBulk(userId: string, id: string): void {
    this.#remember(userId, id, Date.now() + EXPECTED.first);
  }

  /** Carries out a bulk, from now on and until nothing of it is left. */
  runBulk(userId: string, id: string): void {
    this.#remember(userId, id, Date.now());
  }

  /** Does the next step of the bulk that is due first. Never throws where it can set itself again. */
  override async alarm(): Promise<void> {
    const [bulk] = this.#bulks();
    if (!bulk) return;
    try {
      this.#after(bulk, await stepBulk(this.env, bulk.user_id, bulk.id));
    } catch (error) {
      logError("bulk-step", error);
      const wait = Math.min(BACKOFF.first * 2 ** bulk.failures, BACKOFF.most);
      this.#postpone(bulk, wait, bulk.failures + 1);
    }
    this.#arm();
  }

  #after(bulk: Bulk, step: BulkStep) {
    if (step.left === "more") {
      this.changed(step.changed);
      return this.#postpone(bulk, step.wait, 0);
    }
    const missing = step.left === "unknown" && Date.now() - bulk.told_at < EXPECTED.longest;
    if (missing) return this.#postpone(bulk, EXPECTED.again, 0);
    // Told of it again meanwhile, it looks again.
    const { id, told_at } = bulk;
    this.ctx.storage.sql.exec("DELETE FROM bulks WHERE id = ? AND told_at = ?", id, told_at);
  }

  #postpone({ id }: Bulk, wait: number, failures: number) {
    const due = Date.now() + wait;
    this.ctx.storage.sql.exec(
      "UPDATE bulks SET due_at = ?, failures = ? WHERE id = ?",
      due,
      failures,
      id,
    );
  }

  #remember(userId: string, id: string, due: number) {
    const { sql } = this.ctx.storage;
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
    const { sql } = this.ctx.storage;
    const made = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'bulks'").toArray();
    if (made.length === 0) return [];
    return sql
      .exec<Record<string, SqlStorageValue> & Bulk>("SELECT * FROM bulks ORDER BY due_at")
      .toArray();
  }

  /** Sets the alarm for the next bulk; with none, nothing is stored any more. */
  #arm() {
    const [next] = this.#bulks();
    if (next) return void this.ctx.storage.setAlarm(next.due_at);
    this.ctx.storage.sql.exec("DROP TABLE IF EXISTS bulks");
    void this.ctx.storage.deleteAlarm();
  }
}
