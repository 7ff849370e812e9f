/** Agents, through the whole app: how they get a token, what they can do with it, and what they cannot. */
import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { hashToken } from "../../app/platform/token.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appEnv, ask, Browser, captureLog, everythingStored, ORIGIN } from "./app";
import { env, freshMessage, inDatabase, inStorage, settle, stopClock } from "./support";

const NOW = stopClock();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let owner: Browser;
let id: string;
let token: string;

beforeEach(async () => {
  captureLog();
  owner = await new Browser().signIn();
  id = await owner.create();
  token = await connect();
});

describe("a token", () => {
  test("is shown once, and kept by its hash only", async () => {
    expect(token).toMatch(/^ship_[0-9a-f]{64}$/);
    expect(await sessionPage()).not.toContain(token);
    const stored = JSON.stringify(await everythingStored());
    expect(stored).not.toContain(token);
    expect(stored).toContain(await hashToken(token));
  });

  test("has a name and a time of its last use, beside others of the same session", async () => {
    const other = await connect("Reviewer");
    vi.setSystemTime(NOW + MINUTE);
    await report({ status: "working" }, other);

    expect(await tokens()).toEqual([
      { id: 1, name: "Builder", created_at: NOW, used_at: null },
      { id: 2, name: "Reviewer", created_at: NOW, used_at: NOW + MINUTE },
    ]);
    const page = await sessionPage();
    expect(page).toMatch(/Builder<.*?never used/s);
    expect(page).toMatch(/Reviewer<.*?last used/s);
  });

  test("whose form is sent twice is one token, which works as it was shown last", async () => {
    const key = crypto.randomUUID();
    const first = await connect("Twice", key);
    const second = await connect("Twice", key);

    expect((await tokens()).map(({ name }) => name)).toEqual(["Builder", "Twice"]);
    expect(await statusOf(report({ status: "done" }, first))).toBe(401);
    expect(await statusOf(report({ status: "done" }, second))).toBe(201);
  });

  test.each([
    ["that is used", "Builder", true],
    ["of another name", "Reviewer", false],
    ["of another name that is used", "Reviewer", true],
  ])("%s is not replaced by its form, which is given a fresh key", async (_, name, used) => {
    const key = crypto.randomUUID();
    const first = await connect("Builder", key);
    if (used) await report({ status: "working" }, first);
    const before = await everythingStored();

    const answer = await sendConnect(name, key);

    expect(answer.status).toBe(409);
    const page = await answer.text();
    expect(page).toContain("This form has already made a token. Send it again to make another.");
    expect(page).not.toContain(key);
    expect(page).not.toContain("ship_");
    expect(await everythingStored()).toEqual(before);
    expect(await statusOf(report({ status: "done" }, first))).toBe(201);
  });

  test("is refused where a session has 20, until one of them is revoked", async () => {
    const key = crypto.randomUUID();
    for (let count = 2; count < 20; count++) await connect();
    await connect("The twentieth", key);
    await connect("The twentieth", key);

    const refused = await sendConnect("One more");
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("as many tokens as it may have");
    expect(await tokens()).toHaveLength(20);

    await owner.post(`/session/${id}`, { intent: "revoke:1" });
    expect((await sendConnect("One more")).status).toBe(200);
  });

  test.each(["", "   ", "x".repeat(61)])("needs a name, not %j", async (name) => {
    expect((await sendConnect(name)).status).toBe(400);
    expect(await tokens()).toHaveLength(1);
  });

  test("that is revoked works no longer, and the others do", async () => {
    const other = await connect();
    await owner.post(`/session/${id}`, { intent: "revoke:1" });

    expect(await statusOf(report({ status: "done" }))).toBe(401);
    expect(await statusOf(read())).toBe(401);
    expect(await statusOf(report({ status: "done" }, other))).toBe(201);
    expect((await tokens()).map(({ id }) => id)).toEqual([2]);
  });

  test("ends once it was not used for 90 days, and one that is used goes on", async () => {
    const used = await connect("Reviewer");
    vi.setSystemTime(NOW + 90 * DAY - 1);
    expect(await statusOf(report({ status: "working" }, used))).toBe(201);
    expect(await tokens()).toHaveLength(2);

    vi.setSystemTime(NOW + 90 * DAY);
    for (const answer of [report({ text: "Hi" }), read()]) expect(await statusOf(answer)).toBe(401);
    expect((await tokens()).map(({ name }) => name)).toEqual(["Reviewer"]);
    vi.setSystemTime(NOW + 180 * DAY - 2);
    expect(await statusOf(report({ status: "done" }, used))).toBe(201);
  });

  test("that has ended makes room for another one", async () => {
    for (let count = 2; count <= 20; count++) await connect();
    vi.setSystemTime(NOW + 90 * DAY);
    const { user_id } = (await inStorage(id)).state!;
    const made = await sessionObject(env, id).connectAgent(
      user_id,
      "One more",
      crypto.randomUUID(),
    );
    expect(made).toEqual({ state: "ready", token: expect.stringMatching(/^ship_/) as string });
    expect((await tokens()).map(({ name }) => name)).toEqual(["One more"]);
  });

  test("never gets the number of a revoked one", async () => {
    await owner.post(`/session/${id}`, { intent: "revoke:1" });
    await connect();
    expect((await tokens()).map(({ id }) => id)).toEqual([2]);
  });
});

