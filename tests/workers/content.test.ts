/** Hostile, large or old content: what happens to it on every input and output of a session. */
import { runInDurableObject } from "cloudflare:test";
import MarkdownIt from "markdown-it";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hashToken } from "../../app/platform/token.server";
import { MESSAGE_BYTES, SESSION_BYTES } from "../../app/sessions/protocol/budgets";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { readConversation } from "../../app/sessions/conversation/conversation.server";
import type { AgentMessage } from "../../app/sessions/protocol/live-messages";
import { SessionStorage } from "../../durable-objects/session/storage";
import { WORST } from "../../bench/worst.mjs";
import { ask, Browser, captureLog, ORIGIN } from "./app";
import {
  env,
  everything,
  freshMessage,
  inStorage,
  NOTHING_STORED,
  settle,
  stopClock,
} from "./support";

const NOW = stopClock();

let owner: Browser;
let userId: string;
let id: string;

beforeEach(async () => {
  captureLog();
  const name = `person-${crypto.randomUUID().slice(0, 8)}`;
  userId = `local:${name}`;
  owner = await new Browser().signIn(name);
  id = await owner.create();
});

afterEach(() => void vi.restoreAllMocks());

const TOO_MUCH = WORST["emphasis"];

describe("a message with too much formatting", () => {
  test("is shown as plain text with a word about it, whether a form or an agent has sent it", async () => {
    const token = await connect();
    expect((await send(TOO_MUCH)).status).toBe(302);
    expect((await report(token, { text: TOO_MUCH })).status).toBe(201);

    const page = await sessionPage();
    expect(page.match(/>Shown as plain text: too much formatting to display\.</g)).toHaveLength(2);
    expect(page.split(`>${TOO_MUCH}</p>`)).toHaveLength(3);
  });

  test("is exported, and read by agents, as it was written", async () => {
    const token = await connect();
    await send(TOO_MUCH);

    const exported = await (await owner.get(`/session/${id}/export`)).json<Texts>();
    const read = await messagesFor(token);
    expect(exported.messages.map(({ text }) => text)).toEqual([TOO_MUCH]);
    expect(read.map(({ text }) => text)).toEqual([TOO_MUCH]);
  });
});

describe("a page", () => {
  test.each(["empty cells, and characters that are escaped", "ampersands"] as const)(
    "of thirty of the worst messages has less than 2 MB of HTML: %s",
    async (worst) => {
      for (let count = 1; count <= 30; count++) await say(WORST[worst]);
      const page = await sessionPage();
      expect(page.length).toBeGreaterThan(300_000);
      expect(new TextEncoder().encode(page).length).toBeLessThan(2_000_000);
    },
  );

  test("shows fewer messages if they are large, and “Load earlier” continues without a gap", async () => {
    const texts = ["a", "&".repeat(MESSAGE_BYTES), "b", "<".repeat(MESSAGE_BYTES), "c", "d"];
    for (const text of texts) await say(text);

    const pages: number[][] = [];
    for (let before: number | undefined; before !== 1; before = pages.at(-1)![0]) {
      const conversation = await readConversation(env, id, userId, before);
      if (conversation.state !== "ready") throw new Error(conversation.state);
      pages.push(conversation.items.map((item) => item.id));
    }

    expect(pages).toEqual([
      [3, 4, 5, 6],
      [1, 2],
    ]);
    expect(await sessionPage()).toContain('href="/session/' + id + '?before=3"');
  });

  test("shows one message, whatever its size", async () => {
    await say("\u0001".repeat(MESSAGE_BYTES));
    await say("\u0001".repeat(MESSAGE_BYTES));
    expect(await readConversation(env, id, userId, undefined)).toMatchObject({
      items: [{ id: 2 }],
    });
  });
});

describe("an agent’s batch", () => {
  test("is a hundred messages or a megabyte of them, and the next one goes on", async () => {
    const token = await connect();
    for (let count = 1; count <= 70; count++) await say("x".repeat(MESSAGE_BYTES));

    const ids = async (after: number) =>
      (await messagesFor(token, `?after=${after}`)).map((message) => message.id);
    expect(await ids(0)).toEqual(range(1, 32));
    expect(await ids(32)).toEqual(range(33, 64));
    expect(await ids(64)).toEqual(range(65, 70));
    const exported = await (await owner.get(`/session/${id}/export`)).json<Texts>();
    expect(exported.messages.map((message) => message.id)).toEqual(range(1, 70));
  });
});

