/** Who may open the socket of a runner with a session: through the whole app, with real D1 and objects. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { hashToken, randomToken } from "../../app/platform/token.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import type { ObjectFrame } from "../../app/sessions/protocol/run-frames";
import { appEnv, ask, Browser, captureLog, everythingStored, ORIGIN } from "./app";
import {
  answerLost,
  env,
  faultyDatabase,
  faultyEnv,
  freshForm,
  freshPerson,
  inStorage,
  newRowWithoutObject,
  newRunner,
  NOTHING_STORED,
  refused,
  settle,
  stopClock,
} from "./support";

const NOW = stopClock();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let log: string[];
let ada: string;
/** A runner of Ada's, and a session that is given to it. */
let runner: { id: string; token: string };
let id: string;

beforeEach(async () => {
  log = captureLog();
  ada = freshPerson();
  runner = await newRunner(ada);
  id = await sessionOf(runner.id);
});

/** @returns the id of a session of Ada's that is given to a runner, its object initialized */
async function sessionOf(runner_id: string | null, user_id = ada): Promise<string> {
  const row = await newRowWithoutObject({ user_id, runner_id, assign: 3, agent: "Claude Code" });
  await sessionObject(env, row.id).initialize(row);
  return row.id;
}

interface Asked {
  token?: string | undefined;
  session?: string;
  withEnv?: Env;
  headers?: Record<string, string>;
  method?: string;
}

/** Asks for the socket. */
function open({ session = id, headers = {}, withEnv = appEnv, ...asked }: Asked = {}) {
  const token = "token" in asked ? asked.token : runner.token;
  const sent = new Headers({ Upgrade: "websocket", ...headers });
  if (token !== undefined) sent.set("Authorization", `Bearer ${token}`);
  return ask(
    new Request(`${ORIGIN}/runner/sessions/${session}/live`, {
      method: asked.method ?? "GET",
      headers: sent,
    }),
    withEnv,
  );
}

/** Sends `attach` on a socket that was opened. @returns what the object answers first */
async function attach({ webSocket, status }: Response): Promise<ObjectFrame> {
  if (!webSocket) throw new Error(`Not opened, but answered ${status}`);
  const answered = new Promise<ObjectFrame>((resolve, reject) => {
    webSocket.addEventListener("message", ({ data }) =>
      resolve(JSON.parse(data as string) as ObjectFrame),
    );
    webSocket.addEventListener("close", ({ code, reason }) => reject(new Error(code + reason)));
  });
  webSocket.accept();
  webSocket.send(JSON.stringify({ type: "attach", instance: "process 1" }));
  return answered;
}

/** Expects a refusal that the runner takes as final. */
async function expectFinal(answer: Response, status: number, error: RegExp) {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("Content-Type")).toMatch(/^application\/json/);
  expect(await answer.json()).toEqual({
    error: expect.stringMatching(error) as string,
    final: true,
  });
}

/** Expects a failure after which the runner tries again. */
async function expectPassing(answer: Response, status: number) {
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ error: expect.any(String) as string });
}

/** @returns an Env whose D1 and objects must not be asked */
function untouched() {
  const asked = vi.fn();
  const SESSION_DO = { idFromName: asked, get: asked } as unknown as Env["SESSION_DO"];
  const DB = { prepare: asked, batch: asked } as unknown as D1Database;
  return { asked, withEnv: { ...appEnv, SESSION_DO, DB } };
}

async function usedAt(): Promise<number | undefined> {
  const query = env.DB.prepare("SELECT used_at FROM runners WHERE id = ?").bind(runner.id);
  return (await query.first<{ used_at: number }>())?.used_at;
}

