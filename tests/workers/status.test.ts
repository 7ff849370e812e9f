/** Archive, restore and keep, by the owner. */
import { expect, test, vi } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import type { SessionRow, SessionStatus, StatusChange } from "../../app/sessions/protocol/session";
import {
  env,
  everything,
  faultyEnv,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  listedIds,
  newRowWithoutObject,
  newSession,
  settle,
  stopClock,
  type Fault,
} from "./support";

const NOW = stopClock();

const ARCHIVED = { status: "archived", archived_at: NOW - 500, archived_by: "owner" } as const;
const BY_ITSELF = { ...ARCHIVED, archived_by: "idle" } as const;
const ACTIVE = { status: "active", archived_at: null, archived_by: null } as const;

test.each<[StatusChange, string, Partial<SessionRow>, Partial<SessionRow>, string]>([
  [
    "archive",
    "an active session",
    ACTIVE,
    { status: "archived", archived_at: NOW, archived_by: "owner" },
    "archived",
  ],
  ["restore", "an archived session", ARCHIVED, { ...ACTIVE, kept_at: NOW }, "restored"],
  [
    "restore",
    "a session archived for being idle",
    BY_ITSELF,
    { ...ACTIVE, kept_at: NOW },
    "restored",
  ],
  ["keep", "an active session", ACTIVE, { ...ACTIVE, kept_at: NOW }, "kept"],
  [
    "keep",
    "a session kept before",
    { ...ACTIVE, kept_at: NOW - 700 },
    { ...ACTIVE, kept_at: NOW },
    "kept",
  ],
])("%s changes %s, and says so in its history", async (change, _, before, changed, kind) => {
  const row = await newRowWithoutObject({ last_activity: NOW - 1_000, ...before });
  const after = { ...row, ...changed };

  const result = await changeStatus(env, row.user_id, row.id, change);

  expect(result).toEqual({ outcome: "done", session: after });
  expect(await inDatabase(row.id)).toEqual({ row: after, events: [{ kind, at: NOW }] });
});

test.each<[StatusChange, string, Partial<SessionRow>]>([
  ["restore", "an active session", ACTIVE],
  ["keep", "an archived session", ARCHIVED],
])("%s leaves %s as it is", async (change, _, before) => {
  const row = await newRowWithoutObject(before);

  const result = await changeStatus(env, row.user_id, row.id, change);

  expect(result).toEqual({ outcome: "done", session: row });
  expect(await inDatabase(row.id)).toEqual({ row, events: [] });
});

test.each([
  ["by its owner", ARCHIVED],
  ["for being idle", BY_ITSELF],
])(
  "a session archived %s can be archived anew, as of now, with no new line of history",
  async (_, before) => {
    const row = await newRowWithoutObject(before);

    await changeStatus(env, row.user_id, row.id, "archive");

    const archived = { status: "archived", archived_at: NOW, archived_by: "owner" };
    expect(await inDatabase(row.id)).toEqual({ row: { ...row, ...archived }, events: [] });
  },
);

test("archiving prevails over a message written before that is not in the row yet", async () => {
  const { id, user_id } = await newSession();
  await changeStatus(env, user_id, id, "archive");
  vi.setSystemTime(NOW + 1);
  await appendMessage(env, user_id, id, freshMessage());
  vi.setSystemTime(NOW + 2);
  await changeStatus(env, user_id, id, "archive");

  await settle(id);

  expect((await inDatabase(id)).row).toMatchObject({ status: "archived", message_count: 1 });
});

test.each<[StatusChange, Partial<SessionRow>]>([
  ["archive", ACTIVE],
  ["restore", ARCHIVED],
])("%s requested many times at once happens once", async (change, before) => {
  const row = await newRowWithoutObject(before);

  await Promise.all(
    Array.from({ length: 5 }, () => changeStatus(env, row.user_id, row.id, change)),
  );

  expect((await inDatabase(row.id)).events).toHaveLength(1);
});

test.each<StatusChange>(["archive", "restore", "keep"])(
  "%s and its line of history are one batch, and the object is not asked",
  async (change) => {
    const row = await newRowWithoutObject(change === "restore" ? ARCHIVED : ACTIVE);
    const batches: string[] = [];
    const watch: Fault = (call) => {
      batches.push("batch");
      return call();
    };

    await changeStatus(faultyEnv({ batch: watch }), row.user_id, row.id, change);

    expect(batches).toHaveLength(1);
    expect((await inDatabase(row.id)).events).toHaveLength(1);
    expect((await inStorage(row.id)).tables).toEqual([]);
  },
);

test("archiving and restoring change nobody's place in the list", async () => {
  const user_id = freshPerson();
  const rows = [];
  for (const last_activity of [30, 20, 10]) {
    rows.push(await newRowWithoutObject({ user_id, last_activity }));
  }
  const [newest, middle, oldest] = rows.map(({ id }) => id) as [string, string, string];
  const listed = (status: SessionStatus) => listedIds(user_id, { status });

  await changeStatus(env, user_id, oldest, "archive");
  await changeStatus(env, user_id, newest, "archive");
  expect(await listed("archived")).toEqual([newest, oldest]);
  expect(await listed("active")).toEqual([middle]);

  await changeStatus(env, user_id, oldest, "restore");
  await changeStatus(env, user_id, newest, "restore");
  expect(await listed("archived")).toEqual([]);
  expect(await listed("active")).toEqual([newest, middle, oldest]);
});

test("an archived session keeps its conversation, and stays archived when its alarm has run", async () => {
  const { id, user_id } = await newSession();
  await appendMessage(env, user_id, id, freshMessage());
  vi.setSystemTime(NOW + 1);
  await changeStatus(env, user_id, id, "archive");
  const { messages } = await inStorage(id);

  await settle(id);

  expect(await everything(id)).toMatchObject({
    row: { status: "archived", archived_at: NOW + 1, last_activity: NOW + 1, message_count: 1 },
    messages,
  });
});

test("the history keeps every change in the order of the changes", async () => {
  const { id, user_id } = await newSession();
  const changes: StatusChange[] = ["archive", "restore", "keep", "archive"];
  for (const [index, change] of changes.entries()) {
    vi.setSystemTime(NOW + index);
    await changeStatus(env, user_id, id, change);
  }

  expect((await inDatabase(id)).events).toEqual([
    { kind: "created", at: NOW },
    { kind: "archived", at: NOW },
    { kind: "restored", at: NOW + 1 },
    { kind: "kept", at: NOW + 2 },
    { kind: "archived", at: NOW + 3 },
  ]);
});