describe("a message is parsed", () => {
  test("once, when it is written, however often it is shown", async () => {
    const parse = vi.spyOn(MarkdownIt.prototype, "parse");
    await send("*Once*");
    expect(parse).toHaveBeenCalledTimes(1);

    await sessionPage();
    await sessionPage();
    await listen();
    await settle(id);

    expect(parse).toHaveBeenCalledTimes(1);
  });

  test("not again where it is sent again", async () => {
    const key = crypto.randomUUID();
    await send("*Once*", key);
    const parse = vi.spyOn(MarkdownIt.prototype, "parse");
    await send("*Once*", key);
    expect(parse).not.toHaveBeenCalled();
  });

  test.each([
    ["never was", "UPDATE messages SET tree = NULL, tree_version = 0"],
    ["was by another version of the parser", "UPDATE messages SET tree = '[]', tree_version = 99"],
  ])("when it is first shown where it %s, and its tree is kept", async (_, age) => {
    await say("*Old*");
    const stored = await everything(id);
    await inObject((sql) => sql.exec(age));
    const parse = vi.spyOn(MarkdownIt.prototype, "parse");

    for (let views = 1; views <= 3; views++) expect(await sessionPage()).toContain("<em>Old</em>");

    expect(parse).toHaveBeenCalledTimes(1);
    expect(await everything(id)).toEqual(stored);
  });

  test("a page at a time at the most", async () => {
    for (let count = 1; count <= 100; count++) await say("*Old*");
    await inObject((sql) => sql.exec("UPDATE messages SET tree_version = 0"));
    const parse = vi.spyOn(MarkdownIt.prototype, "parse");

    await listen("?after=0");
    expect(parse).not.toHaveBeenCalled();
    await sessionPage();
    expect(parse).toHaveBeenCalledTimes(30);
  });
});

describe("a full session", () => {
  let token: string;
  const key = crypto.randomUUID();

  beforeEach(async () => {
    token = await connect();
    await send("Before", key);
    await report(token, { text: "Before", key: "before" });
    await report(token, { status: "working", key: "status before" });
    vi.spyOn(SessionStorage.prototype, "isFull", "get").mockReturnValue(true);
  });

  test("refuses a message, says so, and keeps what was typed", async () => {
    const before = await everything(id);

    const answer = await send("One more");

    expect(answer.status).toBe(507);
    const page = await answer.text();
    expect(page).toMatch(/role="alert"[^>]*>This session is full, so the message was not sent\./);
    expect(page).toMatch(/<textarea[^>]*>\n?One more<\/textarea>/);
    expect(await everything(id)).toEqual(before);
  });

  test.each<Record<string, string>>([{ text: "One more" }, { status: "done" }])(
    "takes no report: %j",
    async (fields) => {
      const { state, messages } = await inStorage(id);

      const answer = await report(token, fields);

      expect(answer.status).toBe(507);
      expect(await answer.json()).toEqual({
        error: "This session is full. Report into a new one.",
      });
      const after = await inStorage(id);
      expect(after).toMatchObject({ state, messages });
    },
  );

  test("says of what was sent before that it is kept", async () => {
    expect((await send("Before", key)).status).toBe(302);
    const answers = [
      await report(token, { text: "Before", key: "before" }),
      await report(token, { status: "working", key: "status before" }),
    ];
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([
      { message: 2 },
      { message: null },
    ]);
  });

  test("can be read, archived and deleted", async () => {
    expect(await messagesFor(token)).toHaveLength(2);
    expect((await owner.post(`/session/${id}`, { intent: `archive:${id}` })).status).toBe(302);
    await owner.post(`/dashboard/delete?id=${id}`, {});
    expect(await everything(id)).toMatchObject({ row: undefined, ...NOTHING_STORED });
  });
});

test("a session is full when its storage holds as much as it may", async () => {
  const used = () => inObject(({ databaseSize }) => databaseSize);
  const before = await used();
  for (let count = 1; count <= 10; count++) await say("x".repeat(MESSAGE_BYTES));
  // The text and its tree, and little else.
  expect((await used()) - before).toBeGreaterThan(20 * MESSAGE_BYTES);
  expect((await used()) - before).toBeLessThan(22 * MESSAGE_BYTES);

  const isFull = (databaseSize: number) =>
    new SessionStorage({ sql: { databaseSize } } as DurableObjectStorage).isFull;
  expect(isFull(SESSION_BYTES - 1)).toBe(false);
  expect(isFull(SESSION_BYTES)).toBe(true);
});

