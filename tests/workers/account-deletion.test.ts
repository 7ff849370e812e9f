/** Deleting an account: everything is gone, nothing late brings it back, and it finishes whatever fails. */
import { abortAllDurableObjects } from "cloudflare:test";
import { sql } from "kysely";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { deleteAccount } from "../../app/account/deletion.server";
import { insertAuthRecord } from "../../app/auth/records.server";
import { saveTokens } from "../../app/github/tokens.server";
import { write, type Statement } from "../../app/platform/database.server";
import { personObject } from "../../app/platform/durable-objects.server";
import { insertBulk } from "../../app/sessions/bulk/bulk-tables.server";
import { sessionsByIds } from "../../app/sessions/bulk/bulk-choice.server";
import { countChange } from "../../app/sessions/change-limit.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { reportToRow } from "../../app/sessions/lifecycle/lifecycle-statements.server";
import { insertSession } from "../../app/sessions/lifecycle/create-statements.server";
import { appEnv, Browser, captureLog, everythingStored, leadsTo, ORIGIN, rowsStored } from "./app";
import {
  begun,
  fireAlarmOf,
  settleBulks as settleDuties,
  standings,
  storedBy,
} from "./bulk-support";
import { LiveSocket } from "./live-support";
import {
  answerLost,
  env,
  faultyDatabase,
  faultyEnv,
  faultyPerson,
  fireAlarm,
  freshForm,
  freshMessage,
  inOrder,
  inStorage,
  late,
  loseRow,
  newRowWithoutObject,
  newRunner,
  newSession,
  NOTHING_STORED,
  passes,
  refused,
  reportOf,
  standing,
  stopClock,
  viewOf,
  withEnvOf,
  type Fault,
} from "./support";

const NOW = stopClock();
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const NOTHING = { tables: [], alarm: null };

/** The configuration that app and companion need to revoke access to GitHub. */
const GITHUB = {
  GITHUB_URL: "https://github.example",
  GITHUB_API_URL: "https://github.example/api/v3",
  GITHUB_CLIENT_ID: "Iv23test",
  GITHUB_CLIENT_SECRET: "a secret between Ship and GitHub",
  TOKEN_KEYS: `k1:${btoa("k".repeat(32))}`,
};

let log: string[];
let ada: Browser;
let name: string;
let userId: string;

beforeEach(async () => {
  vi.restoreAllMocks();
  log = captureLog();
  vi.spyOn(globalThis, "fetch").mockImplementation(() =>
    Promise.resolve(new Response(null, { status: 204 })),
  );
  name = `ada-${crypto.randomUUID().slice(0, 8)}`;
  userId = `local:${name}`;
  ada = await new Browser().signIn(name);
});

/** Submits the form of the dialog. */
function confirm(typed = name, browser = ada) {
  return browser.post("/account/delete", { name: typed });
}

/** Connects GitHub. */
async function connectGitHub() {
  const tokens = { access: "ghu_1", expiresAt: null, refresh: null };
  await write(env.DB, [await saveTokens({ ...env, ...GITHUB }, userId, tokens, Date.now())]);
}

/** Runs the duties of the person's object, with the configuration for GitHub. */
function settle(changes: Parameters<typeof withEnvOf>[1] = {}) {
  return withEnvOf(
    () => personObject(env, userId),
    { ...GITHUB, ...changes },
    () => settleDuties(userId),
  );
}

/** @returns all rows of D1 that contain one of these texts, by table */
async function mentioning(...words: string[]): Promise<Record<string, unknown[]>> {
  const tables = Object.entries(await rowsStored()).map(([table, rows]) => {
    const found = rows.filter((row) => words.some((word) => JSON.stringify(row).includes(word)));
    return [table, found] as const;
  });
  return Object.fromEntries(tables.filter(([, rows]) => rows.length > 0));
}

/** Gives the person something in every table. @returns its ids */
async function fillAccount(): Promise<string[]> {
  const [{ id }, deleted] = await Promise.all([newSession(userId), newSession(userId)]);
  const { id: rowAlone } = await newRowWithoutObject({ user_id: userId });
  await appendMessage(env, userId, id, freshMessage());
  await deleteSession(env, userId, deleted.id);
  const bulk = await begun(userId, "restore", { view: viewOf(), until: Date.now() });
  await settleDuties(userId);
  await sessionObject(env, id).connectAgent(userId, "Builder", crypto.randomUUID());
  await connectGitHub();
  await newRunner(userId);
  return [id, deleted.id, rowAlone, bulk];
}

