/** Live sockets, through the whole app: who may open one, what is sent over it, and what closes it. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import { hashToken } from "../../app/platform/token.server";
import { listenerOf, openSocket } from "../../app/platform/http/socket.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { CLOSED } from "../../app/sessions/protocol/live-messages";
import type { ReportedStatus } from "../../app/sessions/protocol/session";
import { appEnv, ask, Browser, captureLog, everythingStored, ORIGIN } from "./app";
import { storedBy } from "./bulk-support";
import { LiveSocket, watched } from "./live-support";
import {
  env,
  faultyDatabase,
  faultyEnv,
  faultyPerson,
  fireAlarm,
  freshMessage,
  inDatabase,
  inStorage,
  newRowWithoutObject,
  NOTHING_STORED,
  refused,
  stalled,
  stopClock,
  withEnvOf,
  withObjectEnv,
} from "./support";

const NOW = stopClock();
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

let owner: Browser;
let name: string;
let userId: string;
let id: string;

beforeEach(async () => {
  captureLog();
  name = `person-${crypto.randomUUID().slice(0, 8)}`;
  userId = `local:${name}`;
  owner = await new Browser().signIn(name);
  id = await owner.create();
});

describe("a live socket", () => {
  test.each<[string, number, () => Promise<Response>]>([
    [
      "from a page of another origin",
      403,
      () => openLive(owner, "", { Origin: "https://evil.example" }),
    ],
    ["from no page", 403, () => openLive(owner, "", { Origin: "null" })],
    [
      "with a revoked token",
      401,
      async () => {
        const token = await connect();
        await owner.post(`/session/${id}`, { intent: "revoke:1" });
        return openLiveAsAgent(token);
      },
    ],
    [
      "by a token, after what is no message",
      400,
      async () => openLiveAsAgent(await connect(), "?after=x"),
    ],
    ["by a plain request", 426, () => owner.get(`/session/${id}/live`)],
    ["by a plain request of nobody's", 302, () => new Browser().get(`/session/${id}/live`)],
    [
      "by a token's plain request",
      426,
      async () => {
        const headers = { Authorization: `Bearer ${await connect()}` };
        return ask(new Request(`${ORIGIN}/session/${id}/live`, { headers }));
      },
    ],
    [
      "while the person's object cannot be reached, so that a page tries again",
      503,
      () => withObjectEnv(id, faultyPerson({ watch: refused }), () => openLive(owner)),
    ],
  ])("%s is refused", async (_, status, open) => {
    const answer = await open();
    expect(answer.status).toBe(status);
    expect(answer.webSocket).toBeNull();
  });

  test.each<[string, { code: number; reason: string }, () => Promise<Response>]>([
    ["without cookie or token", CLOSED.signedOut, () => openLive(new Browser())],
    [
      "with the cookie of one who signed out",
      CLOSED.signedOut,
      async () => {
        const copy = copyOf(owner);
        await owner.post("/logout", {});
        return openLive(copy);
      },
    ],
    ["by another person", CLOSED.notFound, async () => openLive(await new Browser().signIn())],
    [
      "to a session that does not exist",
      CLOSED.notFound,
      () => {
        id = crypto.randomUUID();
        return openLive(owner);
      },
    ],
    [
      "to what is no session",
      CLOSED.notFound,
      () => {
        id = "no-uuid";
        return openLive(owner);
      },
    ],
    [
      "to a session that was deleted",
      CLOSED.deleted,
      async () => {
        await owner.post(`/dashboard/delete?id=${id}`, {});
        return openLive(owner);
      },
    ],
    [
      "by another person, to a session that was deleted",
      CLOSED.notFound,
      async () => {
        await owner.post(`/dashboard/delete?id=${id}`, {});
        return openLive(await new Browser().signIn());
      },
    ],
    [
      "to a session that is being deleted",
      CLOSED.deleted,
      async () => {
        await sessionObject(env, id).prepare(userId);
        return openLive(owner);
      },
    ],
    ["after what is no message", CLOSED.damaged, () => openLive(owner, "?since=x")],
    [
      "to the list of one who signed out",
      CLOSED.signedOut,
      async () => {
        const copy = copyOf(owner);
        await owner.post("/logout", {});
        const headers = { Origin: ORIGIN, Upgrade: "websocket" };
        return copy.get("/dashboard/live", { headers });
      },
    ],
  ])("of a page, %s, is closed with the reason and receives nothing", async (_, closed, open) => {
    const socket = new LiveSocket(await open());
    expect(await socket.heard()).toEqual([]);
    expect(await socket.closed).toEqual(closed);
  });

  test("that is refused leaves nothing stored", async () => {
    const stranger = await new Browser().signIn("stranger");
    const before = await everythingStored();
    await openLive(stranger);
    await openLive(owner, "", { Origin: "https://evil.example" });
    expect(await everythingStored()).toEqual(before);
    expect(await watched("local:stranger")).toEqual([]);
    expect(await watched(userId)).toEqual([]);
  });

  test("to a session without stored state creates nothing", async () => {
    const row = await newRowWithoutObject({ user_id: userId });
    id = row.id;
    const page = await Socket.page(owner);
    expect(await page.heard()).toEqual([]);
    expect(await page.closed).toEqual(CLOSED.notFound);
    expect(await inStorage(id)).toEqual(NOTHING_STORED);
  });

  test("is opened by a request whose URL, which is logged, does not name the listener", async () => {
    const asked: Request[] = [];
    const object: Pick<DurableObjectStub, "fetch"> = {
      fetch(url, init) {
        asked.push(new Request(url, init));
        return Promise.resolve(new Response());
      },
    };
    const request = new Request(ORIGIN, { headers: { Upgrade: "websocket" } });
    const listener = { user: userId, signIn: "f".repeat(64) };
    await openSocket(request, () => object, listener);
    expect(asked.map(({ url }) => url)).toEqual(["https://object/live"]);
    expect(Object.fromEntries(listenerOf(asked[0]!))).toEqual(listener);
  });

  test("receives messages and reports as they happen", async () => {
    const page = await Socket.page(owner);
    const token = await connect();
    const agent = await Socket.agent(token);

    await say("*Hello*");
    await report(token, { status: "working" });
    await report(token, { text: "Hi", status: "waiting" });

    const working = { status: "working", at: NOW };
    const waiting = { status: "waiting", at: NOW };
    expect(await page.heard()).toMatchObject([
      { type: "items", items: [], agent: null },
      {
        type: "items",
        items: [{ id: 1, seq: 1, message: { id: 1, content: [{ p: [{ em: ["Hello"] }] }] } }],
        agent: null,
      },
      { type: "agent", agent: working },
      { type: "items", items: [{ message: { id: 2, role: "agent" } }], agent: waiting },
    ]);
    expect(await agent.heard()).toEqual([
      { type: "messages", messages: [] },
      {
        type: "messages",
        messages: [{ id: 1, role: "user", author: "Ada", text: "*Hello*", created_at: NOW }],
      },
      {
        type: "messages",
        messages: [{ id: 2, role: "agent", author: "Builder", text: "Hi", created_at: NOW }],
      },
    ]);
  });

  test("begins with the messages after the last one seen, each once", async () => {
    const token = await connect();
    for (let count = 1; count <= 35; count++) await say(`${count}`);

    const page = await Socket.page(owner, "?since=5");
    const agent = await Socket.agent(token, "?after=3");
    const upToDate = await Socket.page(owner, "?since=35");
    const fresh = await Socket.agent(token);
    await say("36");

    expect(await page.ids()).toEqual(range(6, 36));
    expect(await agent.ids()).toEqual(range(4, 36));
    expect(await upToDate.ids()).toEqual([36]);
    expect(await fresh.ids()).toEqual([36]);
  });

  test("tells a page to revalidate if it missed more than it shows", async () => {
    await sayMany(31);

    expect(await (await Socket.page(owner, "?since=0")).heard()).toEqual([{ type: "changed" }]);
    expect(await (await Socket.page(owner, "?since=1")).ids()).toEqual(range(2, 31));
  });

  test("tells a page to revalidate, too, if it missed few, but large messages", async () => {
    for (let count = 1; count <= 3; count++) await say("&".repeat(32 * 1024));

    expect(await (await Socket.page(owner, "?since=0")).heard()).toEqual([{ type: "changed" }]);
    expect(await (await Socket.page(owner, "?since=2")).ids()).toEqual([3]);
  });

  test("tells an agent to read first if it missed more than one read returns", async () => {
    const token = await connect();
    await sayMany(101);
    expect((await openLiveAsAgent(token, "?after=0")).status).toBe(409);
    expect(await (await Socket.agent(token, "?after=1")).ids()).toEqual(range(2, 101));

    for (let count = 1; count <= 33; count++) await say("x".repeat(32 * 1024));
    expect((await openLiveAsAgent(token, "?after=101")).status).toBe(409);
    expect(await (await Socket.agent(token, "?after=102")).ids()).toEqual(range(103, 134));
  });

  test("brings 100 messages that are sent at the same time in one order, each once, to everybody", async () => {
    const token = await connect();
    const pages = [await Socket.page(owner), await Socket.page(owner)];
    const sockets = [...pages, await Socket.agent(token)];

    await Promise.all(range(1, 100).map((number) => say(`${number}`)));

    for (const socket of sockets) expect(await socket.ids()).toEqual(range(1, 100));
    const { messages } = await inStorage(id);
    expect(messages.map((message) => message.id)).toEqual(range(1, 100));
    expect(new Set(messages.map(({ text }) => text)).size).toBe(100);
  });

  test("tells pages, not agents, of archiving, and of the status that the row then has", async () => {
    const page = await Socket.page(owner);
    const agent = await Socket.agent(await connect());
    vi.setSystemTime(NOW + 1_000);
    await owner.post("/dashboard", { intent: `archive:${id}` });
    vi.setSystemTime(NOW + 2_000);
    await say("Wake up");
    await fireAlarm(id);

    const heard = (await page.heard()).filter(({ type }) => type !== "needs-you");
    expect(heard.map(({ type }) => type)).toEqual(["items", "changed", "items", "row"]);
    expect(heard.at(-1)).toEqual({ type: "row", status: "active", heading: null });
    expect((await agent.heard()).map(({ type }) => type)).toEqual(["messages", "messages"]);
  });

  test("of a page receives nothing more after an hour; opened again, it has missed nothing", async () => {
    const page = await Socket.page(owner);
    const agent = await Socket.agent(await connect());
    vi.setSystemTime(NOW + HOUR - 1);
    const later = await Socket.page(owner);
    await say("Within the hour");
    vi.setSystemTime(NOW + HOUR);
    await say("After it");

    expect(await page.closed).toMatchObject({ code: 4010 });
    expect(await page.ids()).toEqual([1]);
    for (const socket of [later, agent]) expect(await socket.ids()).toEqual([1, 2]);
    expect(await (await Socket.page(owner, "?since=1")).ids()).toEqual([2]);
  });

  test("that sends anything but “ping” is closed", async () => {
    const page = await Socket.page(owner);
    const agent = await Socket.agent(await connect());
    const other = await Socket.page(owner);
    for (const socket of [page, agent]) {
      socket.say('{"type":"messages","messages":[]}');
      expect(await socket.closed).toEqual({
        code: 4008,
        reason: "Nothing but “ping” is expected here.",
      });
    }
    expect((await inStorage(id)).messages).toEqual([]);
    expect(await other.isOpen()).toBe(true);
  });
});

describe("what is open", () => {
  let here: Socket;
  let elsewhere: Socket;
  let agent: Socket;
  let otherAgent: Socket;

  beforeEach(async () => {
    here = await Socket.page(owner);
    elsewhere = await Socket.page(await new Browser().signIn(name));
    agent = await Socket.agent(await connect());
    otherAgent = await Socket.agent(await connect());
  });

  test("in a browser closes when that browser signs out, and nothing else does", async () => {
    await owner.post("/logout", {});
    expect(await here.closed).toEqual(CLOSED.signedOut);
    for (const socket of [elsewhere, agent, otherAgent]) expect(await socket.isOpen()).toBe(true);
  });

  test("in every browser closes when its person signs out everywhere, and agents stay", async () => {
    await owner.post("/account", { intent: "sign-out-everywhere" });
    expect(await here.closed).toEqual(CLOSED.signedOut);
    expect(await elsewhere.closed).toEqual(CLOSED.signedOut);
    for (const socket of [agent, otherAgent]) expect(await socket.isOpen()).toBe(true);
    await vi.waitFor(async () => expect(await watched(userId)).toEqual([]));
  });

  test("by a token closes when it is revoked, and nothing else does", async () => {
    await owner.post(`/session/${id}`, { intent: "revoke:1" });
    expect(await agent.closed).toEqual(CLOSED.revoked);
    for (const socket of [here, elsewhere, otherAgent]) expect(await socket.isOpen()).toBe(true);
  });

  test("by a token closes once it was not used for 90 days, at the object's next alarm", async () => {
    const token = await connect();
    const used = await Socket.agent(token);
    vi.setSystemTime(NOW + 90 * DAY - 1);
    await report(token, { status: "working" });
    vi.setSystemTime(NOW + 90 * DAY);
    await fireAlarm(id);
    for (const socket of [agent, otherAgent]) expect(await socket.closed).toEqual(CLOSED.revoked);
    expect(await used.isOpen()).toBe(true);
  });

  test("closes when the session is deleted, of which then nothing is stored", async () => {
    await owner.post(`/dashboard/delete?id=${id}`, {});
    for (const socket of [here, elsewhere, agent, otherAgent]) {
      expect(await socket.closed).toEqual(CLOSED.deleted);
    }
    expect(await inStorage(id)).toEqual(NOTHING_STORED);
    await vi.waitFor(async () => expect(await watched(userId)).toEqual([]));
  });

  test("stays open when another person signs out, or another session is deleted", async () => {
    await (await new Browser().signIn()).post("/logout", {});
    vi.setSystemTime(NOW + 1_000);
    await owner.post(`/dashboard/delete?id=${await owner.create()}`, {});
    for (const socket of [here, elsewhere, agent, otherAgent])
      expect(await socket.isOpen()).toBe(true);
  });
});

describe("the person's object", () => {
  test("remembers a session while a page of it is open, and nothing after the last one", async () => {
    const pages = [await Socket.page(owner), await Socket.page(owner)];
    expect(await watched(userId)).toEqual([id]);

    pages[0]?.close();
    await vi.waitFor(async () => expect(await openSockets()).toBe(1));
    expect(await watched(userId)).toEqual([id]);

    pages[1]?.close();
    await vi.waitFor(async () => expect(await watched(userId)).toEqual([]));
    expect((await storedBy(userId)).tables).toEqual([]);
  });

  test("remembers a session whose last page closes while another one of it is being opened", async () => {
    const before = await Socket.page(owner);
    const { fault, reached, land } = stalled("way back");
    let isReached = false;
    void reached.then(() => (isReached = true));
    const page = await withObjectEnv(id, faultyPerson({ watch: fault }), async () => {
      const opening = Socket.page(owner);
      // Not awaited, because the code after it would then run in the object's context.
      await vi.waitFor(() => expect(isReached).toBe(true));
      before.close();
      await vi.waitFor(async () => expect(await openSockets()).toBe(0));
      land();
      return opening;
    });

    expect(await page.isOpen()).toBe(true);
    expect(await watched(userId)).toEqual([id]);
    await owner.post("/logout", {});
    expect(await page.closed).toMatchObject({ code: 4001 });
  });

  test("closes a page that is just being opened while its browser signs out", async () => {
    const { fault, reached, land } = stalled("way back");
    const steps: string[] = [];
    void reached.then(() => steps.push("opening"));
    const { SESSION_DO } = faultyEnv({
      signedOut: (call) => {
        steps.push("told");
        return call();
      },
    });
    const person = () => personObject(env, userId);
    const page = await withObjectEnv(id, faultyPerson({ watch: fault }), () =>
      withEnvOf(person, { SESSION_DO }, async () => {
        const opening = Socket.page(copyOf(owner));
        await vi.waitFor(() => expect(steps).toEqual(["opening"]));
        const signingOut = owner.post("/logout", {});
        await vi.waitFor(() => expect(steps).toEqual(["opening", "told"]));
        await sessionObject(env, id).snapshot(userId);
        land();
        await signingOut;
        return opening;
      }),
    );
    expect(await page.closed).toMatchObject({ code: 4001 });
  });

  test("forgets a deleted session as soon as it would notify it", async () => {
    const gone = await newRowWithoutObject({ user_id: userId });
    await personObject(env, userId).watch(userId, gone.id, "sign-in");
    await owner.post("/dashboard", { intent: `archive:${gone.id}` });
    expect(await watched(userId)).toEqual([]);
  });

  test("refuses a socket to a browser that signed out a moment ago", async () => {
    const signIn = "f".repeat(64);
    await personObject(env, userId).finishSignOut(userId);
    const request = new Request(ORIGIN, { headers: { Upgrade: "websocket" } });
    for (const object of [sessionObject(env, id), personObject(env, userId)]) {
      const answer = await openSocket(request, () => object, { user: userId, signIn, after: "0" });
      expect(answer.status).toBe(401);
    }
    expect(await watched(userId)).toEqual([]);
  });
});

// The only test that waits for long: there is no helper that evicts an object, but ten seconds of idleness do.
test(
  "a socket outlives its object, which is evicted after ten idle seconds",
  { timeout: 30_000 },
  async () => {
    const token = await connect();
    const page = await Socket.page(owner);
    const agent = await Socket.agent(token);
    await mark();
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect(await isMarked(), "the object is still the same one").toBe(false);

    await say("Good morning");

    expect(await page.ids()).toEqual([1]);
    expect(await agent.ids()).toEqual([1]);
    await owner.post("/logout", {});
    expect(await page.closed).toMatchObject({ code: 4001 });
    await owner.signIn(name);
    await owner.post(`/session/${id}`, { intent: "revoke:1" });
    expect(await agent.closed).toMatchObject({ code: 4003 });
  },
);

test("however many messages are sent in half a minute, the row is written once in ten seconds, for all of them", async () => {
  const hash = await hashToken(await connect());
  await fireAlarm(id);
  const writes: number[] = [];
  const rows: number[][] = [];
  const counted = faultyDatabase((batch) => {
    writes.push(Date.now());
    return batch();
  });
  await withObjectEnv(id, { DB: counted }, async () => {
    for (let at = NOW; at <= NOW + 30_000; at += 1_000) {
      vi.setSystemTime(at);
      await say("More");
      await sessionObject(env, id).report(hash, {
        text: "Much more",
        status: "working",
        key: `${at}`,
      });
      if (((await inStorage(id)).alarm ?? Infinity) <= at) await fireAlarm(id);
      const { row } = await inDatabase(id);
      rows.push([row!.message_count, row!.last_activity, row!.agent_at ?? 0, row!.agent_message]);
    }
  });

  // The first status two seconds after the alarm before; then ten seconds after the first thing that the row does not have.
  expect(writes.map((at) => at - NOW)).toEqual([2_000, 13_000, 24_000]);
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1] ?? row;
    for (const [column, value] of row.entries())
      expect(value).toBeGreaterThanOrEqual(before[column] ?? 0);
  }
  const { state } = await inStorage(id);
  await fireAlarm(id);
  expect((await inDatabase(id)).row).toMatchObject({
    message_count: state!.message_count,
    last_activity: state!.last_activity,
    agent_status: "working",
    agent_at: state!.agent_at,
    agent_message: state!.agent_message,
  });
});

test("a change of an agent's status is written at once, those of the next two seconds together at their end", async () => {
  const hash = await hashToken(await connect());
  await fireAlarm(id);
  const list = await openList();
  const page = await Socket.page(owner);
  const numbers = async () => (await page.heard()).filter(({ type }) => type === "needs-you");
  const report = async (status: ReportedStatus, at: number) => {
    vi.setSystemTime(at);
    await sessionObject(env, id).report(hash, { text: undefined, status, key: `${status} ${at}` });
    return (await inStorage(id)).alarm;
  };
  const written = async (at: number) => {
    vi.setSystemTime(at);
    await fireAlarm(id);
    return (await inDatabase(id)).row?.agent_status;
  };
  const quiet = NOW + 60_000;

  expect(await report("waiting", quiet)).toBe(quiet);
  expect(await written(quiet)).toBe("waiting");
  const told = { count: 1, at: quiet };
  expect(await list.heard()).toEqual([{ type: "changed", sessions: [id], needsYou: told }]);
  expect(await numbers()).toEqual([{ type: "needs-you", ...told }]);

  expect(await report("working", quiet + 500)).toBe(quiet + 2_000);
  expect(await report("done", quiet + 1_500)).toBe(quiet + 2_000);
  expect(await written(quiet + 2_000)).toBe("done");

  // The same status again is no change, and waits as a message does.
  expect(await report("done", quiet + 3_000)).toBe(quiet + 13_000);
  expect(await report("failed", quiet + 5_000)).toBe(quiet + 5_000);
  expect(await written(quiet + 5_000)).toBe("failed");
  // Pages learn how many sessions need the owner whenever that changes, and not otherwise.
  expect((await numbers()).slice(1)).toEqual([
    { type: "needs-you", count: 0, at: quiet + 2_000 },
    { type: "needs-you", count: 1, at: quiet + 5_000 },
  ]);
});

async function openList(): Promise<LiveSocket> {
  const headers = { Upgrade: "websocket", Origin: ORIGIN };
  return new LiveSocket(await owner.get("/dashboard/live", { headers }));
}

/** A live socket of the session. */
class Socket extends LiveSocket {
  static async page(browser: Browser, query = "") {
    return new Socket(await openLive(browser, query));
  }

