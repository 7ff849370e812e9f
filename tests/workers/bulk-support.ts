/** What the tests of bulks share: a person's object, its alarm, and the state of many sessions. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import type { BulkKind } from "../../app/sessions/bulk/bulk";
import { startBulk, type BulkRequest } from "../../app/sessions/bulk/bulk.server";
import { type BulkChoice } from "../../app/sessions/bulk/bulk-choice.server";
import { findBulk } from "../../app/sessions/bulk/bulk-report.server";
import type { SessionStatus } from "../../app/sessions/protocol/session";
import { env, passes, refused, viewOf } from "./support";

/** All of a person's sessions of one status. */
export function allOf(status: SessionStatus): BulkChoice {
  return { view: viewOf({ status }), until: Date.now() };
}

export function ask(
  userId: string,
  kind: BulkKind,
  choice: BulkChoice,
  more: Partial<BulkRequest> = {},
  withEnv = env,
) {
  return startBulk(withEnv, userId, { key: crypto.randomUUID(), kind, choice, ...more });
}

/** @returns the id of a bulk that has begun */
export async function begun(...request: Parameters<typeof ask>): Promise<string> {
  const result = await ask(...request);
  if (result.outcome !== "begun") throw new Error(`Not begun: ${result.outcome}`);
  return result.bulk.id;
}

/** @returns the progress of a bulk, without the outcomes whose count is 0 */
export async function progressOf(userId: string, id: string) {
  const found = await findBulk(env.DB, userId, id);
  const counts = Object.entries(found?.counts ?? {}).filter(([, count]) => count > 0);
  const { finished_at = null } = found?.bulk ?? {};
  return { finished: finished_at !== null, ...(Object.fromEntries(counts) as object) };
}

/** Runs the alarm of a person's object now. @returns false if none is set */
export function fireAlarmOf(userId: string): Promise<boolean> {
  return runDurableObjectAlarm(personObject(env, userId));
}

/**
 * Runs the alarm of a person's object until it has nothing left to do.
 *
 * @returns how often it ran
 */
export async function settleBulks(userId: string): Promise<number> {
  for (let alarms = 0; alarms < 200; alarms++) {
    const due = await alarmOf(userId);
    if (due === null) return alarms;
    if (due > Date.now()) vi.setSystemTime(due);
    await fireAlarmOf(userId);
  }
  throw new Error("The alarm is always due again");
}

function alarmOf(userId: string): Promise<number | null> {
  return runInDurableObject(personObject(env, userId), (_, { storage }) => storage.getAlarm());
}

/** @returns the tables and the alarm in a person's object's storage */
export function storedBy(userId: string) {
  return runInDurableObject(personObject(env, userId), async (_, { storage }) => ({
    tables: storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master ORDER BY name")
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !/^(_cf_|__miniflare_|sqlite_)/.test(name)),
    alarm: await storage.getAlarm(),
  }));
}

/** An Env whose D1 fails only when a bulk is created. */
export function withoutBulks(): Pick<Env, "DB"> {
  const making = new WeakSet<D1PreparedStatement>();
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === "prepare") {
        return (sql: string) => {
          const statement = target.prepare(sql);
          return {
            bind: (...values: unknown[]) => {
              const bound = statement.bind(...values);
              if (sql.includes("INSERT INTO bulks")) making.add(bound);
              return bound;
            },
          };
        };
      }
      if (name !== "batch") return Reflect.get(target, name) as unknown;
      return (batch: D1PreparedStatement[]) =>
        (batch.some((one) => making.has(one)) ? refused : passes)(() => target.batch(batch));
    },
  });
  return { DB };
}

/** @returns the number of a person's sessions by status, such as { active: 2, archived: 3, deleted: 1 } */
export async function standings(userId: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    `SELECT status AS stands, count(*) AS count FROM sessions WHERE user_id = ?1 GROUP BY status
     UNION ALL
     SELECT 'deleted', count(*) FROM deleted_sessions WHERE user_id = ?1 HAVING count(*) > 0`,
  )
    .bind(userId)
    .all<{ stands: string; count: number }>();
  return Object.fromEntries(results.map(({ stands, count }) => [stands, count]));
}

/** @returns the ids of a person's sessions */
export async function idsOf(userId: string): Promise<string[]> {
  const { results } = await env.DB.prepare("SELECT id FROM sessions WHERE user_id = ?")
    .bind(userId)
    .all<{ id: string }>();
  return results.map(({ id }) => id);
}
