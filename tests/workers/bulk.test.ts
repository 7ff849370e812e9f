/** Archiving, restoring and deleting many sessions at once: what is changed, what is not, and what is reported. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import { continueBulk, finishBulk, undoBulk } from "../../app/sessions/bulk/bulk.server";
import {
  findBulk,
  findUnfinishedBulks,
  isStalled,
  measureChoice,
} from "../../app/sessions/bulk/bulk-report.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
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
  env,
  everything,
  faultyEnv,
  freshMessage,
  freshPerson,
  inDatabase,
  newRows,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  passes,
  refused,
  standing,
  stopClock,
  withEnvOf,
  type Fault,
} from "./support";

const NOW = stopClock();

let ada: string;
beforeEach(() => {
  ada = freshPerson();
  vi.spyOn(console, "log").mockImplementation(() => {});
});

async function sessionsOf(userId: string, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, () => newSession(userId));
  return (await Promise.all(made)).map(({ id }) => id);
}

describe("some selected sessions", () => {
  test("are archived at once, each with its line of history", async () => {
    const [first, second, other] = await sessionsOf(ada, 3);

    const result = await ask(ada, "archive", { ids: [first!, second!] });

    expect(result).toMatchObject({ outcome: "finished", counts: { done: 2, pending: 0 } });
    for (const id of [first!, second!]) {
      const { row, events } = await inDatabase(id);
      expect(row).toMatchObject({ status: "archived", archived_by: "owner", archived_at: NOW });
      expect(events.map(({ kind }) => kind)).toEqual(["created", "archived"]);
    }
    expect((await inDatabase(other!)).row).toMatchObject({ status: "active" });
    expect(await storedBy(ada)).toEqual({ tables: [], alarm: null });
  });

  test("are restored at once; their idleness counts from now", async () => {
    const ids = await sessionsOf(ada, 2);
    await ask(ada, "archive", { ids });

    expect(await ask(ada, "restore", { ids })).toMatchObject({ counts: { done: 2 } });

    for (const id of ids) {
      expect((await inDatabase(id)).row).toMatchObject({ status: "active", kept_at: NOW });
    }
  });

  test("that were archived before stay so, are told apart, and are archived anew, as of now", async () => {
    const [archived, active] = await sessionsOf(ada, 2);
    await changeStatus(env, ada, archived!, "archive");

    vi.setSystemTime(NOW + 1_000);
    const result = await ask(ada, "archive", { ids: [archived!, active!] });

    expect(result).toMatchObject({ counts: { done: 1, unchanged: 1 } });
    const { row, events } = await inDatabase(archived!);
    expect(row).toMatchObject({ archived_at: NOW + 1_000 });
    expect(events.map(({ kind }) => kind)).toEqual(["created", "archived"]);
  });

  test.each(["archive", "restore", "delete"] as const)(
    "that are somebody else's are left as they are: %s",
    async (kind) => {
      const [own] = await sessionsOf(ada, 1);
      const [foreign] = await sessionsOf(freshPerson(), 1);
      await changeStatus(env, ada, own!, kind === "restore" ? "archive" : "restore");
      const before = await everything(foreign!);

      const result = await ask(ada, kind, { ids: [own!, foreign!, crypto.randomUUID()] });
      await settleBulks(ada);

      expect(result).toMatchObject({ bulk: { total: 1 } });
      expect(await everything(foreign!)).toEqual(before);
      expect(await ask(ada, kind, { ids: [foreign!] })).toEqual({ outcome: "nothing" });
      expect(await everything(foreign!)).toEqual(before);
    },
  );

  test("asked for by a form that was sent twice are one change, also where they were restored between", async () => {
    const ids = await sessionsOf(ada, 2);
    const key = crypto.randomUUID();
    const first = await ask(ada, "archive", { ids }, { key });
    await changeStatus(env, ada, ids[0]!, "restore");

    expect(await ask(ada, "archive", { ids }, { key })).toEqual({ ...first, changed: [] });

    expect(await standings(ada)).toEqual({ active: 1, archived: 1 });
  });

  test("asked for by the same form are another change where others are selected", async () => {
    const [first, second] = await sessionsOf(ada, 2);
    const key = crypto.randomUUID();
    await ask(ada, "archive", { ids: [first!] }, { key });

    await ask(ada, "archive", { ids: [second!] }, { key });

    expect(await standings(ada)).toEqual({ archived: 2 });
  });
});

describe("taking back", () => {
  test("restores all that was archived, and only that", async () => {
    const [before, first, second] = await sessionsOf(ada, 3);
    await changeStatus(env, ada, before!, "archive");
    const result = await ask(ada, "archive", { ids: [before!, first!, second!] });
    if (result.outcome !== "finished") throw new Error(result.outcome);

    const undone = await undoBulk(env, ada, result.bulk.id);

    expect(undone).toMatchObject({ outcome: "finished", counts: { done: 2 } });
    expect((await inDatabase(before!)).row).toMatchObject({ status: "archived" });
    expect(await standings(ada)).toEqual({ active: 2, archived: 1 });
  });

  test("twice takes back once", async () => {
    const ids = await sessionsOf(ada, 2);
    const result = await ask(ada, "archive", { ids });
    if (result.outcome !== "finished") throw new Error(result.outcome);
    const first = await undoBulk(env, ada, result.bulk.id);
    await changeStatus(env, ada, ids[0]!, "archive");

    expect(await undoBulk(env, ada, result.bulk.id)).toEqual({ ...first, changed: [] });

    expect(await standings(ada)).toEqual({ active: 1, archived: 1 });
  });

  test("can itself be taken back", async () => {
    const result = await ask(ada, "archive", { ids: await sessionsOf(ada, 2) });
    if (result.outcome !== "finished") throw new Error(result.outcome);
    const undone = await undoBulk(env, ada, result.bulk.id);
    if (undone.outcome !== "finished") throw new Error(undone.outcome);

    await undoBulk(env, ada, undone.bulk.id);

    expect(await standings(ada)).toEqual({ archived: 2 });
  });

  test("of many goes in steps, too", async () => {
    await newRows(ada, 230);
    const id = await begun(ada, "archive", allOf("active"));
    await settleBulks(ada);

    const undone = await undoBulk(env, ada, id);
    expect(undone.outcome).toBe("begun");
    await settleBulks(ada);

    expect(await standings(ada)).toEqual({ active: 230 });
  });

  test("is for one's own only, and not for what was deleted", async () => {
    const bob = freshPerson();
    const result = await ask(ada, "archive", { ids: await sessionsOf(ada, 2) });
    if (result.outcome !== "finished") throw new Error(result.outcome);
    const deleted = await begun(bob, "delete", { ids: await sessionsOf(bob, 2) });
    await settleBulks(bob);

    expect(await undoBulk(env, bob, result.bulk.id)).toEqual({ outcome: "nothing" });
    expect(await undoBulk(env, bob, deleted)).toEqual({ outcome: "nothing" });
    expect(await undoBulk(env, bob, crypto.randomUUID())).toEqual({ outcome: "nothing" });

    expect(await standings(ada)).toEqual({ archived: 2 });
    expect(await standings(bob)).toEqual({ deleted: 2 });
  });
});

describe("all that match", () => {
  test("are archived in steps of at most 100, of which each is told", async () => {
    await newRows(ada, 250);
    await newRows(ada, 3, { status: "archived" });
    const id = await begun(ada, "archive", allOf("active"));

    const seen = [];
    for (let step = 0; step < 3; step++) {
      await fireAlarmOf(ada);
      seen.push(await progressOf(ada, id));
    }

    expect(seen).toEqual([
      { finished: false, done: 100, pending: 150 },
      { finished: false, done: 200, pending: 50 },
      { finished: true, done: 250 },
    ]);
    await settleBulks(ada);
    expect(await storedBy(ada)).toEqual({ tables: [], alarm: null });
    expect(await standings(ada)).toEqual({ archived: 253 });
  });

  test("are deleted in steps of at most 20, rows, history and objects", async () => {
    const ids = await sessionsOf(ada, 3);
    for (const id of ids) await appendMessage(env, ada, id, freshMessage());
    await newRows(ada, 22);
    const all = await idsOf(ada);
    const id = await begun(ada, "delete", allOf("active"));

    await fireAlarmOf(ada);
    expect(await progressOf(ada, id)).toEqual({ finished: false, done: 20, pending: 5 });
    await fireAlarmOf(ada);
    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 25 });

    for (const one of all) expect(await standing(one)).toBe("tombstone, empty");
    for (const one of ids) {
      const { events, ...left } = await everything(one);
      expect(events).toEqual([]);
      expect(left).toMatchObject(NOTHING_STORED);
    }
  });

  test("are those that there were when it was asked, and nobody else's", async () => {
    const bob = freshPerson();
    await newRows(bob, 2);
    const old = await sessionsOf(ada, 2);
    const choice = allOf("active");
    vi.setSystemTime(NOW + 1_000);
    const young = await newSession(ada);

    await begun(ada, "delete", choice);
    await settleBulks(ada);

    for (const id of old) expect(await standing(id)).toBe("tombstone, empty");
    expect(await standing(young.id)).toBe("row, ready");
    expect(await standings(bob)).toEqual({ active: 2 });
  });

  test("where nothing does, nothing is made", async () => {
    expect(await ask(ada, "archive", allOf("active"))).toEqual({ outcome: "nothing" });
    expect(await findUnfinishedBulks(env.DB, ada)).toEqual([]);
  });

  test("are not deleted where others match than those that were shown", async () => {
    await newRows(ada, 4);
    const choice = allOf("active");
    const confirmed = await measureChoice(env, env.DB, ada, choice);
    const [gone, archived] = await idsOf(ada);

    await changeStatus(env, ada, archived!, "archive");
    expect(await ask(ada, "delete", choice, { confirmed })).toEqual({ outcome: "nothing" });
    // The same number as shown, but other sessions.
    await changeStatus(env, ada, archived!, "restore");
    await newRows(ada, 1);
    await deleteSession(env, ada, gone!);
    expect(await ask(ada, "delete", choice, { confirmed })).toEqual({ outcome: "nothing" });

    const again = await measureChoice(env, env.DB, ada, choice);
    expect(await ask(ada, "delete", choice, { confirmed: again })).toMatchObject({
      outcome: "begun",
      bulk: { total: 4 },
    });
  });
});

test("others than were confirmed are told apart by their ids, not by their places in the table", async () => {
  for (let row = 0; row < 4; row++) await newRows(ada, 1);
  const { results } = await env.DB.prepare(
    "SELECT id FROM sessions WHERE user_id = ? ORDER BY rowid",
  )
    .bind(ada)
    .all<{ id: string }>();
  const [first, second, third, fourth] = results.map(({ id }) => id) as [
    string,
    string,
    string,
    string,
  ];
  const archive = (ids: string[]) => ask(ada, "archive", { ids });
  await archive([second, third]);
  const choice = allOf("active");
  const confirmed = await measureChoice(env, env.DB, ada, choice);

  await archive([first, fourth]);
  await ask(ada, "restore", { ids: [second, third] });

  expect(await ask(ada, "delete", choice, { confirmed })).toEqual({ outcome: "nothing" });
});

describe("what became of each session", () => {
  test("tells the deleted and the changed meanwhile apart", async () => {
    await newRows(ada, 60);
    const [deleted, archived] = await idsOf(ada);
    const id = await begun(ada, "archive", allOf("active"));
    await deleteSession(env, ada, deleted!);
    await changeStatus(env, ada, archived!, "archive");

    await settleBulks(ada);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 58, unchanged: 1, gone: 1 });
  });

  test("counts one that is gone without a trace as gone", async () => {
    const [kept, lost] = await sessionsOf(ada, 2);
    const id = await begun(ada, "delete", { ids: [kept!, lost!] });
    await sessionObject(env, lost!).prepare(ada);
    await sessionObject(env, lost!).wipe(ada);
    await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(lost!).run();

    await settleBulks(ada);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 1, gone: 1 });
  });

  /** An Env in which the objects of these sessions cannot be reached. */
  function unreachable(ids: string[], fault: Fault = refused) {
    const { SESSION_DO } = env;
    const broken = faultyEnv({ prepare: fault }).SESSION_DO;
    const names = new Map<DurableObjectId, string>();
    return {
      SESSION_DO: {
        idFromName(name: string) {
          const id = SESSION_DO.idFromName(name);
          names.set(id, name);
          return id;
        },
        get: (id: DurableObjectId) =>
          (ids.includes(names.get(id) ?? "") ? broken : SESSION_DO).get(id),
      } as Env["SESSION_DO"],
    };
  }

  test("says which could not be reached, after three attempts, while all others are deleted", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const ids = await sessionsOf(ada, 25);
    const stuck = ids.slice(3, 5);
    const id = await begun(ada, "delete", { ids });

    let attempts = 0;
    const refuse: Fault = (call) => {
      attempts += 1;
      return refused(call);
    };
    await withEnvOf(
      () => personObject(env, ada),
      unreachable(stuck, refuse),
      () => settleBulks(ada),
    );

    expect(attempts).toBe(6);
    expect(await progressOf(ada, id)).toEqual({ finished: false, done: 23, failed: 2 });
    const told = await findBulk(env.DB, ada, id);
    expect(told?.failed).toHaveLength(2);
    expect(told?.failed).toEqual(
      expect.arrayContaining(stuck.map((one) => ({ id: one, name: "remix-run/remix" }))),
    );
    expect(await findUnfinishedBulks(env.DB, ada)).toHaveLength(1);
    expect(await storedBy(ada)).toEqual({ tables: [], alarm: null });
    for (const one of stuck) expect(await standing(one)).toBe("row, ready");
  });

  test("lets those that could not be reached be tried again, and then there is nothing left", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const ids = await sessionsOf(ada, 3);
    const id = await begun(ada, "delete", { ids });
    await withEnvOf(
      () => personObject(env, ada),
      unreachable([ids[0]!]),
      () => settleBulks(ada),
    );

    expect(await continueBulk(env, ada, id)).toBe(true);
    await settleBulks(ada);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 3 });
    expect(await standings(ada)).toEqual({ deleted: 3 });
    expect(await findUnfinishedBulks(env.DB, ada)).toEqual([]);
  });

  test("lets those that could not be reached be left", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const ids = await sessionsOf(ada, 3);
    const id = await begun(ada, "delete", { ids });
    await withEnvOf(
      () => personObject(env, ada),
      unreachable([ids[0]!]),
      () => settleBulks(ada),
    );

    expect(await finishBulk(env, ada, id)).toBe(true);

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 2, left: 1 });
    expect(await findUnfinishedBulks(env.DB, ada)).toEqual([]);
    expect(await standing(ids[0]!)).toBe("row, ready");
  });

  test("is deleted where its object cannot be reached for a moment only", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const ids = await sessionsOf(ada, 2);
    const id = await begun(ada, "delete", { ids });
    let calls = 0;
    const twice: Fault = (call) => (calls++ < 2 ? refused(call) : passes(call));

    await withEnvOf(
      () => personObject(env, ada),
      unreachable([ids[0]!], twice),
      () => settleBulks(ada),
    );

    expect(await progressOf(ada, id)).toEqual({ finished: true, done: 2 });
  });

  test("is nobody else's to see, to continue or to finish", async () => {
    const bob = freshPerson();
    const id = await begun(ada, "delete", { ids: await sessionsOf(ada, 2) });

    expect(await findBulk(env.DB, bob, id)).toBeUndefined();
    expect(await continueBulk(env, bob, id)).toBe(false);
    expect(await finishBulk(env, bob, id)).toBe(false);
    await personObject(env, bob).runBulk(bob, id);
    await settleBulks(bob);

    expect(await progressOf(ada, id)).toEqual({ finished: false, pending: 2 });
    expect(await storedBy(bob)).toEqual({ tables: [], alarm: null });
  });
});

