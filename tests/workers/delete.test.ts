import { expect, test, vi } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { findSession } from "../../app/sessions/session-queries.server";
import type { Tombstone } from "../../app/sessions/protocol/session";
import {
  env,
  everything,
  fireAlarm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  loseRow,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  stopClock,
  withObjectEnv,
} from "./support";

const NOW = stopClock();

/** @returns what is left of a session that was deleted completely */
function remains(id: string, user_id: string, deleted_at = NOW, created_at: number | null = NOW) {
  return { tombstone: { id, user_id, deleted_at, created_at }, events: [], ...NOTHING_STORED };
}

test("a deleted session leaves a tombstone in D1, and nothing in its object", async () => {
  const { id, user_id } = await newSession();
  await appendMessage(env, user_id, id, freshMessage());
  await changeStatus(env, user_id, id, "archive");
  const other = await newSession(user_id);
  const kept = await everything(other.id);

  expect(await deleteSession(env, user_id, id)).toBe("deleted");

  expect(await everything(id)).toEqual(remains(id, user_id));
  expect(await findSession(env.DB, id, user_id)).toEqual({
    row: undefined,
    tombstone: { id, user_id, deleted_at: NOW, created_at: NOW },
  });
  expect(await everything(other.id)).toEqual(kept);
});

test("a session whose object is empty can be deleted", async () => {
  const { id, user_id } = await newRowWithoutObject();

  expect(await deleteSession(env, user_id, id)).toBe("deleted");

  expect(await everything(id)).toEqual(remains(id, user_id));
});

test("a session whose row is missing can be deleted, and does not come back", async () => {
  const { id, user_id } = await newSession();
  await loseRow(id);

  expect(await deleteSession(env, user_id, id)).toBe("deleted");

  expect(await everything(id)).toEqual(remains(id, user_id, NOW, null));
});

test("deleting again says that it was deleted, and changes nothing", async () => {
  const { id, user_id } = await newSession();
  await deleteSession(env, user_id, id);

  vi.setSystemTime(NOW + 1_000);
  expect(await deleteSession(env, user_id, id)).toBe("already-deleted");

  expect(await everything(id)).toEqual(remains(id, user_id));
});

test("deleting many times at once deletes once, and each is told that it is gone", async () => {
  const { id, user_id } = await newSession();

  const told = await Promise.all(Array.from({ length: 5 }, () => deleteSession(env, user_id, id)));

  for (const outcome of told) expect(["deleted", "already-deleted"]).toContain(outcome);
  expect(await everything(id)).toEqual(remains(id, user_id));
});

test("a deletion once begun is kept: the object refuses everything else, and finishes it within 5 seconds", async () => {
  const row = await newSession();
  const { id, user_id } = row;
  await appendMessage(env, user_id, id, freshMessage());
  await fireAlarm(id);
  const object = sessionObject(env, id);
  const { messages } = await inStorage(id);

  expect(await object.prepare(user_id)).toEqual({ state: "deleting" });

  const answers = [
    await object.initialize(row),
    await object.append(user_id, freshMessage()),
    await object.snapshot(user_id),
    await object.conversation(user_id, undefined),
    await object.prepare(user_id),
    await object.prepare(user_id, row),
  ];
  expect(answers).toEqual(answers.map(() => ({ state: "deleting" })));
  const stored = await inStorage(id);
  expect(stored).toMatchObject({ messages, state: { deleting: 1, message_count: 1 } });
  expect(stored.alarm).toBe(NOW + 5_000);
  expect((await inDatabase(id)).row).toBeDefined();

  await fireAlarm(id);
  expect(await everything(id)).toEqual(remains(id, user_id));
});

test("an object that is not being deleted does not let itself be wiped", async () => {
  const { id, user_id } = await newSession();
  const before = await everything(id);

  expect(await sessionObject(env, id).wipe(user_id)).toEqual({ state: "ready" });

  expect(await everything(id)).toEqual(before);
});

test("an empty object is prepared from its row alone, and made only to be deleted", async () => {
  const row = await newRowWithoutObject();
  const object = sessionObject(env, row.id);

  expect(await object.prepare(row.user_id)).toEqual({ state: "empty" });
  expect(await inStorage(row.id)).toEqual(NOTHING_STORED);
  expect(await object.prepare(row.user_id, row)).toEqual({ state: "deleting" });

  const { state, alarm } = await inStorage(row.id);
  expect(state).toMatchObject({ id: row.id, user_id: row.user_id, deleting: 1 });
  expect(alarm).toBe(NOW + 5_000);
});

test.each(["of the app", "of the alarm"])(
  "tombstones older than a minute go along with a later delete %s, where they are kept for a minute",
  async (by) => {
    const tombstones: Tombstone[] = [-60_001, -60_000, -1].map((age) => ({
      id: crypto.randomUUID(),
      user_id: freshPerson(),
      deleted_at: NOW + age,
      created_at: NOW + age,
    }));
    for (const { id, user_id, deleted_at, created_at } of tombstones) {
      await env.DB.prepare("INSERT INTO deleted_sessions VALUES (?, ?, ?, ?)")
        .bind(id, user_id, deleted_at, created_at)
        .run();
    }
    const { id, user_id } = await newSession();
    const seconds = { TOMBSTONE_SECONDS: 60 };

    if (by === "of the app") await deleteSession({ ...env, ...seconds }, user_id, id);
    else {
      await sessionObject(env, id).prepare(user_id);
      await withObjectEnv(id, seconds, () => fireAlarm(id));
    }

    const left = await Promise.all(
      tombstones.map(async (tombstone) => (await inDatabase(tombstone.id)).tombstone),
    );
    expect(left).toEqual([undefined, ...tombstones.slice(1)]);
    expect(await everything(id)).toEqual(remains(id, user_id));
  },
);