describe("a report", () => {
  test.each<[string, RequestInit]>([
    ["a form", { body: new URLSearchParams({ text: "100% *done*", status: "done", key: "1" }) }],
    ["a multipart form", { body: multipart({ text: "100% *done*", status: "done", key: "1" }) }],
    ["JSON", jsonBody({ text: "100% *done*", status: "done", key: "1" })],
    [
      "JSON that names its characters",
      jsonBody({ text: "100% *done*", status: "done" }, "Application/JSON; charset=utf-8"),
    ],
  ])("comes as %s: its words are a message in the token's name", async (_, init) => {
    const answer = await send(init);

    expect(answer.status).toBe(201);
    expect(await answer.json()).toEqual({ message: 1 });
    const { state, messages } = await inStorage(id);
    expect(messages).toMatchObject([
      { id: 1, role: "agent", author: "Builder", text: "100% *done*", created_at: NOW },
    ]);
    expect(state).toMatchObject({ agent_status: "done", agent_at: NOW, agent_message: 1 });
  });

  test("is taken at the address of earlier versions too, once for the same key", async () => {
    const init = { method: "POST", ...form({ text: "Done.", key: "run-1" }) };
    for (const path of [`/session/${id}`, `/session/${id}/report`, `/session/${id}`]) {
      const answer = await sendTo(path, init);
      expect(answer.status, path).toBe(201);
      expect(await answer.json()).toEqual({ message: 1 });
    }
    expect((await inStorage(id)).messages).toHaveLength(1);
  });

  test("without a token is refused, also to the owner's own browser", async () => {
    const answer = await owner.post(`/session/${id}/report`, { text: "Hi" });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({
      error: expect.stringContaining("token") as string,
    });
    expect((await inStorage(id)).messages).toEqual([]);
    const page = await owner.get(`/session/${id}/report`);
    expect(page.headers.get("Location")).toBe(`/session/${id}`);
  });

  test.each(["working", "waiting", "done", "failed"])(
    "may be the status %s alone",
    async (said) => {
      const answer = await report({ status: said });

      expect(answer.status).toBe(201);
      expect(await answer.json()).toEqual({ message: null });
      const { state, messages } = await inStorage(id);
      expect(state).toMatchObject({ agent_status: said, agent_at: NOW, message_count: 0 });
      expect(messages).toEqual([]);
    },
  );

  test("with a text only leaves the status as it was, and updates its time", async () => {
    await report({ status: "working" });
    vi.setSystemTime(NOW + MINUTE);
    await report({ text: "Still at it." });
    expect((await inStorage(id)).state).toMatchObject({
      agent_status: "working",
      agent_at: NOW + MINUTE,
      agent_message: 1,
    });
  });

  test("with a key is kept once, and every answer names the same message", async () => {
    const fields = { text: "All tests pass.", status: "done", key: "tests" };
    const answers = await Promise.all(Array.from({ length: 5 }, () => report(fields)));
    answers.push(await report({ ...fields, text: "Said otherwise" }));

    for (const answer of answers) expect(await answer.json()).toEqual({ message: 1 });
    expect((await inStorage(id)).messages.map(({ text }) => text)).toEqual(["All tests pass."]);
  });

  test.each<[string, Record<string, string>]>([
    ["a status", { status: "working", key: "begin" }],
    ["words with a status", { text: "I begin.", status: "working", key: "begin" }],
  ])("of %s sent again does not bring back what was followed by another", async (_, first) => {
    await report(first);
    await report({ status: "done" });
    vi.setSystemTime(NOW + MINUTE);

    expect(await statusOf(report(first))).toBe(201);

    expect((await inStorage(id)).state).toMatchObject({ agent_status: "done", agent_at: NOW });
  });

  test("has keys that belong to its token", async () => {
    const other = await connect("Reviewer");
    const fields = { text: "Done.", key: "1" };
    await report(fields);
    await report(fields, other);
    expect((await inStorage(id)).messages.map(({ author }) => author)).toEqual([
      "Builder",
      "Reviewer",
    ]);
  });

  test("is one of at most 120 in a minute by its token", async () => {
    const other = await connect();
    for (let count = 1; count <= 120; count++) {
      vi.setSystemTime(NOW + count * 100);
      expect(await statusOf(report({ status: "working" }))).toBe(201);
    }
    const before = await inStorage(id);

    const refused = await report({ text: "Too much" });
    expect(refused.status).toBe(429);
    // The minute began with the first of them, 11.9 seconds ago.
    expect(refused.headers.get("Retry-After")).toBe("49");
    expect(await refused.json()).toEqual({
      error: "Too many requests within a minute. Try again in 49 seconds.",
    });
    expect(await statusOf(read())).toBe(429);
    expect((await listen()).status).toBe(429);
    expect(await inStorage(id)).toEqual(before);
    expect(await statusOf(report({ status: "working" }, other))).toBe(201);

    vi.setSystemTime(NOW + 100 + MINUTE);
    expect(await statusOf(report({ text: "Again" }))).toBe(201);
  });

  test("into an archived session brings it back by its words, not by a status alone", async () => {
    await settle(id);
    const { user_id } = (await inDatabase(id)).row!;
    vi.setSystemTime(NOW + 1_000);
    await changeStatus(env, user_id, id, "archive");
    vi.setSystemTime(NOW + 2_000);
    await report({ status: "waiting" });
    await settle(id);
    expect((await inDatabase(id)).row).toMatchObject({
      status: "archived",
      agent_status: "waiting",
    });

    vi.setSystemTime(NOW + 3_000);
    await report({ text: "I need you." });
    await settle(id);
    expect((await inDatabase(id)).row).toMatchObject({ status: "active", agent_message: 1 });
  });

  const FORM = "application/x-www-form-urlencoded";
  const TEXT_MISSING = "Send a text, a status, a title or an item.";
  const STATUS_WRONG = "A status is working, waiting, done or failed.";

  test.each<[string, RequestInit, number, string | RegExp]>([
    ["nothing", {}, 415, /form/],
    ["an empty form", { body: new URLSearchParams() }, 400, TEXT_MISSING],
    ["a key alone", form({ key: "1" }), 400, TEXT_MISSING],
    ["an unknown status", form({ status: "sleeping" }), 400, STATUS_WRONG],
    ...["queued", "lost", "stopped", "refused", "limit", "interrupted"].map(
      (status): [string, RequestInit, number, string] => [
        `the status ${status}, which only a run has`,
        form({ status }),
        400,
        STATUS_WRONG,
      ],
    ),
    ["a status in capitals", form({ status: "DONE" }), 400, STATUS_WRONG],
    ["an empty status", form({ status: "" }), 400, STATUS_WRONG],
    ["white space", form({ text: " \n" }), 400, "Write a message first."],
    ["white space with a status", form({ text: "", status: "done" }), 400, /Write a message/],
    ["more than 32 KiB", form({ text: "é".repeat(16_385) }), 400, "A message has at most 32 KiB."],
    ["more than 256 KiB", form({ text: "x".repeat(300_000) }), 413, /larger than 256 KiB/],
    ["an empty key", form({ text: "Hi", key: "" }), 400, /at least one character/],
    ["a long key", form({ text: "Hi", key: "x".repeat(201) }), 400, /at most 200 characters/],
    ["a field twice", { body: "text=a&text=b", headers: { "Content-Type": FORM } }, 400, /“text”/],
    ["no form", { body: "status=done", headers: { "Content-Type": "text/plain" } }, 415, /form/],
    ["broken JSON", jsonBody('{"status": "done"', undefined), 400, "This is not JSON."],
    ["empty JSON", jsonBody("", undefined), 400, "This is not JSON."],
    ["JSON that is no object", jsonBody([{ status: "done" }]), 400, "A report is an object."],
    ["JSON null", jsonBody(null), 400, "A report is an object."],
    ["a number for words", jsonBody({ text: 1 }), 400, "A text is text."],
    ["a number for a key", jsonBody({ text: "Hi", key: 1 }), 400, "A key is text."],
    ["null for a status", jsonBody({ text: "Hi", status: null }), 400, STATUS_WRONG],
  ])("of %s is refused, and nothing is kept", async (_, init, status, error) => {
    const before = await inStorage(id);

    const answer = await send(init);

    expect(answer.status).toBe(status);
    const told = (await answer.json<{ error: string }>()).error;
    if (typeof error === "string") expect(told).toBe(error);
    else expect(told).toMatch(error);
    expect(await inStorage(id)).toEqual(before);
  });

  test("that the session refuses for now may be sent again", async () => {
    const unreachable = { ...appEnv, SESSION_DO: brokenObjects() };
    const answer = await send(form({ text: "Hi" }), { withEnv: unreachable });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      error:
        "The session did not answer. Send it again with the same key; it will not be there twice.",
    });
  });
});