describe("the dialog", () => {
  test("says what will be lost, and what is to be typed", async () => {
    await newSession(userId);
    await newSession(userId);
    const page = await (await ada.get("/account/delete")).text();
    expect(page.replaceAll("<!-- -->", "")).toContain(
      "<strong>2 sessions</strong> with everything",
    );
    expect(page).toContain(`Type “${name}” to confirm.`);
    expect(await (await ada.get("/account")).text()).toContain('href="/account/delete"');
  });

  test.each(["", "ada", "somebody-else"])("deletes nothing where %j is typed", async (typed) => {
    await newSession(userId);
    const before = await everythingStored();
    const answer = await confirm(typed);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(`That is not “${name}”. Nothing was deleted.`);
    expect(await everythingStored()).toEqual(before);
    expect(await storedBy(userId)).toEqual(NOTHING);
  });

  test("signs out everywhere where the name is typed, in whatever case, and says what happens", async () => {
    const elsewhere = await new Browser().signIn(name);
    const answer = await confirm(` ${name.toUpperCase()} `);
    expect(leadsTo(answer)).toBe("/login?problem=deleting");
    expect(ada.cookies.has("ship_auth")).toBe(false);
    const page = await (await ada.get("/login?problem=deleting")).text();
    expect(page).toMatch(/role="alert"[^>]*>Your account is being deleted/);
    expect(leadsTo(await elsewhere.get("/dashboard"))).toMatch(/^\/login/);
  });
});

describe("an account that was deleted", () => {
  test("leaves nothing in any table but tombstones, and nothing in any object", async () => {
    const ids = await fillAccount();
    const { results } = await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%user_id%'",
    ).all<{ name: string }>();
    const tables = results.map((table) => table.name).filter((table) => table !== "deleted_users");
    // A new table needs a line in `fillAccount`.
    expect(Object.keys(await mentioning(userId))).toEqual(expect.arrayContaining(tables));

    await confirm();
    await settle();

    const left = await mentioning(userId, name, ...ids);
    expect(Object.keys(left).sort()).toEqual(["deleted_sessions", "deleted_users"]);
    expect(left.deleted_users).toEqual([
      { user_id: userId, deleted_at: NOW, finished_at: expect.any(Number) as number },
    ]);
    for (const id of ids) expect(await inStorage(id)).toEqual(NOTHING_STORED);
    expect(JSON.stringify(await everythingStored())).not.toContain(`"Builder"`);
    expect(await storedBy(userId)).toEqual(NOTHING);
  });

  test("begins empty when the person signs in again", async () => {
    await fillAccount();
    await confirm();
    await settle();

    await ada.signIn(name);

    expect(await (await ada.get("/dashboard")).text()).toContain("No sessions yet");
    expect(await ada.create()).toMatch(/^[0-9a-f-]{36}$/);
    expect(await standings(userId)).toMatchObject({ active: 1 });
  });

  test("can be deleted again", async () => {
    await confirm();
    await settle();
    await ada.signIn(name);
    await newSession(userId);
    expect(leadsTo(await confirm())).toBe("/login?problem=deleting");
    await settle();
    expect(await standings(userId)).toEqual({ deleted: 1 });
    expect(Object.keys(await mentioning(userId)).sort()).toEqual([
      "deleted_sessions",
      "deleted_users",
    ]);
  });

  test("leaves its tombstone for 30 days, until somebody's next deletion", async () => {
    await confirm();
    await settle();
    const deleteAnother = async () => {
      const other = `local:${crypto.randomUUID()}`;
      await deleteAccount(env, other);
      await settleDuties(other);
    };
    vi.setSystemTime(NOW + 30 * DAY);
    await deleteAnother();
    expect(await mentioning(userId)).toHaveProperty("deleted_users");
    vi.setSystemTime(NOW + 30 * DAY + HOUR);
    await deleteAnother();
    expect(await mentioning(userId)).toEqual({});
  });

  test("has no runner any more from the beginning on, and everybody else keeps theirs", async () => {
    await newRunner(userId);
    const bobs = await newRunner("local:bob");
    await deleteAccount(env, userId);
    expect(await mentioning(userId)).not.toHaveProperty("runners");
    expect(await mentioning(bobs.id)).toHaveProperty("runners");
  });

  test("closes all sockets: of lists, pages and agents", async () => {
    const id = await ada.create();
    const made = await sessionObject(env, id).connectAgent(userId, "Builder", crypto.randomUUID());
    const token = made.state === "ready" ? made.token : "";
    const open = async (path: string, headers: HeadersInit = {}) =>
      new LiveSocket(
        await ada.get(path, { headers: { Origin: ORIGIN, Upgrade: "websocket", ...headers } }),
      );
    const list = await open("/dashboard/live");
    const page = await open(`/session/${id}/live`);
    const agent = await open(`/session/${id}/live`, { Authorization: `Bearer ${token}` });

    await confirm();

    expect(await list.closed).toMatchObject({ code: 4001 });
    expect(await page.closed).toMatchObject({ code: 4001 });
    await settle();
    expect(await agent.closed).toMatchObject({ code: 4004 });
  });

  test("deletes nothing of anybody else's", async () => {
    const bob = await newSession();
    const before = await mentioning(bob.user_id);
    await fillAccount();
    await confirm();
    await settle();
    expect(await mentioning(bob.user_id)).toEqual(before);
    expect(await standing(bob.id)).toBe("row, ready");
  });
});

