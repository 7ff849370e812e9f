/** Whatever fails before, in and after each step of a bulk: it never began, or it is completed exactly once. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import type { BulkKind } from "../../app/sessions/bulk/bulk";
import { continueBulk, startBulk, undoBulk } from "../../app/sessions/bulk/bulk.server";
import { findUnfinishedBulks } from "../../app/sessions/bulk/bulk-report.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import {
  allOf,
  ask,
  begun,
  fireAlarmOf,
  idsOf,
  progressOf,
  settleBulks,
  standings,
  storedBy,
} from "./bulk-support";
import {
  answerLost,
  env,
  faultyDatabase,
  faultyEnv,
  faultyPerson,
  fireAlarm,
  freshPerson,
  inOrder,
  inStorage,
  late,
  newRows,
  newSession,
  passes,
  refused,
  settled,
  stopClock,
  withEnvOf,
  type Fault,
} from "./support";

const NOW = stopClock();
const NOTHING = { tables: [], alarm: null };

let ada: string;
beforeEach(() => {
  ada = freshPerson();
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {}); // Each fault is logged, as it should be.
});

/** @returns how often each kind of history line was written for this person's sessions */
async function history(userId: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    `SELECT kind, count(*) AS count FROM session_events
     WHERE session_id IN (SELECT id FROM sessions WHERE user_id = ?) GROUP BY kind`,
  )
    .bind(userId)
    .all<{ kind: string; count: number }>();
  return Object.fromEntries(results.map(({ kind, count }) => [kind, count]));
}

describe("a large bulk in the middle of which", () => {
  /** What happens when the bulk is half done, while its alarm continues. */
  const FAULTS: Record<string, (userId: string) => Promise<unknown>> = {
    "the person's object is aborted": () => abortAllDurableObjects(),
    "D1 refuses a batch": (userId) => stepWith(userId, inOrder(passes, refused)),
    "D1 refuses to be read": (userId) => stepWith(userId, refused),
    "the answer of D1 is lost": (userId) => stepWith(userId, inOrder(passes, answerLost)),
    "the answer of D1 is lost and the object aborted": async (userId) => {
      await stepWith(userId, inOrder(passes, answerLost));
      await abortAllDurableObjects();
    },
    "D1 is away for ten steps": (userId) =>
      withEnvOf(
        () => personObject(env, userId),
        { DB: faultyDatabase(refused) },
        async () => {
          for (let step = 0; step < 10; step++) await fireAlarmOf(userId);
        },
      ),
  };

  function stepWith(userId: string, fault: Fault) {
    const DB = faultyDatabase(fault);
    return withEnvOf(
      () => personObject(env, userId),
      { DB },
      () => fireAlarmOf(userId),
    );
  }

  async function halfWay(kind: BulkKind, count: number): Promise<string> {
    await newRows(ada, count);
    const id = await begun(ada, kind, allOf("active"));
    const steps = kind === "archive" ? 2 : 1;
    for (let step = 0; step < steps; step++) await fireAlarmOf(ada);
    return id;
  }

  test.each(Object.entries(FAULTS))("%s is archived to the end, each once", async (_, strike) => {
    const id = await halfWay("archive", 500);

    await strike(ada);
    await settleBulks(ada);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 500 });
    expect(await standings(ada)).toEqual({ archived: 500 });
    expect(await history(ada)).toEqual({ archived: 500 });
    expect(await storedBy(ada)).toEqual(NOTHING);
  });

  test.each(Object.entries(FAULTS))(
    "%s is deleted to the end, rows and objects",
    { timeout: 60_000 },
    async (_, strike) => {
      const id = await halfWay("delete", 25);
      const left = await idsOf(ada);

      await strike(ada);
      await settleBulks(ada);

      expect(await progressOf(ada, id)).toEqual({ finished: true, done: 25 });
      expect(await standings(ada)).toEqual({ deleted: 25 });
      expect(await storedBy(ada)).toEqual(NOTHING);
      // Sessions that were under way at that moment are wiped by their own alarms.
      for (const one of left) expect(await settled(one)).toBe("tombstone, empty");
    },
  );

  test.each(Object.entries(FAULTS))(
    "%s revokes every agent's token to the end",
    { timeout: 60_000 },
    async (_, strike) => {
      const ids = await Promise.all(Array.from({ length: 25 }, () => connected(ada)));
      const id = await begun(ada, "revoke", { connected: true });
      await fireAlarmOf(ada);

      await strike(ada);
      await settleBulks(ada);

      expect(await progressOf(ada, id)).toEqual({ finished: true, done: 25 });
      for (const one of ids) {
        expect(await sessionObject(env, one).conversation(ada, undefined)).toMatchObject({
          tokens: [],
        });
      }
      expect(await storedBy(ada)).toEqual(NOTHING);
    },
  );

  /** @returns the id of a new session with an agent, whose row has its number of tokens */
  async function connected(userId: string): Promise<string> {
    const { id } = await newSession(userId);
    await sessionObject(env, id).connectAgent(userId, "Builder", crypto.randomUUID());
    await fireAlarm(id);
    return id;
  }

  test("sessions are restored by hand stay so, whatever is repeated", async () => {
    const id = await halfWay("archive", 500);
    const { results } = await env.DB.prepare(
      "SELECT id FROM sessions WHERE user_id = ? AND status = 'archived' LIMIT 10",
    )
      .bind(ada)
      .all<{ id: string }>();
    await stepWith(ada, inOrder(passes, answerLost));
    await ask(ada, "restore", { ids: results.map((row) => row.id) });

    await settleBulks(ada);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 500 });
    expect(await standings(ada)).toEqual({ active: 10, archived: 490 });
  });
});