describe("a token that is not this session's", () => {
  const wrong: Record<string, () => Promise<string>> = {
    "of another session of the same person": async () => {
      vi.setSystemTime(NOW + 1_000);
      return connect("Other", undefined, await owner.create());
    },
    "made up": () => Promise.resolve(`ship_${"0".repeat(64)}`),
    "the hash of the right one": () => hashToken(token),
    "in capitals": () => Promise.resolve(token.toUpperCase()),
    "with more behind it": () => Promise.resolve(`${token}0`),
  };

  test.each(Object.entries(wrong))("is refused: %s", async (_, make) => {
    const other = await make();
    const before = await inStorage(id);

    for (const answer of [
      await report({ text: "Hi" }, other),
      await read("", other),
      await listen("", other),
    ]) {
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({ error: expect.any(String) as string });
    }
    expect(await inStorage(id)).toEqual(before);
  });

  test.each(["x", "ship_", `ship_${"0".repeat(63)}`, `ship_${"0".repeat(65)}`, "0".repeat(64)])(
    "is refused without asking the session where it is %j, which no token looks like",
    async (other) => {
      const asked = vi.fn();
      const SESSION_DO = { idFromName: asked, get: asked } as unknown as Env["SESSION_DO"];
      const by = { by: other, withEnv: { ...appEnv, SESSION_DO } };
      for (const answer of [
        await send(form({ text: "Hi" }), by),
        await sendTo(`/session/${id}/messages`, {}, by),
        await sendTo(`/session/${id}/live`, { headers: { Upgrade: "websocket" } }, by),
      ]) {
        expect(answer.status).toBe(401);
        expect(await answer.json()).toEqual({
          error:
            "This token is not one of this session’s, or it was revoked, or not used for 90 days.",
        });
      }
      expect(asked).not.toHaveBeenCalled();
    },
  );

  test.each(["1", "%00", crypto.randomUUID()])(
    "is refused where the session is %s",
    async (other) => {
      expect(await statusOf(report({ text: "Hi" }, token, other))).toBe(401);
      expect(await statusOf(read("", token, other))).toBe(401);
      expect((await listen("", token, other)).status).toBe(401);
    },
  );

  test("is refused where the session was deleted, which leaves nothing", async () => {
    await owner.post(`/dashboard/delete?id=${id}`, {});
    const before = await everythingStored();
    expect(await statusOf(report({ text: "Hi" }))).toBe(401);
    expect(await statusOf(read())).toBe(401);
    expect((await listen()).status).toBe(401);
    expect(await everythingStored()).toEqual(before);
  });

  test("is told so where the session is being deleted", async () => {
    await sessionObject(env, id).prepare((await inStorage(id)).state!.user_id);
    expect(await statusOf(report({ text: "Hi" }))).toBe(410);
    expect(await statusOf(read())).toBe(410);
    expect((await listen()).status).toBe(410);
  });
});