describe("a runner", () => {
  test("opens the socket of a session that is given to it, with the row's assignment", async () => {
    await env.DB.prepare("UPDATE sessions SET assign = 7, agent = 'Codex' WHERE id = ?")
      .bind(id)
      .run();
    const frame = await attach(await open());
    expect(frame).toMatchObject({ type: "attached", handled: 0, messages: [] });
    const { state } = await inStorage(id);
    expect(state).toMatchObject({ runner_id: runner.id, assign: 7, agent: "Codex" });
  });

  test("opens it by the session's id in capitals, from anywhere, and by its token alone", async () => {
    const eve = await new Browser().signIn();
    const headers = { Cookie: eve.cookie, Origin: "https://evil.example" };
    const answer = await open({ session: id.toUpperCase(), headers });
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await attach(answer)).toMatchObject({ type: "attached" });
  });

  test("finds the task of a session whose object was never made", async () => {
    const SESSION_DO = faultyEnv({ initialize: refused }).SESSION_DO;
    const form = { ...freshForm(), task: { author: "Ada", text: "Mend the tests" } };
    const created = await createSession({ ...env, SESSION_DO }, ada, form);
    if (created.outcome !== "listed") throw new Error(created.outcome);
    const session = created.session.id;
    await env.DB.prepare("UPDATE sessions SET runner_id = ?, assign = 1 WHERE id = ?")
      .bind(runner.id, session)
      .run();

    expect(await attach(await open({ session }))).toMatchObject({
      type: "attached",
      messages: [{ id: 1, author: "Ada", text: "Mend the tests" }],
    });
  });

  test("is not named in the log, nor is its token", async () => {
    const withEnv = { ...appEnv, LOG_REQUESTS: "true" };
    expect((await open({ withEnv })).status).toBe(101);
    expect(log.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: "request", route: "/runner/sessions/:id/live", status: 101 },
    ]);
    for (const secret of [runner.token, runner.id, id]) expect(log.join()).not.toContain(secret);
  });
});

describe("a token", () => {
  const wrong: [string, () => string | undefined | Promise<string>][] = [
    ["is missing", () => undefined],
    ["is empty", () => ""],
    ["is an agent's", () => `ship_${randomToken()}`],
    ["is in capitals", () => runner.token.toUpperCase()],
    ["is too short", () => runner.token.slice(0, -1)],
    ["has more behind it", () => `${runner.token}0`],
    ["is the hash of the right one", () => hashToken(runner.token)],
  ];

  test.each(wrong)("that %s is refused, and nothing is asked", async (_, make) => {
    const { asked, withEnv } = untouched();
    // Of Ship's own origin, as a request without any token must be.
    const answer = await open({ token: await make(), withEnv, headers: { Origin: ORIGIN } });
    await expectFinal(answer, 401, /not valid/);
    expect(answer.headers.get("WWW-Authenticate")).toBe("Bearer");
    expect(asked).not.toHaveBeenCalled();
  });

  test("of a runner is refused at agents' paths, and nothing is asked", async () => {
    const { asked, withEnv } = untouched();
    const headers = { Authorization: `Bearer ${runner.token}` };
    for (const path of ["report", "messages", "items", "live"]) {
      const method = path === "report" ? "POST" : "GET";
      const request = new Request(`${ORIGIN}/session/${id}/${path}`, { method, headers });
      expect((await ask(request, withEnv)).status, path).toBe(401);
    }
    expect(asked).not.toHaveBeenCalled();
  });

  test("that nobody has is refused", async () => {
    const answer = await open({ token: `shipr_${randomToken()}` });
    await expectFinal(answer, 401, /not valid/);
  });

  test("of a runner that was disconnected is refused", async () => {
    await env.DB.prepare("DELETE FROM runners WHERE id = ?").bind(runner.id).run();
    await expectFinal(await open(), 401, /not valid/);
  });

  test("ends once it was not used for 90 days, and one that is used goes on", async () => {
    vi.setSystemTime(NOW + 90 * DAY - 1);
    expect((await open()).status).toBe(101);
    vi.setSystemTime(NOW + 180 * DAY - 2);
    expect((await open()).status).toBe(101);
    vi.setSystemTime(NOW + 270 * DAY - 2);
    await expectFinal(await open(), 401, /not valid/);
  });

  test("has a time of its last use, which is written every five minutes at most", async () => {
    vi.setSystemTime(NOW + 5 * MINUTE - 1);
    expect((await open()).status).toBe(101);
    expect(await usedAt()).toBe(NOW);
    vi.setSystemTime(NOW + 5 * MINUTE);
    expect((await open()).status).toBe(101);
    expect(await usedAt()).toBe(NOW + 5 * MINUTE);
  });

  test("is used also where the session is refused", async () => {
    vi.setSystemTime(NOW + 5 * MINUTE);
    expect((await open({ session: crypto.randomUUID() })).status).toBe(404);
    expect(await usedAt()).toBe(NOW + 5 * MINUTE);
  });
});

