/** Items by token: what agents report besides messages, what they ask, and what the owner answers. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { ITEM_BYTES, type Item } from "../../app/sessions/protocol/item";
import { MINUTE, utf8Bytes } from "../../app/sessions/protocol/budgets";
import { agentStatusAt } from "../../app/sessions/protocol/session";
import { readConversation } from "../../app/sessions/conversation/conversation.server";
import { answerRequest } from "../../app/sessions/conversation/requests.server";
import { ask, Browser, captureLog, ORIGIN } from "./app";
import { env, fireAlarm, inDatabase, inStorage, settle, stopClock } from "./support";

const NOW = stopClock();
const DAY = 24 * 60 * 60 * 1000;

const ASKS = {
  kind: "permission",
  title: "Run the tests?",
  options: [
    { id: "yes", name: "Allow", kind: "allow_once" },
    { id: "no", name: "Reject", kind: "reject_once" },
  ],
};

let owner: Browser;
let userId: string;
let id: string;
let token: string;
beforeEach(async () => {
  captureLog();
  owner = await new Browser().signIn();
  id = await owner.create();
  userId = (await inDatabase(id)).row!.user_id;
  token = await connect();
});

async function connect(name = "Builder"): Promise<string> {
  const form = { intent: "connect", key: crypto.randomUUID() as string, name };
  const page = await (await owner.post(`/session/${id}`, form)).text();
  return /ship_[0-9a-f]{64}/.exec(page)?.[0] ?? "";
}

function send(body: unknown, by = token): Promise<Response> {
  const headers = { Authorization: `Bearer ${by}`, "Content-Type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return ask(new Request(`${ORIGIN}/session/${id}/report`, init));
}

/** @returns the id of the item that was reported */
async function report(key: string, item: object, fields: object = {}, by = token) {
  const answer = await send({ key, item, ...fields }, by);
  expect(answer.status).toBe(201);
  return (await answer.json<{ item: number }>()).item;
}

async function shown() {
  const conversation = await readConversation(env, id, userId, undefined);
  if (conversation.state !== "ready") throw new Error(conversation.state);
  return conversation.items;
}

async function itemsSince(since: number): Promise<Item[]> {
  const headers = { Authorization: `Bearer ${token}` };
  const init = { method: "HEAD", headers };
  expect(
    (await ask(new Request(`${ORIGIN}/session/${id}/items?since=${since}`, init))).status,
  ).toBe(200);
  const answer = await ask(
    new Request(`${ORIGIN}/session/${id}/items?since=${since}`, { headers }),
  );
  return (await answer.json<{ items: Item[] }>()).items;
}

async function say(text: string) {
  const form = { intent: "send", key: crypto.randomUUID() as string, text };
  expect((await owner.post(`/session/${id}`, form)).status).toBe(302);
}

function answer(item: number, option: string) {
  return answerRequest(env, userId, id, item, option, "Ada");
}

test("items stand between the messages, and change by their key without moving", async () => {
  await say("Mend it");
  const call = await report("a", { kind: "tool", title: "Read it", tool: "read" });
  await say("Hurry");
  const again = await report("a", {
    kind: "tool",
    status: "completed",
    content: [{ type: "output", text: "ok" }],
  });
  expect(again).toBe(call);

  const items = await shown();
  expect(items).toMatchObject([
    { id: 1, seq: 1, message: { id: 1 } },
    {
      ...{ id: 2, seq: 4, author: "Builder" },
      body: {
        ...{ kind: "tool", title: "Read it", tool: "read", status: "completed" },
        content: [{ type: "output", text: "ok" }],
      },
    },
    { id: 3, seq: 3, message: { id: 2 } },
  ]);
  expect(await itemsSince(0)).toMatchObject([{ id: 2, seq: 4 }]);
  const { state, messages } = await inStorage(id);
  expect(messages.map((message) => message.id)).toEqual([1, 2]);
  expect(state).toMatchObject({ message_count: 2 });
});

test("two tokens have keys of their own", async () => {
  const other = await connect("Reviewer");
  const first = await report("a", { kind: "thought", text: "Mine" });
  const second = await report("a", { kind: "thought", text: "Not yours" }, {}, other);
  expect(second).not.toBe(first);
});

test("texts that are too long are cut, and say how much is missing", async () => {
  const output = "ö".repeat(ITEM_BYTES);
  await report("a", {
    ...{ kind: "tool", title: "Say much" },
    content: [
      { type: "output", text: output },
      { type: "text", text: "and more" },
    ],
  });
  const [item] = await shown();
  const text = JSON.stringify(item);
  expect(utf8Bytes(text)).toBeLessThan(ITEM_BYTES + 1_000);
  expect(text).toContain(`${ITEM_BYTES} bytes more`);
  expect(text).not.toContain("\uFFFD");
});