describe("what the owner sends", () => {
  test("is at most 120 messages in a minute; one more is refused, and what was typed stays", async () => {
    const token = await connect();
    for (let count = 1; count <= 120; count++) {
      vi.setSystemTime(NOW + count * 100);
      await say(`${count}`);
    }
    const before = await everything(id);

    const answer = await send("One more");

    expect(answer.status).toBe(429);
    // The minute began with the first of them, 11.9 seconds ago.
    expect(answer.headers.get("Retry-After")).toBe("49");
    const page = await answer.text();
    expect(page).toMatch(
      /role="alert"[^>]*>You have sent many messages within a minute\. This one was not sent; send it again in 49 seconds\./,
    );
    expect(page).toMatch(/<textarea[^>]*>\n?One more<\/textarea>/);
    expect(await everything(id)).toEqual(before);
    expect((await report(token, { text: "An agent’s own" })).status).toBe(201);

    vi.setSystemTime(NOW + 100 + 60_000);
    expect((await send("One more")).status).toBe(302);
  });

  test("is not counted twice where it is sent again", async () => {
    const keys = Array.from({ length: 120 }, () => crypto.randomUUID() as string);
    for (const key of keys) await say("Hi", key);
    for (const key of keys) await say("Hi", key);
    expect((await send("Hi", keys[0])).status).toBe(302);
    expect((await inStorage(id)).messages).toHaveLength(120);
  });
});

test.each(["an agent’s requests", "the owner’s messages"])(
  "%s are not refused because the clock has gone back",
  async (whose) => {
    const token = await connect();
    const send120 = async () => {
      for (let count = 1; count <= 120; count++) {
        if (whose === "the owner’s messages") await say("Hi");
        else await sessionObject(env, id).report(await hashToken(token), reportOf("working"));
      }
    };
    vi.setSystemTime(NOW + 24 * 60 * 60_000);
    await send120();
    vi.setSystemTime(NOW);
    const answer =
      whose === "the owner’s messages" ? await send("Hi") : await report(token, { text: "Hi" });
    expect(answer.ok || answer.status === 302).toBe(true);
  },
);

interface Texts {
  messages: { id: number; text: string }[];
}

function reportOf(status: "working") {
  return { text: undefined, status, key: crypto.randomUUID() };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Sends a message with the form. */
function send(text: string, key: string = crypto.randomUUID()): Promise<Response> {
  return owner.post(`/session/${id}`, { intent: "send", key, text });
}

function say(text: string, client_key: string = crypto.randomUUID()) {
  return sessionObject(env, id).append(userId, { ...freshMessage(text), client_key });
}

async function sessionPage(): Promise<string> {
  return (await owner.get(`/session/${id}`)).text();
}

/** Creates a token with the session's form. */
async function connect(): Promise<string> {
  const form = { intent: "connect", key: crypto.randomUUID() as string, name: "Builder" };
  const page = await (await owner.post(`/session/${id}`, form)).text();
  return /ship_[0-9a-f]{64}/.exec(page)?.[0] ?? "";
}

function byToken(token: string, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}` };
  return ask(new Request(ORIGIN + path, { ...init, headers }));
}

function report(token: string, fields: Record<string, string>): Promise<Response> {
  return byToken(token, `/session/${id}`, { method: "POST", body: new URLSearchParams(fields) });
}

async function messagesFor(token: string, query = ""): Promise<AgentMessage[]> {
  const answer = await byToken(token, `/session/${id}/messages${query}`);
  return (await answer.json<{ messages: AgentMessage[] }>()).messages;
}

/** Opens the live socket of a page. */
async function listen(query = ""): Promise<void> {
  const headers = { Origin: ORIGIN, Upgrade: "websocket" };
  const { webSocket } = await owner.get(`/session/${id}/live${query}`, { headers });
  webSocket?.accept();
}

function inObject<Result>(run: (sql: SqlStorage) => Result): Promise<Result> {
  return runInDurableObject(sessionObject(env, id), (_, { storage }) => run(storage.sql));
}