describe("beginning a bulk", () => {
  beforeEach(() => newRows(ada, 60));

  async function nothingBegan() {
    expect(await findUnfinishedBulks(env.DB, ada)).toEqual([]);
    await settleBulks(ada);
    expect(await standings(ada)).toEqual({ active: 60 });
    expect(await storedBy(ada)).toEqual(NOTHING);
  }

  async function allArchived() {
    await settleBulks(ada);
    expect(await standings(ada)).toEqual({ archived: 60 });
    expect(await storedBy(ada)).toEqual(NOTHING);
  }

  function archiveAll(withEnv: Env) {
    return ask(ada, "archive", allOf("active"), {}, withEnv);
  }

  test("does not begin where the person's object cannot be told", async () => {
    const answer = await archiveAll(faultyPerson({ expectBulk: refused }));
    expect(answer).toEqual({ outcome: "unavailable" });
    await nothingBegan();
  });

  test("does not begin where D1 refuses it; the object looks for it for a minute", async () => {
    expect(await archiveAll(faultyEnv({ batch: refused }))).toEqual({ outcome: "unavailable" });
    const { alarm } = await storedBy(ada);
    expect(alarm).toBe(NOW + 5_000);
    await nothingBegan();
    expect(Date.now()).toBe(NOW + 61_000);
  });

  test("has begun where only the answer of D1 was lost", async () => {
    expect(await archiveAll(faultyEnv({ batch: answerLost }))).toEqual({ outcome: "unavailable" });
    await allArchived();
  });

  test("has begun where the object heard nothing more of it", async () => {
    expect(await archiveAll(faultyPerson({ runBulk: refused }))).toMatchObject({
      outcome: "begun",
    });
    expect((await storedBy(ada)).alarm).toBe(NOW + 5_000);
    await allArchived();
  });

  test("has begun, too, where its batch lands after the object has forgotten it, and can be continued", async () => {
    const { fault, land } = late();
    expect(await archiveAll(faultyEnv({ batch: fault }))).toEqual({ outcome: "unavailable" });
    await settleBulks(ada);
    await land();
    const [bulk] = await findUnfinishedBulks(env.DB, ada);

    expect(await continueBulk(env, ada, bulk!.id)).toBe(true);

    await allArchived();
  });

  test("by a form that is sent again because its answer was lost makes one bulk", async () => {
    const request = {
      key: crypto.randomUUID(),
      kind: "archive" as const,
      choice: allOf("active"),
    };
    await startBulk(faultyEnv({ batch: answerLost }), ada, request);
    vi.setSystemTime(NOW + 1_000);
    const choice = allOf("active");
    expect(await startBulk(env, ada, { ...request, choice })).toMatchObject({
      outcome: "begun",
      bulk: { total: 60, created_at: NOW },
    });
    expect(await findUnfinishedBulks(env.DB, ada)).toHaveLength(1);
    await allArchived();
  });
});