test("a request cannot seem to ask something else by turning the direction of its text", async () => {
  const options = [{ id: "yes", name: "Yes\u202e", kind: "allow_once" }];
  await report("ask", { kind: "permission", title: "Run \u202esafe\u202c?", options });
  expect(await shown()).toMatchObject([
    { body: { title: "Run \ufffdsafe\ufffd?", options: [{ name: "Yes\ufffd" }] } },
  ]);
});

test("a call of a tool that ends says as before how much of its output is missing", async () => {
  const content = [{ type: "output", text: "x".repeat(ITEM_BYTES + 1_000) }];
  await report("a", { kind: "tool", title: "Say much", content });
  await report("a", { kind: "tool", status: "completed" });

  const kept = `${"x".repeat(ITEM_BYTES)}\n… 1000 bytes more`;
  expect(await shown()).toMatchObject([
    { body: { status: "completed", content: [{ type: "output", text: kept }] } },
  ]);
});

describe("an agent that waits", () => {
  let waits: string;
  beforeEach(async () => (waits = await connect("Reader")));

  /** Asks with the token that only waits. @returns what gives the response, once its object has the request */
  async function wait(path: string): Promise<() => Promise<Response>> {
    const headers = { Authorization: `Bearer ${waits}` };
    const waiting = ask(new Request(`${ORIGIN}/session/${id}/${path}`, { headers }));
    await vi.waitFor(async () => {
      const answer = await sessionObject(env, id).conversation(userId, undefined);
      const reader = answer.state === "ready" && answer.tokens.find(({ id }) => id === 2);
      expect(reader).toMatchObject({ used_at: expect.any(Number) as number });
    });
    return () => waiting;
  }

  test("for messages waits on while another one reports items", async () => {
    const answered = await wait("messages?after=0");
    await report("a", { kind: "thought", text: "Hm" });
    await say("Stop");
    expect(await (await answered()).json()).toMatchObject({ messages: [{ text: "Stop" }] });
  });

  test("for an answer waits on while messages are written", async () => {
    const asked = await report("ask", ASKS);
    const answered = await wait(`items?since=${asked}`);
    await say("Let me see");
    await answer(asked, "yes");
    expect(await (await answered()).json()).toMatchObject({ items: [{ body: { option: "yes" } }] });
  });

  test.each<[string, number, () => Promise<unknown>]>([
    ["its token is revoked", 401, () => owner.post(`/session/${id}`, { intent: "revoke:2" })],
    ["the session is deleted", 410, () => owner.post(`/dashboard/delete?id=${id}`, {})],
  ])("waits no longer when %s", async (_, status, happen) => {
    const answered = await wait("items?since=0");
    await happen();
    expect((await answered()).status).toBe(status);
  });
});

describe("a request", () => {
  test("makes the session need its owner until it is answered; the first answer counts", async () => {
    const asked = await report("ask", ASKS);
    await fireAlarm(id);
    expect((await inDatabase(id)).row).toMatchObject({ needs_you: 1, agent_status: "waiting" });
    expect(await report("ask", ASKS), "asked again, as after a lost response").toBe(asked);

    expect(await answer(asked, "maybe")).toMatchObject({ outcome: "too-late" });
    expect(await answer(asked + 1, "yes")).toEqual({ outcome: "too-late" });
    const body = { state: "answered", option: "yes", by: "Ada" };
    expect(await answer(asked, "yes")).toMatchObject({ outcome: "answered", item: { body } });
    expect(await answer(asked, "no")).toMatchObject({ outcome: "too-late", item: { body } });
    expect(await itemsSince(asked)).toMatchObject([{ id: asked, body }]);
    await fireAlarm(id);
    expect((await inDatabase(id)).row).toMatchObject({ needs_you: 0, agent_status: "working" });

    const other = await report("ask", { ...ASKS, title: "Push it?" });
    expect(other).not.toBe(asked);
    expect(await shown()).toMatchObject([{ body }, { id: other, body: { state: "open" } }]);
  });

  test("that was answered after an hour leaves its agent working, not silent", async () => {
    const asked = await report("ask", ASKS);
    vi.setSystemTime(NOW + 60 * MINUTE);
    await answer(asked, "yes");
    const conversation = await readConversation(env, id, userId, undefined);
    const agent = conversation.state === "ready" && conversation.agent;
    expect(agent && agentStatusAt(agent, Date.now())).toBe("working");
  });

  test.each([
    ["its agent is done", () => send({ status: "done" })],
    ["its agent has failed", () => send({ text: "I broke it", status: "failed" })],
    [
      "its agent asks something else",
      () => send({ key: "ask", item: { ...ASKS, title: "Else?" } }),
    ],
    ["its token is revoked", () => owner.post(`/session/${id}`, { intent: "revoke:1" })],
  ])("is not asked any more when %s", async (_, end) => {
    const asked = await report("ask", ASKS);
    await end();
    const [item] = await shown();
    expect(item).toMatchObject({ id: asked, body: { state: "expired" } });
    expect(await answer(asked, "yes")).toMatchObject({ outcome: "too-late" });
  });

  test("of another token goes on being asked", async () => {
    await report("ask", ASKS);
    await send({ status: "done" }, await connect("Reviewer"));
    expect(await shown()).toMatchObject([{ body: { state: "open" } }]);
  });

  test("may be answered for a day", async () => {
    const asked = await report("ask", ASKS);
    vi.setSystemTime(NOW + DAY);
    expect(await answer(asked, "yes")).toMatchObject({ outcome: "too-late" });
    await fireAlarm(id);
    expect(await shown()).toMatchObject([{ body: { state: "expired" } }]);
  });
});