describe("a session", () => {
  test.each<[string, () => string | Promise<string>]>([
    ["there is none", () => crypto.randomUUID()],
    ["its id is none", () => "no-uuid"],
    ["it is another person's", async () => sessionOf(runner.id, freshPerson())],
    [
      "it was deleted",
      async () => {
        await deleteSession(env, ada, id);
        return id;
      },
    ],
    [
      "it is being deleted",
      async () => {
        await sessionObject(env, id).prepare(ada);
        return id;
      },
    ],
  ])("is not there where %s, and nothing is changed", async (_, make) => {
    const session = await make();
    const before = await everythingStored();
    await expectFinal(await open({ session }), 404, /does not exist, or it is not yours/);
    expect(await everythingStored()).toEqual(before);
  });

  test.each<[string, () => Promise<string | null>]>([
    ["another runner of the same person", async () => (await newRunner(ada)).id],
    ["a runner of somebody else", async () => (await newRunner(freshPerson())).id],
    ["none", () => Promise.resolve(null)],
  ])("that is given to %s is refused", async (_, make) => {
    const session = await sessionOf(await make());
    await expectFinal(await open({ session }), 409, /given to another runner, or to none/);
  });
});

describe("the owner", () => {
  beforeEach(async () => {
    ada = `github:${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    const insert = "INSERT INTO users (id, login, name, created_at) VALUES (?, ?, 'Ada', 0)";
    await env.DB.prepare(insert).bind(ada, "ada-l").run();
    runner = await newRunner(ada);
    id = await sessionOf(runner.id);
  });

  test.each([
    ["anybody may", () => "*"],
    ["their id is listed", () => ada.replace("github:", "")],
    ["their login is listed", () => "octocat, Ada-L"],
  ])("may have a runner work where %s", async (_, listed) => {
    const withEnv = { ...appEnv, ALLOWED_USERS: listed() };
    expect((await open({ withEnv })).status).toBe(101);
  });

  test.each(["", "octocat,ada", "1"])(
    "may not any more where only %j may use this Ship, and the token counts as unused",
    async (ALLOWED_USERS) => {
      vi.setSystemTime(NOW + 5 * MINUTE);
      const before = await everythingStored();
      const answer = await open({ withEnv: { ...appEnv, ALLOWED_USERS } });
      await expectFinal(answer, 403, /may not use this Ship/);
      expect(await everythingStored()).toEqual(before);
    },
  );
});

describe("what may pass is not final:", () => {
  test("a request that is no upgrade, which asks nothing and makes no object", async () => {
    const { asked, withEnv } = untouched();
    await expectPassing(await open({ withEnv, headers: { Upgrade: "none" } }), 426);
    expect(asked).not.toHaveBeenCalled();
    const { id: session } = await newRowWithoutObject({ user_id: ada, runner_id: runner.id });
    await expectPassing(await open({ session, headers: { Upgrade: "" } }), 426);
    expect(await inStorage(session)).toEqual(NOTHING_STORED);
  });

  test.each(["POST", "HEAD", "DELETE"])("the method %s", async (method) => {
    const answer = await open({ method });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "GET"]);
    if (method !== "HEAD") expect(await answer.json()).not.toHaveProperty("final");
  });

  test("D1 that does not answer", async () => {
    const withEnv = { ...appEnv, DB: faultyDatabase(refused) };
    await expectPassing(await open({ withEnv }), 503);
  });

  test.each<[string, Parameters<typeof faultyEnv>[0]]>([
    ["does not answer", { initialize: refused }],
    ["loses its answer", { initialize: answerLost }],
    ["opens no socket", { fetch: refused } as object],
  ])("an object that %s", async (_, faults) => {
    const { SESSION_DO } = faultyEnv(faults);
    await expectPassing(await open({ withEnv: { ...appEnv, SESSION_DO } }), 503);
    await settle(id);
    expect(await attach(await open())).toMatchObject({ type: "attached" });
  });
});