describe("while an account is being deleted", () => {
  test("signing in is refused and says why, and nothing is inserted", async () => {
    await newSession(userId);
    await confirm();
    const before = await rowsStored();
    const answer = await ada.post("/login?to=%2Faccount", { name });
    expect(leadsTo(answer)).toBe("/login?problem=deleting&to=%2Faccount");
    expect(ada.cookies.has("ship_auth")).toBe(false);
    expect(await rowsStored()).toEqual(before);
  });

  test("signing in by its name leaves somebody else signed in who uses the browser", async () => {
    await confirm();
    const bob = await new Browser().signIn("bob");
    await bob.post("/login", { name });
    expect(await (await bob.get("/dashboard")).text()).toContain(">bob<");
  });

  test("no statement inserts anything of it", async () => {
    await deleteAccount(env, userId);
    const before = await rowsStored();
    for (const statements of await insertions(Date.now() + 1, Date.now() + 1)) {
      await write(env.DB, statements);
    }
    expect(await createSession(env, userId, freshForm())).toEqual({ outcome: "deleted" });
    expect(await rowsStored()).toEqual(before);
  });
});

describe("after an account was deleted", () => {
  test("no statement that was begun before inserts anything, and later ones do", async () => {
    await deleteAccount(env, userId);
    await settle();
    const before = await rowsStored();
    for (const statements of await insertions(NOW, NOW)) await write(env.DB, statements);
    expect(await rowsStored()).toEqual(before);

    const later = Date.now() + 1;
    for (const statements of await insertions(later, later)) await write(env.DB, statements);
    expect(Object.keys(await mentioning(userId)).sort()).toEqual([
      "auth_records",
      "bulks",
      "change_windows",
      "deleted_users",
      "github_tokens",
      "session_counts",
      "sessions",
      "users",
    ]);
  });

  test("a late batch of the same deletion does not delete the account that was begun since", async () => {
    const { fault, land } = late();
    expect(await deleteAccount({ ...env, DB: faultyDatabase(fault) }, userId)).toBe("unavailable");
    await deleteAccount(env, userId);
    await settle();
    await ada.signIn(name);
    const { id } = await newSession(userId);
    const runner = await newRunner(userId);

    await land();

    expect(await mentioning(runner.id)).toHaveProperty("runners");
    expect((await ada.get("/account")).status).toBe(200);
    await ada.signIn(name);
    await settle();
    expect(await standing(id)).toBe("row, ready");
  });

  test("the object of a session whose row was lost before wipes itself, and heals nothing", async () => {
    const { id } = await newSession(userId);
    await appendMessage(env, userId, id, freshMessage());
    await loseRow(id);
    await deleteAccount(env, userId);
    await settle();
    await ada.signIn(name);

    vi.setSystemTime(Date.now() + DAY);
    await fireAlarm(id);

    expect(await standing(id)).toBe("nothing, empty");
    expect(await standings(userId)).toEqual({});
  });
});

/**
 * Every insert of something of a person's, begun at a time.
 *
 * @param created when the session was created that is healed
 */