describe("a request with a token", () => {
  test("needs no origin, and may have a foreign one", async () => {
    for (const origin of [undefined, "null", "https://evil.example"]) {
      const headers = { ...(origin && { Origin: origin }) };
      expect(await statusOf(send({ ...form({ status: "done" }), headers }))).toBe(201);
    }
  });

  test("has none of the rights of the owner's cookies that come with it", async () => {
    const headers = { Cookie: owner.cookie, Origin: ORIGIN };
    const right = () => ({ Authorization: `Bearer ${token}`, ...headers });
    const before = await everythingStored();

    for (const intent of [`archive:${id}`, "connect", "revoke:1", "seen:1:0", "unread", "send"]) {
      const init = { ...form({ intent, name: "More", key: crypto.randomUUID() }), headers };
      expect(await statusOf(send(init)), intent).toBe(400);
    }
    expect(await statusOf(ask(new Request(`${ORIGIN}/session/${id}`, { headers: right() })))).toBe(
      405,
    );
    for (const wrong of ["ship_wrong", "x"]) {
      const init = { ...form({ text: "Hi" }), headers };
      expect(await statusOf(send(init, { by: wrong }))).toBe(401);
    }
    expect(await everythingStored()).toEqual(before);
  });

  test("without a token in it is the browser's, and so needs an origin", async () => {
    const before = await everythingStored();
    for (const Authorization of ["", "Bearer", `Basic ${token}`, token]) {
      const headers = { Cookie: owner.cookie, Authorization };
      const init = { ...form({ intent: `archive:${id}` }), method: "POST", headers };
      expect(await statusOf(ask(new Request(`${ORIGIN}/session/${id}`, init)))).toBe(403);
    }
    expect(await everythingStored()).toEqual(before);
  });

  test.each([
    ["/dashboard", { intent: "archive:ID" }],
    ["/dashboard/new", { key: crypto.randomUUID(), repoOwner: "octo", repoName: "cat" }],
    ["/dashboard/delete?id=ID", {}],
    ["/account", { intent: "everywhere" }],
    ["/logout", {}],
    ["/login", { name: "mallory" }],
    ["/session/ID/export", {}],
    ["/session/ID/", { text: "Hi" }],
    ["/session/ID/report/", { text: "Hi" }],
    ["/session/ID/messages/", { text: "Hi" }],
    ["//session/ID", { text: "Hi" }],
  ])("does nothing at %s", async (path, fields: Record<string, string>) => {
    const before = await everythingStored();
    const to = path.replace("ID", id);
    const headers = { Authorization: `Bearer ${token}`, Cookie: owner.cookie };
    const body = new URLSearchParams(
      Object.entries(fields).map(([name, value]) => [name, value.replace("ID", id)]),
    );

    expect(await statusOf(ask(new Request(ORIGIN + to, { method: "POST", headers, body })))).toBe(
      403,
    );
    const { Authorization } = headers;
    const alone = await ask(new Request(ORIGIN + to, { headers: { Authorization } }));
    expect([200, 302, 401, 404]).toContain(alone.status);
    expect(await alone.text()).not.toContain("Builder");

    expect(await everythingStored()).toEqual(before);
  });
});

