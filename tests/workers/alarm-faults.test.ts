/** The alarm when D1 fails, its object is aborted, or the object changes while the alarm waits for D1. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import {
  answerLost,
  env,
  everything,
  faultyDatabase,
  fireAlarm,
  freshMessage,
  inDatabase,
  inOrder,
  inStorage,
  late,
  loseRow,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  refused,
  settled,
  stalled,
  standing,
  stopClock,
  withObjectEnv,
  type Fault,
} from "./support";

const NOW = stopClock();

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // Each fault is logged, as it should be.
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What an alarm has to do, and what exists when it is done. */
const DUTIES: Record<string, { make: () => Promise<string>; done: string; history: string[] }> = {
  "report a message": {
    make: async () => {
      const { id, user_id } = await newSession();
      await appendMessage(env, user_id, id, freshMessage());
      return id;
    },
    done: "row, ready with 1",
    history: ["created"],
  },
  "put back a missing row": {
    make: async () => {
      const { id } = await newSession();
      await loseRow(id);
      return id;
    },
    done: "row, ready",
    history: ["healed"],
  },
  "archive an idle session": {
    make: async () => {
      const row = await newRowWithoutObject({ last_activity: 1 });
      await sessionObject(env, row.id).initialize(row);
      return row.id;
    },
    done: "row, ready",
    history: ["auto-archived"],
  },
  "bring back an archived session": {
    make: async () => {
      const { id, user_id } = await newSession();
      await changeStatus(env, user_id, id, "archive");
      vi.setSystemTime(NOW + 1);
      await appendMessage(env, user_id, id, freshMessage());
      return id;
    },
    done: "row, ready with 1",
    history: ["created", "archived", "woken"],
  },
  "finish a deletion": {
    make: async () => {
      const { id, user_id } = await newSession();
      await sessionObject(env, id).prepare(user_id);
      return id;
    },
    done: "tombstone, empty",
    history: [],
  },
  "wipe what was made after a deletion": {
    make: async () => {
      const row = await newSession();
      await deleteSession(env, row.user_id, row.id);
      await sessionObject(env, row.id).initialize(row);
      return row.id;
    },
    done: "tombstone, empty",
    history: [],
  },
};

const FAULTS: Record<string, () => { fault: Fault; land: () => unknown }> = {
  refused: () => ({ fault: refused, land: () => {} }),
  "answer lost": () => ({ fault: answerLost, land: () => {} }),
  late,
};

const CASES = Object.entries(DUTIES).flatMap(([duty, { make, done, history }]) =>
  Object.entries(FAULTS).map(([name, newFault]) => ({ duty, make, done, history, name, newFault })),
);

test.each(CASES)(
  "an alarm that is to $duty, its batch $name, sets itself again, and does it then, once",
  async ({ make, done, history, newFault }) => {
    const id = await make();
    const { messages } = await inStorage(id);
    const { fault, land } = newFault();

    await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));

    const after = await inStorage(id);
    expect(after.messages).toEqual(messages);
    expect(after.alarm).toBe(Date.now() + 5_000);
    await land();
    expect(await settled(id)).toBe(done);
    expect((await inDatabase(id)).events.map(({ kind }) => kind)).toEqual(history);
  },
);

test.each(Object.entries(DUTIES))(
  "an alarm that is to %s, its batch landing when a later alarm has done it, changes nothing more",
  async (_, { make, done, history }) => {
    const id = await make();
    const { fault, land } = late();
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
    await settled(id);
    const before = await everything(id);

    vi.setSystemTime(NOW + 1_000);
    await land();

    expect(await everything(id)).toEqual(before);
    expect(await settled(id)).toBe(done);
    expect((await inDatabase(id)).events.map(({ kind }) => kind)).toEqual(history);
  },
);

test.each(Object.entries(DUTIES))(
  "an alarm that is to %s, its object aborted meanwhile, is still set, and does it then, once",
  async (_, { make, done, history }) => {
    const id = await make();
    const { fault, reached } = stalled();
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, async () => {
      // Started by the platform, which repeats an alarm until it has succeeded.
      await runInDurableObject(sessionObject(env, id), (_, { storage }) => storage.setAlarm(1));
      await reached;
      await inStorage(id); // Resolves when its writes are stored.
      await abortAllDurableObjects();
    });

    expect(await settled(id)).toBe(done);
    expect((await inDatabase(id)).events.map(({ kind }) => kind)).toEqual(history);
  },
);