async function insertions(at: number, created: number): Promise<Statement[][]> {
  const id = crypto.randomUUID();
  const row = await newRowWithoutObject({ created_at: created });
  const session = { ...reportOf(row), id: crypto.randomUUID(), user_id: userId };
  await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(row.id).run();
  const user = { id: userId, login: name, name, avatar: null };
  const tokens = { access: "ghu_1", expiresAt: null, refresh: null };
  const bulk = { id, user_id: userId };
  const none = { perMinute: 0, active: 0, onRepository: 0 };
  return [
    insertAuthRecord(user, crypto.randomUUID(), at),
    [await saveTokens({ ...env, ...GITHUB }, userId, tokens, at)],
    insertSession(id, userId, { repository: { owner: "octo", name: "cat" } }, at, none),
    reportToRow(session, 0, at, 0),
    [
      countChange(userId, at, sql`TRUE`),
      ...insertBulk({ ...bulk, kind: "archive" }, sessionsByIds(userId, [id]), at, sql`TRUE`),
    ],
  ];
}

describe("beginning a deletion", () => {
  test("does not begin where the person's object cannot be told", async () => {
    const browser = withEnv(faultyPerson({ expectDeletion: refused }, appEnv));
    const answer = await confirm(name, browser);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("Try again; it is safe.");
    await settle();
    expect((await ada.get("/account")).status).toBe(200);
  });

  test("does not begin where D1 refuses it; the object looks for it for a minute, and forgets it", async () => {
    const { id } = await newSession(userId);
    expect(await deleteAccount({ ...appEnv, DB: faultyDatabase(refused) }, userId)).toBe(
      "unavailable",
    );
    await settle();
    expect(Date.now() - NOW).toBeLessThan(2 * 60_000);
    expect(await standing(id)).toBe("row, ready");
    expect((await ada.get("/account")).status).toBe(200);
    expect(await storedBy(userId)).toEqual(NOTHING);
  });

  test.each<[string, () => Env]>([
    ["the answer of D1 is lost", () => ({ ...appEnv, DB: faultyDatabase(answerLost) })],
    ["the object hears no more of it", () => faultyPerson({ runDeletion: refused }, appEnv)],
  ])("has begun where %s", async (_, faulty) => {
    const { id } = await newSession(userId);
    await deleteAccount(faulty(), userId);
    await settle();
    expect(await standing(id)).toBe("tombstone, empty");
    expect(Object.keys(await mentioning(userId))).not.toContain("users");
  });

  test("whose batch lands after the object has forgotten it is carried out once the person wants to sign in", async () => {
    const { id } = await newSession(userId);
    const { fault, land } = late();
    await deleteAccount({ ...appEnv, DB: faultyDatabase(fault) }, userId);
    await settle();
    await land();

    expect(leadsTo(await new Browser().post("/login", { name }))).toMatch(/problem=deleting/);
    await settle();

    expect(await standing(id)).toBe("tombstone, empty");
    expect(leadsTo(await new Browser().post("/login", { name }))).toBe("/dashboard");
  });

  function withEnv(faulty: Env): Browser {
    const browser = new Browser(faulty);
    for (const [cookie, value] of ada.cookies) browser.cookies.set(cookie, value);
    return browser;
  }
});