/** Adds the second message as code does that knows no items. */
function sayByEarlierCode() {
  return runInDurableObject(sessionObject(env, id), (_, { storage }) => {
    storage.sql.exec(
      `INSERT INTO messages (role, author, text, created_at, client_key)
       VALUES ('user', 'Ada', 'By earlier code', 1, 'earlier')`,
    );
    storage.sql.exec("UPDATE state SET message_count = 2");
  });
}

test("messages that an earlier version has added are shown at once, and reading changes nothing", async () => {
  await say("First");
  const call = await report("a", { kind: "tool", title: "Read it" });
  await sayByEarlierCode();
  const before = await itemsStored();
  const page = await shown();
  expect(page).toMatchObject([{ id: 1 }, { id: call }, { id: 3, seq: 3, message: { id: 2 } }]);
  expect(await itemsStored()).toEqual(before);

  await report("a", { kind: "tool", status: "completed" });
  expect(await shown(), "as it was read, and then the change").toMatchObject([
    { id: 1 },
    { id: call, seq: 4, body: { status: "completed" } },
    page[2]!,
  ]);
});

function itemsStored() {
  return runInDurableObject(sessionObject(env, id), (_, { storage: { sql } }) => [
    sql.exec("SELECT * FROM items").toArray(),
    sql.exec("SELECT * FROM state").toArray(),
  ]);
}

test("messages that an earlier version has added get their places before the next item", async () => {
  await say("First");
  await sayByEarlierCode();
  await report("a", { kind: "notice", severity: "info", text: "Started" });
  await say("Third");
  expect(await shown()).toMatchObject([
    { id: 1, message: { id: 1 } },
    { id: 2, message: { id: 2 } },
    { id: 3, body: { kind: "notice" } },
    { id: 4, message: { id: 3 } },
  ]);
});

const DEEP = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`) as unknown;

test.each<[string, unknown, string]>([
  ["is unknown", { kind: "poem", text: "a" }, "An item’s kind is one of"],
  ["has no kind", { text: "a" }, "An item’s kind is one of"],
  ["is a list", [], "An item"],
  ["is a text", "tool", "An item"],
  ["is deep", DEEP, "An item"],
  ["has a number for a text", { kind: "thought", text: 7 }, "A thought’s text is text."],
  ["has a long title", { kind: "tool", title: "x".repeat(301) }, "at most 300 characters"],
  ["has an unknown status", { kind: "tool", status: "lost" }, "A tool’s status is one of"],
  ["asks without options", { ...ASKS, options: [] }, "at least one option"],
  ["has an option twice", { ...ASKS, options: [ASKS.options[0], ASKS.options[0]] }, "an id of its"],
  ["has too many options", { ...ASKS, options: Array(11).fill(ASKS.options[0]) }, "at most 10"],
  [
    "links to a script",
    {
      ...{ kind: "changes", branch: "a", base: "b", files: [], patch: "" },
      ...{ missing: { files: 0, lines: 0 }, pullRequest: "javascript:alert(1)" },
    },
    "begins with https://",
  ],
])("an item that %s is refused, and nothing is stored", async (_, item, told) => {
  await settle(id);
  const before = { ...(await inStorage(id)), tables: undefined };
  const answered = await send({ key: "a", item });
  expect(answered.status).toBe(400);
  expect((await answered.json<{ error: string }>()).error).toContain(told);
  expect({ ...(await inStorage(id)), tables: undefined }).toEqual(before);
});

test.each([
  ["with a text", { text: "Hello", item: { kind: "thought", text: "Hm" } }, 400],
  ["with a key of 201 characters", { key: "k".repeat(201), item: ASKS }, 400],
  ["of 300 KiB", { item: { kind: "thought", text: "x".repeat(300 * 1024) } }, 413],
])("a report of an item %s is refused", async (_, body, status) => {
  expect((await send(body)).status).toBe(status);
  expect(await shown()).toEqual([]);
});

test("nobody else answers, and nothing of a deleted session's items is left", async () => {
  const asked = await report("ask", ASKS);
  const eve = await new Browser().signIn();
  const stolen = await eve.post(`/session/${id}`, { intent: `answer:${asked}:yes` });
  expect(stolen.status).toBe(404);
  expect(await shown()).toMatchObject([{ body: { state: "open" } }]);

  await owner.post(`/dashboard/delete?id=${id}`, {});
  expect((await inStorage(id)).tables).toEqual([]);
});