/** Starts an object's alarm with a D1 that stalls. @returns a function that lets it continue to its end */
async function stallAlarm(id: string, on: "way there" | "way back"): Promise<() => Promise<void>> {
  const { fault, reached, land } = stalled(on);
  const end = withObjectEnv(id, { DB: faultyDatabase(inOrder(fault)) }, () => fireAlarm(id));
  await reached;
  return async () => {
    land();
    await end;
  };
}

const BOTH_WAYS = ["way there", "way back"] as const;

test.each(BOTH_WAYS)(
  "a message that comes while the alarm waits for D1 (on the %s) is reported soon",
  async (way) => {
    const { id, user_id } = await newSession();
    const goOn = await stallAlarm(id, way);
    await appendMessage(env, user_id, id, freshMessage());

    await goOn();

    expect((await inDatabase(id)).row).toMatchObject({ message_count: 0 });
    expect((await inStorage(id)).alarm).toBe(NOW + 10_000);
    expect(await settled(id)).toBe("row, ready with 1");
  },
);

test.each([
  { clock: "moved on", step: 1 },
  { clock: "not moved", step: 0 },
])(
  "a message that comes while the alarm archives its idle session brings it back (the clock has $clock)",
  async ({ step }) => {
    const row = await newRowWithoutObject({ last_activity: 1 });
    await sessionObject(env, row.id).initialize(row);
    const goOn = await stallAlarm(row.id, "way there");
    vi.setSystemTime(NOW + step);
    await appendMessage(env, row.user_id, row.id, freshMessage());

    await goOn();

    expect(await settled(row.id)).toBe("row, ready with 1");
    expect((await inDatabase(row.id)).row).toMatchObject({ status: "active", archived_at: null });
  },
);

test.each(BOTH_WAYS)(
  "a deletion that begins while the alarm waits for D1 (on the %s) is finished soon",
  async (way) => {
    const { id, user_id } = await newSession();
    const goOn = await stallAlarm(id, way);
    await sessionObject(env, id).prepare(user_id);

    await goOn();

    expect(await standing(id)).toBe("row, deleting");
    expect((await inStorage(id)).alarm).toBe(NOW + 5_000);
    expect(await settled(id)).toBe("tombstone, empty");
  },
);

test.each(BOTH_WAYS)(
  "a session deleted while its alarm waits for D1 (on the %s) leaves nothing",
  async (way) => {
    const { id, user_id } = await newSession();
    const goOn = await stallAlarm(id, way);
    await deleteSession(env, user_id, id);

    await goOn();

    expect(await standing(id)).toBe("tombstone, empty");
    expect(await inStorage(id)).toEqual(NOTHING_STORED);
    expect((await inDatabase(id)).events).toEqual([]);
  },
);

test.each(BOTH_WAYS)(
  "an alarm whose object was wiped and made anew while it waited for D1 (on the %s) touches nothing",
  async (way) => {
    const row = await newSession();
    const goOn = await stallAlarm(row.id, way);
    await deleteSession(env, row.user_id, row.id);
    vi.setSystemTime(NOW + 1_000);
    await sessionObject(env, row.id).initialize(row);
    const before = await everything(row.id);

    await goOn();

    expect(await everything(row.id)).toEqual(before);
    expect(before.alarm).toBe(NOW + 6_000);
    expect(await settled(row.id)).toBe("tombstone, empty");
  },
);

test.each(BOTH_WAYS)(
  "an alarm whose deletion was finished, and its object made anew, while it waited for D1 (on the %s) touches nothing",
  async (way) => {
    const row = await newSession();
    await sessionObject(env, row.id).prepare(row.user_id);
    const goOn = await stallAlarm(row.id, way);
    expect(await deleteSession(env, row.user_id, row.id)).toBe("deleted");
    vi.setSystemTime(NOW + 1_000);
    await sessionObject(env, row.id).initialize(row);
    const before = await everything(row.id);

    await goOn();

    expect(await everything(row.id)).toEqual(before);
    expect(before).toMatchObject({ state: { deleting: 0 }, alarm: NOW + 6_000 });
    expect(await settled(row.id)).toBe("tombstone, empty");
  },
);

test("a report that lands after a newer one takes nothing back", async () => {
  const { id, user_id } = await newSession();
  const { fault, land } = late();
  await appendMessage(env, user_id, id, freshMessage());
  await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
  await appendMessage(env, user_id, id, freshMessage());
  await fireAlarm(id);
  const { row } = await inDatabase(id);

  await land();

  expect((await inDatabase(id)).row).toEqual(row);
  expect(row).toMatchObject({ message_count: 2, last_activity: NOW + 2 });
});