test("two bulks of one person are both carried out", async () => {
  await newRows(ada, 120);
  const others = await sessionsOf(ada, 21);
  const archiving = await begun(ada, "archive", allOf("active"));
  const deleting = await begun(ada, "delete", { ids: others });

  await settleBulks(ada);

  expect(await progressOf(ada, deleting)).toEqual({ finished: true, done: 21 });
  const archived = (await findBulk(env.DB, ada, archiving))?.counts;
  expect((archived?.done ?? 0) + (archived?.gone ?? 0)).toBe(141);
  expect(await standings(ada)).toEqual({ archived: 120, deleted: 21 });
});

test("a bulk has stopped where it did not get on for half a minute", async () => {
  const id = await begun(ada, "delete", { ids: await sessionsOf(ada, 2) });
  const { bulk } = (await findBulk(env.DB, ada, id))!;
  expect(isStalled(bulk, NOW + 30_000)).toBe(false);
  expect(isStalled(bulk, NOW + 30_001)).toBe(true);
});

describe("a finished bulk goes along with a later one", () => {
  async function kept(userId: string): Promise<string[]> {
    const { results } = await env.DB.prepare("SELECT id FROM bulks WHERE user_id = ?")
      .bind(userId)
      .all<{ id: string }>();
    return results.map(({ id }) => id);
  }

  /** Archives and restores one session repeatedly. @returns the ids of the bulks */
  async function changeAgainAndAgain(userId: string, times: number): Promise<string[]> {
    const ids = await sessionsOf(userId, 1);
    const made: string[] = [];
    for (let index = 0; index < times; index++) {
      vi.setSystemTime(Date.now() + 1);
      const result = await ask(userId, index % 2 === 0 ? "archive" : "restore", { ids });
      if (result.outcome === "finished") made.push(result.bulk.id);
    }
    return made;
  }

  test("of the same person, all but the 20 newest of them", async () => {
    const made = await changeAgainAndAgain(ada, 23);
    expect((await kept(ada)).sort()).toEqual(made.slice(-21).sort()); // The last one was created after old ones were deleted.
    const { results } = await env.DB.prepare("SELECT * FROM bulk_items WHERE bulk_id = ?")
      .bind(made[0]!)
      .all();
    expect(results).toEqual([]);
  });

  test("of anybody, after a week; an unfinished one stays", async () => {
    const [finished] = await changeAgainAndAgain(ada, 1);
    const unfinished = await begun(ada, "delete", { ids: await sessionsOf(ada, 2) });
    const finishedAt = Date.now();
    const WEEK = 7 * 24 * 60 * 60 * 1000;
    const bob = freshPerson();

    vi.setSystemTime(finishedAt + WEEK - 100);
    await changeAgainAndAgain(bob, 40);
    expect(await kept(ada)).toContain(finished);

    // Bulks of other tests are deleted before it, a few at a time.
    vi.setSystemTime(finishedAt + WEEK + 1);
    await changeAgainAndAgain(bob, 40);
    expect(await kept(ada)).toEqual([unfinished]);
  });
});

describe("the number that is confirmed", () => {
  test("is exact for as many as a page: the messages are counted in the objects", async () => {
    const ids = await sessionsOf(ada, 3);
    for (const id of [ids[0]!, ids[0]!, ids[1]!]) {
      await appendMessage(env, ada, id, freshMessage());
    }
    const foreign = await newSession();

    const told = { count: 3, messages: 3, exact: true };
    const chosen = { ids: [...ids, foreign.id] };
    expect(await measureChoice(env, env.DB, ada, chosen)).toMatchObject(told);
    expect(await measureChoice(env, env.DB, ada, allOf("active"))).toMatchObject(told);
  });

  test("is as the rows know it for more, or where an object cannot be asked, and says so", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { id } = await newRowWithoutObject({ user_id: ada, message_count: 7 });
    const told = { count: 1, messages: 7, exact: false };
    const broken = faultyEnv({ snapshot: refused });
    expect(await measureChoice(broken, env.DB, ada, { ids: [id] })).toMatchObject(told);

    await newRows(ada, 50);
    const choice = { ...allOf("active"), until: Date.now() };
    expect(await measureChoice(env, env.DB, ada, choice)).toMatchObject({ ...told, count: 51 });
  });
});