describe("a deletion that is under way", () => {
  /** Finishes the deletion, and expects that nothing is left. */
  async function expectDeleted(ids: string[], changes = {}) {
    await settle(changes);
    for (const id of ids) {
      if ((await inStorage(id)).alarm !== null) await fireAlarm(id); // A wipe that failed is repeated by the object's own alarm.
      expect(await inStorage(id)).toEqual(NOTHING_STORED);
    }
    const left = await mentioning(userId, ...ids);
    expect(Object.keys(left).sort()).toEqual(["deleted_sessions", "deleted_users"]);
    expect(left.deleted_users).toMatchObject([{ finished_at: expect.any(Number) as number }]);
    expect(await storedBy(userId)).toEqual(NOTHING);
  }

  test("is finished wherever the object dies between two of its steps", async () => {
    const ids = await fillAccount();
    await deleteAccount(env, userId);
    for (let steps = 0; (await storedBy(userId)).alarm !== null; steps++) {
      expect(steps).toBeLessThan(30);
      await abortAllDurableObjects();
      vi.setSystemTime((await storedBy(userId)).alarm!);
      await withEnvOf(
        () => personObject(env, userId),
        GITHUB,
        () => fireAlarmOf(userId),
      );
    }
    await expectDeleted(ids);
  });

  test(
    "is finished whichever batch D1 refuses, and then loses the answer to",
    { timeout: 60_000 },
    async () => {
      for (let good = 0, reached = true; reached; good++) {
        expect(good).toBeLessThan(30);
        const ids = await fillAccount();
        await deleteAccount(env, userId);
        reached = false;
        const refuse: Fault = (call) => {
          reached = true;
          return refused(call);
        };
        const before = Array.from({ length: good }, () => passes);
        const DB = faultyDatabase(inOrder(...before, refuse, answerLost));
        await expectDeleted(ids, { DB });
        await ada.signIn(name);
      }
    },
  );

  test.each(["prepare", "wipe"] as const)(
    "is finished where the first calls of %s fail, in either way",
    async (method) => {
      const ids = await fillAccount();
      await deleteAccount(env, userId);
      const { SESSION_DO } = faultyEnv({ [method]: inOrder(refused, answerLost, refused) });
      await expectDeleted(ids, { SESSION_DO });
    },
  );

  test("asks a session that cannot be reached for an hour, and then deletes the rest without it; it wipes itself", async () => {
    const { id } = await newSession(userId);
    const other = await newSession(userId);
    await sessionObject(env, id).connectAgent(userId, "Builder", crypto.randomUUID());
    await deleteAccount(env, userId);
    let asked = 0;
    const unreachable: Fault = (call) => {
      asked += 1;
      return refused(call);
    };
    const { SESSION_DO } = env;
    const broken = faultyEnv({ prepare: unreachable, wipe: unreachable }).SESSION_DO;
    const one = SESSION_DO.idFromName(id).toString();
    const some = {
      idFromName: (from: string) => SESSION_DO.idFromName(from),
      get: (of: DurableObjectId) => (of.toString() === one ? broken : SESSION_DO).get(of),
    } as Env["SESSION_DO"];

    await settle({ SESSION_DO: some });

    expect(Date.now() - NOW).toBeGreaterThan(HOUR);
    expect(Date.now() - NOW).toBeLessThan(HOUR + 10 * 60_000);
    expect(asked).toBeLessThan(30);
    expect(await standing(other.id)).toBe("tombstone, empty");
    expect(await standing(id)).toBe("tombstone, ready");
    await fireAlarm(id);
    expect(await standing(id)).toBe("tombstone, empty");
  });

  test("goes on beside a bulk of the same person's", async () => {
    await Promise.all([newSession(userId), newSession(userId), newSession(userId)]);
    await begun(userId, "delete", { view: viewOf(), until: Date.now() });
    await deleteAccount(env, userId);
    await settle();
    expect(await standings(userId)).toEqual({ deleted: 3 });
    expect(await storedBy(userId)).toEqual(NOTHING);
  });
});

describe("access to GitHub", () => {
  /** @returns how often GitHub was asked to revoke the grant */
  function revocations(): number {
    return vi.mocked(fetch).mock.calls.filter(([url, init]) => {
      const path = "/api/v3/applications/Iv23test/grant";
      return init?.method === "DELETE" && new Request(url).url.endsWith(path);
    }).length;
  }

  function logged(outcome: string): boolean {
    return log.includes(JSON.stringify({ event: "account-github", user: userId, outcome }));
  }

  beforeEach(async () => {
    await connectGitHub();
    await deleteAccount(env, userId);
  });

  test("is revoked, once", async () => {
    await settle();
    expect(revocations()).toBe(1);
    expect(logged("revoked")).toBe(true);
  });

  test("is asked for again where GitHub does not answer, and then revoked", async () => {
    let calls = 0;
    vi.mocked(fetch).mockImplementation(() =>
      calls++ < 3
        ? Promise.reject(new Error("Nobody answers"))
        : Promise.resolve(new Response(null, { status: 204 })),
    );
    await settle();
    expect(revocations()).toBe(4);
    expect(await mentioning("finished_at", userId)).not.toHaveProperty("github_tokens");
  });

  test("is given up after an hour, with a line in the log, and the rest is deleted", async () => {
    vi.mocked(fetch).mockRejectedValue(new Error("Nobody answers"));
    await settle();
    expect(Date.now() - NOW).toBeGreaterThan(HOUR);
    expect(revocations()).toBeLessThan(30);
    expect(logged("unavailable")).toBe(true);
    expect(Object.keys(await mentioning(userId))).toEqual(["deleted_users"]);
  });

  test("is forgotten where the companion lacks its secrets, with a line in the log", async () => {
    await settle({ TOKEN_KEYS: undefined, GITHUB_CLIENT_SECRET: undefined });
    expect(logged("forgotten")).toBe(true);
    expect(Object.keys(await mentioning(userId))).toEqual(["deleted_users"]);
  });
});
