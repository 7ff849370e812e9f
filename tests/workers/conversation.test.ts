import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { markRead } from "../../app/sessions/conversation/messages.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { readConversation } from "../../app/sessions/conversation/conversation.server";
import {
  countMessages,
  findSession,
  findSessionWithHistory,
} from "../../app/sessions/session-queries.server";
import {
  env,
  everything,
  faultyEnv,
  fireAlarm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  refused,
  stopClock,
} from "./support";

const NOW = stopClock();

test("an open session tells its repository, its history and its conversation", async () => {
  const { id, user_id } = await newSession();
  await appendMessage(env, user_id, id, freshMessage("First"));
  await appendMessage(env, user_id, id, {
    ...freshMessage("Second"),
    role: "agent",
    author: "Bot",
  });

  const found = await findSessionWithHistory(env.DB, id, user_id);
  const conversation = await readConversation(env, id, user_id, undefined);

  expect(found).toEqual({
    row: (await inDatabase(id)).row,
    events: [{ kind: "created", at: NOW }],
    older: false,
  });
  expect(conversation).toMatchObject({
    state: "ready",
    messageCount: 2,
    lastActivity: NOW + 2,
    items: [
      { id: 1, message: { id: 1, role: "user", author: "Ada", content: [{ p: ["First"] }] } },
      { id: 2, message: { id: 2, role: "agent", author: "Bot", content: [{ p: ["Second"] }] } },
    ],
  });
  expect(await countMessages(env, id, user_id)).toBe(2);
});

test("a conversation is read in pages of 30 messages, from the newest back", async () => {
  const { id, user_id } = await newSession();
  for (let count = 1; count <= 65; count++) {
    await appendMessage(env, user_id, id, freshMessage(`${count}`));
  }
  const page = async (before: number | undefined) => {
    const conversation = await readConversation(env, id, user_id, before);
    if (conversation.state !== "ready") throw new Error(conversation.state);
    return conversation.items.map((item) => item.id);
  };
  const range = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);

  expect(await page(undefined)).toEqual(range(36, 65));
  expect(await page(36)).toEqual(range(6, 35));
  expect(await page(6)).toEqual(range(1, 5));
  expect(await page(1)).toEqual([]);
});

test("a message with the same key sent again, or many times at once, is one message", async () => {
  const { id, user_id } = await newSession();
  const message = freshMessage("Once");

  const answers = await Promise.all(
    Array.from({ length: 5 }, () => appendMessage(env, user_id, id, message)),
  );
  answers.push(await appendMessage(env, user_id, id, { ...message, text: "Another text" }));

  expect(answers).toEqual(Array(6).fill({ outcome: "sent" }));
  const { messages, state } = await inStorage(id);
  expect(messages.map(({ text }) => text)).toEqual(["Once"]);
  expect(state).toMatchObject({ message_count: 1, last_activity: NOW + 1 });
});

test.each([
  { clock: "stands still", steps: [0, 0, 0], activity: [1, 2, 3] },
  { clock: "goes on", steps: [100, 100, 100], activity: [100, 200, 300] },
  { clock: "goes back", steps: [100, -70, -20], activity: [100, 101, 102] },
])(
  "each message moves the last activity and the count, though the clock $clock",
  async ({ steps, activity }) => {
    const { id, user_id } = await newSession();
    const seen = [];
    for (const step of steps) {
      vi.setSystemTime(Date.now() + step);
      await appendMessage(env, user_id, id, freshMessage());
      seen.push((await inStorage(id)).state);
    }

    expect(seen.map((state) => state!.last_activity - NOW)).toEqual(activity);
    expect(seen.map((state) => state!.message_count)).toEqual([1, 2, 3]);
  },
);

test("the row is updated after a message by the alarm, which runs within 10 seconds", async () => {
  const { id, user_id } = await newSession();
  await fireAlarm(id);
  expect((await inStorage(id)).alarm).toBeGreaterThan(NOW + 10_000);

  await appendMessage(env, user_id, id, freshMessage());

  const { alarm, state } = await inStorage(id);
  expect(alarm).toBe(NOW + 10_000);
  expect(state!.alarm_at).toBe(alarm);
  expect((await inDatabase(id)).row).toMatchObject({ message_count: 0, last_activity: NOW });
  await fireAlarm(id);
  expect((await inDatabase(id)).row).toMatchObject({ message_count: 1, last_activity: NOW + 1 });
});

test("messages can be marked as seen before the row counts them, but none beyond those that exist", async () => {
  const { id, user_id } = await newSession();
  const seenAfter = async (upTo: number) => {
    expect(await markRead(env, user_id, id, { message: upTo, rev: upTo })).toMatchObject({
      outcome: "done",
    });
    return (await inDatabase(id)).row?.seen_message;
  };
  await appendMessage(env, user_id, id, freshMessage());
  await appendMessage(env, user_id, id, freshMessage());
  expect((await inDatabase(id)).row?.message_count).toBe(0);

  expect(await seenAfter(1)).toBe(1);
  expect(await seenAfter(999_999_999_999_999)).toBe(2);
  expect(await seenAfter(1)).toBe(2);
  const unreachable = faultyEnv({ snapshot: refused });
  expect(await markRead(unreachable, user_id, id, { message: 2, rev: 0 })).toEqual({
    outcome: "unavailable",
  });
});