describe("a small change", () => {
  test.each([
    ["refused", refused, { active: 2 }],
    ["applied, its answer lost", answerLost, { archived: 2 }],
  ])(
    "whose batch is %s is told to be unavailable, and is safe to ask again",
    async (_, fault, stand) => {
      const ids = [(await newSession(ada)).id, (await newSession(ada)).id];
      const request = { key: crypto.randomUUID(), kind: "archive" as const, choice: { ids } };

      expect(await startBulk(faultyEnv({ batch: fault }), ada, request)).toEqual({
        outcome: "unavailable",
      });
      expect(await standings(ada)).toEqual(stand);

      const again = await startBulk(env, ada, request);
      expect(again).toMatchObject({ outcome: "finished", counts: { done: 2 } });
      if (again.outcome !== "finished") return;
      expect(await history(ada)).toEqual({ created: 2, archived: 2 });
      const undone = await undoBulk(
        faultyEnv({ batch: inOrder(passes, fault) }),
        ada,
        again.bulk.id,
      );
      expect(undone).toEqual({ outcome: "unavailable" });
      await undoBulk(env, ada, again.bulk.id);
      expect(await standings(ada)).toEqual({ active: 2 });
      expect(await history(ada)).toEqual({ created: 2, archived: 2, restored: 2 });
    },
  );
});

describe("a deletion of many", () => {
  test("whose wipe is refused is told as deleted, and the object's own alarm wipes it", async () => {
    const { id } = await newSession(ada);
    const other = await newSession(ada);
    const bulk = await begun(ada, "delete", { ids: [id, other.id] });
    const { SESSION_DO } = faultyEnv({ wipe: refused });

    await withEnvOf(
      () => personObject(env, ada),
      { SESSION_DO },
      () => settleBulks(ada),
    );

    expect(await progressOf(ada, bulk)).toEqual({ finished: true, done: 2 });
    expect((await inStorage(id)).state).toMatchObject({ deleting: 1 });
    await fireAlarm(id);
    expect(await settled(id)).toBe("tombstone, empty");
  });

  test("that was marked, and finished by the objects' own alarms, counts them as deleted", async () => {
    const ids = [(await newSession(ada)).id, (await newSession(ada)).id];
    const bulk = await begun(ada, "delete", { ids });
    for (const id of ids) {
      await sessionObject(env, id).prepare(ada);
      await fireAlarm(id);
    }

    await settleBulks(ada);

    expect(await progressOf(ada, bulk)).toEqual({ finished: true, done: 2 });
  });
});

test("a bulk goes on while another one is begun in the middle of its step", async () => {
  await newRows(ada, 150);
  const [first] = await idsOf(ada);
  const id = await begun(ada, "archive", allOf("active"));
  const beginAnother: Fault = async (call) => {
    const answer = await call();
    await continueBulk(env, ada, id);
    return answer;
  };

  const DB = faultyDatabase(inOrder(passes, passes, passes, beginAnother));
  await withEnvOf(
    () => personObject(env, ada),
    { DB },
    () => settleBulks(ada),
  );

  expect(await progressOf(ada, id)).toEqual({ finished: true, done: 150 });
  expect(await storedBy(ada)).toEqual(NOTHING);
  expect((await inStorage(first!)).state).toBeUndefined();
});

test("a bulk that was under way before the person's object had other duties is carried out to the end", async () => {
  await newRows(ada, 60);
  const id = await begun(ada, "archive", allOf("active"));
  await runInDurableObject(personObject(env, ada), (_, { storage }) => {
    storage.sql.exec(`
      DROP TABLE duties;
      CREATE TABLE bulks (
        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, told_at INTEGER NOT NULL,
        due_at INTEGER NOT NULL, failures INTEGER NOT NULL
      )`);
    storage.sql.exec("INSERT INTO bulks VALUES (?, ?, ?, ?, 0)", id, ada, NOW, NOW);
  });

  await settleBulks(ada);

  expect(await progressOf(ada, id)).toEqual({ finished: true, done: 60 });
  expect(await storedBy(ada)).toEqual(NOTHING);
});