test.each([
  ["", "POST", /^Report here by POST\..*\/messages/],
  ["/report", "POST", /^Report here by POST\..*\/messages/],
  ["/messages", "GET, HEAD", /^Read messages here by GET\./],
  ["/live", "GET", /^Open a WebSocket here/],
])(
  "the address /session/:id%s says what it takes to an agent that asks by another method",
  async (path, allowed, told) => {
    const before = await inStorage(id);
    for (const method of ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"]) {
      if (allowed.split(", ").includes(method)) continue;
      const body = ["GET", "HEAD", "OPTIONS"].includes(method) ? {} : form({ text: "Hi" });
      const answer = await sendTo(`/session/${id}${path}?after=0`, { method, ...body });
      expect(answer.status, method).toBe(405);
      expect(answer.headers.get("Allow")).toBe(allowed);
      expect((await answer.json<{ error: string }>()).error).toMatch(told);
    }
    expect(await inStorage(id)).toEqual(before);
  },
);

describe("reading", () => {
  test("by HEAD is answered as GET would be, at once and without the messages", async () => {
    const answer = await sendTo(`/session/${id}/messages?after=0`, { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("Content-Type")).toContain("application/json");
    expect(await answer.text()).toBe("");
  });

  test("gives the 30 newest messages at once, as they were written", async () => {
    for (let count = 1; count <= 31; count++) await say(`*${count}*`);
    const messages = await messagesOf(read());
    expect(messages).toHaveLength(30);
    expect(messages[0]).toEqual({
      id: 2,
      role: "user",
      author: "Ada",
      text: "*2*",
      created_at: NOW,
    });
  });

  test("gives what came after a message at once, a hundred at a time", async () => {
    for (let count = 1; count <= 102; count++) await say(`${count}`);
    const ids = async (after: number) =>
      (await messagesOf(read(`?after=${after}`))).map((message) => message.id);
    expect((await ids(0)).length).toBe(100);
    expect(await ids(100)).toEqual([101, 102]);
  });

  test.each(["-1", "x", "", "1.5", "1e3"])("after %j is refused", async (after) => {
    const answer = await read(`?after=${after}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      error: "This link to a part of the conversation is damaged.",
    });
  });

  test("without a token is refused, also to the owner's own browser", async () => {
    const answer = await owner.get(`/session/${id}/messages`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
  });

  test("waits for news, and is answered by what the person writes", async () => {
    await say("Before");
    const waiting = read("?after=1");
    await asked();
    await report({ status: "waiting" });
    await say("After");
    expect(await messagesOf(waiting)).toMatchObject([{ id: 2, text: "After" }]);
  });

  test.each<[string, number, () => Promise<unknown>]>([
    ["its token is revoked", 401, () => owner.post(`/session/${id}`, { intent: "revoke:1" })],
    ["the session is deleted", 410, () => owner.post(`/dashboard/delete?id=${id}`, {})],
  ])("waits no longer when %s", async (_, status, happen) => {
    const waiting = read("?after=0");
    await asked();
    await happen();
    expect(await statusOf(waiting)).toBe(status);
  });

  test("waits this long and no longer, and counts as one request", async () => {
    const hash = await hashToken(token);
    expect(await sessionObject(env, id).read(hash, 0, 20)).toEqual({
      state: "ready",
      messages: [],
    });
    const count = await runInDurableObject(sessionObject(env, id), (_, { storage }) =>
      storage.sql.exec("SELECT window_count FROM agent_tokens").one(),
    );
    expect(count).toEqual({ window_count: 1 });
  });

  test("waits 25 seconds", async () => {
    const read = vi.fn<(hash: string, after: number, wait: number) => Promise<unknown>>();
    read.mockResolvedValue({ state: "ready", messages: [] });
    const SESSION_DO = {
      idFromName: env.SESSION_DO.idFromName.bind(env.SESSION_DO),
      get: () => ({ read }),
    } as unknown as Env["SESSION_DO"];
    await sendTo(`/session/${id}/messages?after=7`, {}, { withEnv: { ...appEnv, SESSION_DO } });
    expect(read).toHaveBeenCalledExactlyOnceWith(await hashToken(token), 7, 25_000);
  });
});

/** @returns the response to the form that creates a token */
function sendConnect(name: string, key = crypto.randomUUID() as string, session = id) {
  return owner.post(`/session/${session}`, { intent: "connect", key, name });
}

/** Creates a token with the session's form. */
async function connect(name = "Builder", key?: string, session = id): Promise<string> {
  const page = await (await sendConnect(name, key, session)).text();
  return /ship_[0-9a-f]{64}/.exec(page)?.[0] ?? "";
}

async function tokens() {
  const { user_id } = (await inStorage(id)).state!;
  const answer = await sessionObject(env, id).conversation(user_id, undefined);
  return answer.state === "ready" ? answer.tokens : [];
}

async function sessionPage(): Promise<string> {
  return (await owner.get(`/session/${id}`)).text();
}

async function say(text: string) {
  const { user_id } = (await inStorage(id)).state!;
  await sessionObject(env, id).append(user_id, freshMessage(text));
}

interface By {
  by?: string;
  withEnv?: Env;
}

/** Sends a request with a token, and nothing else. */
function sendTo(path: string, init: RequestInit, { by = token, withEnv }: By = {}) {
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${by}`);
  return ask(new Request(ORIGIN + path, { ...init, headers }), withEnv);
}

function send(init: RequestInit, by?: By) {
  return sendTo(`/session/${id}/report`, { method: "POST", ...init }, by);
}

function report(fields: Record<string, string>, by = token, session = id) {
  return sendTo(`/session/${session}/report`, { method: "POST", ...form(fields) }, { by });
}

function read(query = "", by = token, session = id) {
  return sendTo(`/session/${session}/messages${query}`, {}, { by });
}

function listen(query = "", by = token, session = id) {
  return sendTo(`/session/${session}/live${query}`, { headers: { Upgrade: "websocket" } }, { by });
}

function form(fields: Record<string, string>): RequestInit {
  return { body: new URLSearchParams(fields) };
}

function multipart(fields: Record<string, string>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.set(name, value);
  return data;
}

function jsonBody(content: unknown, type = "application/json"): RequestInit {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  return { body, headers: { "Content-Type": type } };
}

async function statusOf(answer: Promise<Response>): Promise<number> {
  return (await answer).status;
}

async function messagesOf(answer: Promise<Response>) {
  return (await (await answer).json<{ messages: { id: number }[] }>()).messages;
}

/** Waits until the token was used, that is, until its request reached the session's object. */
async function asked() {
  await vi.waitFor(async () => expect((await tokens())[0]?.used_at).not.toBeNull());
}

/** An Env with objects that do not answer. */
function brokenObjects() {
  return {
    idFromName: env.SESSION_DO.idFromName.bind(env.SESSION_DO),
    get: () => new Proxy({}, { get: () => () => Promise.reject(new Error("Broken by the test")) }),
  } as unknown as Env["SESSION_DO"];
}