  static async agent(token: string, query = "") {
    return new Socket(await openLiveAsAgent(token, query));
  }
}

function openLive(browser: Browser, query = "", headers: Record<string, string> = {}) {
  return browser.get(`/session/${id}/live${query}`, {
    headers: { Origin: ORIGIN, Upgrade: "websocket", ...headers },
  });
}

function openLiveAsAgent(token: string, query = "") {
  const headers = { Authorization: `Bearer ${token}`, Upgrade: "websocket" };
  return ask(new Request(`${ORIGIN}/session/${id}/live${query}`, { headers }));
}

/** Creates a token with the session's form. */
async function connect(): Promise<string> {
  const form = { intent: "connect", key: crypto.randomUUID() as string, name: "Builder" };
  const page = await (await owner.post(`/session/${id}`, form)).text();
  return /ship_[0-9a-f]{64}/.exec(page)?.[0] ?? "";
}

function report(token: string, fields: Record<string, string>) {
  const headers = { Authorization: `Bearer ${token}` };
  const body = new URLSearchParams(fields);
  return ask(new Request(`${ORIGIN}/session/${id}`, { method: "POST", headers, body }));
}

function say(text: string) {
  return sessionObject(env, id).append(userId, freshMessage(text));
}

/** Sends this many messages, within the limit for a minute each time. */
async function sayMany(count: number) {
  for (let said = 0; said < count; said += 100) {
    const numbers = range(said + 1, Math.min(said + 100, count));
    await Promise.all(numbers.map((number) => say(`${number}`)));
    vi.setSystemTime(Date.now() + 60_000);
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** @returns a browser with the same cookies */
function copyOf(browser: Browser): Browser {
  const copy = new Browser(appEnv);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return copy;
}

/** @returns how many sockets the session's object has */
function openSockets(): Promise<number> {
  return runInDurableObject(sessionObject(env, id), (_, ctx) => ctx.getWebSockets().length);
}

/** Sets a mark in the object's memory, which disappears when the object is evicted. */
async function mark() {
  await runInDurableObject(
    sessionObject(env, id),
    (object) => void Object.assign(object, { marked: 1 }),
  );
}

function isMarked(): Promise<boolean> {
  return runInDurableObject(sessionObject(env, id), (object) => "marked" in object);
}