test("further messages do not put off an alarm that is set", async () => {
  const { id, user_id } = await newSession();

  for (let count = 0; count < 3; count++) {
    vi.setSystemTime(Date.now() + 1_000);
    await appendMessage(env, user_id, id, freshMessage());
  }

  expect((await inStorage(id)).alarm).toBe(NOW + 5_000);
});

test("a row whose object is empty opens without messages, and its first message makes the object", async () => {
  const row = await newRowWithoutObject();
  const { id, user_id } = row;

  expect(await countMessages(env, id, user_id)).toBe(0);
  expect(await readConversation(env, id, user_id, undefined)).toMatchObject({
    state: "ready",
    items: [],
    messageCount: 0,
  });
  expect(await inStorage(id)).toEqual(NOTHING_STORED);

  expect(await appendMessage(env, user_id, id, freshMessage("First"))).toEqual({ outcome: "sent" });

  const { state, messages, alarm } = await inStorage(id);
  expect(messages.map(({ text }) => text)).toEqual(["First"]);
  expect(state).toMatchObject({
    id,
    user_id,
    repo_owner: row.repo_owner,
    repo_name: row.repo_name,
    created_at: row.created_at,
    message_count: 1,
  });
  expect(alarm).not.toBeNull();
});

const UNKNOWN = crypto.randomUUID();
const message = freshMessage();

test.each<[string, (id: string, userId: string) => Promise<unknown>, unknown]>([
  ["its row", (id, ada) => findSession(env.DB, id, ada), {}],
  ["its history", (id, ada) => findSessionWithHistory(env.DB, id, ada), undefined],
  ["its message count", (id, ada) => countMessages(env, id, ada), 0],
  [
    "its conversation",
    (id, ada) => readConversation(env, id, ada, undefined),
    {
      state: "ready",
      live: false,
      items: [],
      messageCount: 0,
      lastActivity: 0,
      asked: [],
      runs: { running: null, handled: null },
      agentName: "Agent",
      agent: null,
      tokens: [],
    },
  ],
  ["a message in it", (id, ada) => appendMessage(env, ada, id, message), { outcome: "not-found" }],
  ["archiving it", (id, ada) => changeStatus(env, ada, id, "archive"), { outcome: "not-found" }],
  ["restoring it", (id, ada) => changeStatus(env, ada, id, "restore"), { outcome: "not-found" }],
  ["keeping it", (id, ada) => changeStatus(env, ada, id, "keep"), { outcome: "not-found" }],
  ["deleting it", (id, ada) => deleteSession(env, ada, id), "not-found"],
  ["its object's snapshot", (id, ada) => sessionObject(env, id).snapshot(ada), { state: "empty" }],
  [
    "its object's conversation",
    (id, ada) => sessionObject(env, id).conversation(ada, undefined),
    { state: "empty" },
  ],
  [
    "its object to append",
    (id, ada) => sessionObject(env, id).append(ada, message),
    { state: "empty" },
  ],
  ["its object to prepare", (id, ada) => sessionObject(env, id).prepare(ada), { state: "empty" }],
  ["its object to wipe", (id, ada) => sessionObject(env, id).wipe(ada), { state: "empty" }],
])("a request to an unknown session for %s stores nothing", async (_, ask, answer) => {
  expect(await ask(UNKNOWN, freshPerson())).toEqual(answer);

  expect(await everything(UNKNOWN)).toEqual({ events: [], ...NOTHING_STORED });
});

test("reading a session changes nothing of it", async () => {
  const { id, user_id } = await newSession();
  await appendMessage(env, user_id, id, freshMessage());
  const before = await everything(id);

  vi.setSystemTime(NOW + 1_000);
  await findSession(env.DB, id, user_id);
  await findSessionWithHistory(env.DB, id, user_id);
  await countMessages(env, id, user_id);
  await readConversation(env, id, user_id, undefined);

  expect(await everything(id)).toEqual(before);
});

test("a session that is being deleted takes no message, and shows no conversation", async () => {
  const { id, user_id } = await newSession();
  await sessionObject(env, id).prepare(user_id);
  const before = await everything(id);

  expect(await appendMessage(env, user_id, id, freshMessage())).toEqual({ outcome: "deleting" });
  expect(await readConversation(env, id, user_id, undefined)).toEqual({ state: "deleting" });

  expect(await everything(id)).toEqual(before);
});

test("a deleted session takes no message, and its object stays empty", async () => {
  const { id, user_id } = await newSession();
  await deleteSession(env, user_id, id);
  const before = await everything(id);

  expect(await appendMessage(env, user_id, id, freshMessage())).toEqual({ outcome: "not-found" });

  expect(await everything(id)).toEqual(before);
  expect(before).toMatchObject(NOTHING_STORED);
});

test("a message after an alarm that the platform dropped sets it again", async () => {
  const { id, user_id } = await newSession();
  await runInDurableObject(sessionObject(env, id), (_, { storage }) => storage.deleteAlarm());

  vi.setSystemTime(NOW + 10 * 60_000);
  await appendMessage(env, user_id, id, freshMessage());

  expect((await inStorage(id)).alarm).toBe(Date.now() + 10_000);
});
