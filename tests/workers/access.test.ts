/**
 * Access control: two people, every route and form, as documents and as the data requests of Remix's client; and every
 * method of a session's Durable Object. A route or method without a line here fails.
 */
import type { ServerBuild } from "@remix-run/cloudflare";
import { beforeAll, describe, expect, test, vi } from "vitest";
import type { BulkKind } from "../../app/sessions/bulk/bulk";
import { startBulk } from "../../app/sessions/bulk/bulk.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import type { SessionRow } from "../../app/sessions/protocol/session";
import type { NoRoom, ObjectAnswer } from "../../app/sessions/protocol/object-answers";
import * as remixBuild from "../../build/index.js";
import { SessionDO } from "../../durable-objects/session/session-do";
import { appEnv, Browser, captureLog, everythingStored, leadsTo } from "./app";
import { settleBulks } from "./bulk-support";
import {
  env,
  freshForm,
  freshMessage,
  freshPerson,
  inStorage,
  loseRow,
  newRowWithoutObject,
  NOTHING_STORED,
  settle,
} from "./support";

/** How a route is requested; "ID" is replaced by a session's id, "BULK" by that of a bulk. */
interface RouteLine {
  path: string;
  /** Every form that it accepts. */
  forms?: Record<string, string>[];
  /** Also answers people who are not signed in. */
  open?: true;
  /** The status of every response, whoever owns the session; such a route is not a page. */
  answers?: number;
  /** The path after signing in, if it is not the requested path. */
  back?: string;
}

const KEY = "7b0d7b1c-6f0e-4d0a-9c0b-5a4b7f0c1d2e";
/** What comes to nothing in a session without a run. */
const TOO_LATE = [{ intent: "answer:1:yes" }, { intent: "stop:a-run" }, { intent: "withdraw:1" }];
const STATUS_CHANGES = [{ intent: "archive:ID" }, { intent: "restore:ID" }, { intent: "keep:ID" }];

const SELECTED = [
  { intent: "archive-selected", key: KEY, id: "ID" },
  { intent: "restore-selected", key: KEY, id: "ID" },
];

const ROUTES: Record<string, RouteLine> = {
  root: { path: "/login", open: true },
  "routes/$": { path: "/nowhere", forms: [{}], open: true },
  "routes/_index": { path: "/?index", open: true },
  "routes/healthz": { path: "/healthz", open: true },
  "routes/login": { path: "/login", forms: [{ name: "" }, { intent: "github" }], open: true },
  "routes/login_.callback": { path: "/login/callback", open: true },
  "routes/logout": { path: "/logout", forms: [{}], open: true },
  "routes/account": {
    path: "/account",
    forms: [
      { intent: "theme:dark" },
      { intent: "sign-out-everywhere", agents: "1" },
      { intent: "revoke-agents" },
      { intent: "disconnect" },
    ],
  },
  "routes/account.delete": { path: "/account/delete", forms: [{ name: "bob" }] },
  "routes/dashboard": {
    path: "/dashboard",
    forms: [...STATUS_CHANGES, ...SELECTED, { intent: "undo:BULK" }],
  },
  "routes/dashboard.new": {
    path: "/dashboard/new",
    forms: [{ key: KEY, repoOwner: "remix-run", repoName: "remix" }],
  },
  "routes/dashboard_.new_.repositories": { path: "/dashboard/new/repositories" },
  "routes/dashboard.delete": { path: "/dashboard/delete?id=ID", forms: [{}] },
  "routes/bulk.$id": {
    path: "/bulk/BULK",
    forms: [{ intent: "continue" }, { intent: "leave" }],
  },
  "routes/session.$id": {
    path: "/session/ID",
    forms: [
      ...STATUS_CHANGES,
      { intent: "send", key: KEY, text: "Hello" },
      { intent: "connect", key: KEY, name: "Bot" },
      { intent: "revoke:1" },
      ...TOO_LATE,
      { intent: "seen:1:0" },
      { intent: "unread" },
    ],
  },
  "routes/session.$id.rename": { path: "/session/ID/rename", forms: [{ title: "Mine" }] },
  "routes/dashboard_.live": { path: "/dashboard/live", answers: 426 },
  "routes/session.$id_.live": { path: "/session/ID/live", answers: 426 },
  "routes/session.$id_.export": { path: "/session/ID/export", back: "/session/ID" },
  // These take an agent's token instead of a cookie: see agents.test.ts.
  "routes/session.$id_.messages": { path: "/session/ID/messages", open: true },
  "routes/session.$id_.items": { path: "/session/ID/items", open: true },
  "routes/session.$id_.report": { path: "/session/ID/report", forms: [{ text: "Hi" }], open: true },
  // This one takes a runner's token: see runner-gate.test.ts.
  "routes/runner.sessions.$id.live": { path: "/runner/sessions/ID/live", open: true },
};

const { routes } = remixBuild as unknown as ServerBuild;

/** A request of the access matrix. */
interface Asked {
  answers?: number | undefined;
  back?: string | undefined;
  path: string;
  method: "GET" | "HEAD" | "POST";
  form?: Record<string, string>;
}

/** @returns all requests for a route: its GET and each of its forms, as a document and as data */
function askedOf([id, { path, forms = [], answers, back }]: [string, RouteLine]): [
  name: string,
  Asked,
][] {
  const dataPath = `${path}${path.includes("?") ? "&" : "?"}_data=${encodeURIComponent(id)}`;
  return [["", path] as const, ["data of ", dataPath] as const].flatMap(
    ([kind, path]): [string, Asked][] => [
      [`GET ${kind}${id}`, { path, method: "GET", answers, back }],
      [`HEAD ${kind}${id}`, { path, method: "HEAD", answers, back }],
      ...forms.map((form): [string, Asked] => [
        `POST ${kind}${id}, ${form.intent ?? "its form"}`,
        { path, method: "POST", form },
      ]),
    ],
  );
}

const lines = Object.entries(ROUTES);
const guarded = lines.filter(([, { open }]) => !open).flatMap(askedOf);
const open = lines.filter(([, { open }]) => open).flatMap(askedOf);
const mentioning = (what: string) =>
  guarded.filter(([, asked]) => JSON.stringify(asked).includes(what));
const aboutSessions = mentioning("ID");
const aboutBulks = mentioning("BULK");

/** Sends a request for the session, or the bulk, with this id. */
function ask(browser: Browser, { path, method, form }: Asked, id = ""): Promise<Response> {
  const withId = (text: string) => text.replace(/ID|BULK/, id);
  if (!form) return browser.get(withId(path), { method });
  const fields = Object.entries(form).map(([name, value]) => [name, withId(value)]);
  return browser.post(withId(path), Object.fromEntries(fields) as Record<string, string>);
}

/** @returns a response without its nonce, a form's random key, and the requested id (which may be part of a link) */
async function readWhole(response: Response, id: string) {
  const nonce = /'nonce-([^']+)'/.exec(response.headers.get("Content-Security-Policy") ?? "")?.[1];
  const neutral = (text: string) =>
    text
      .replaceAll(nonce ?? "no nonce", "NONCE")
      .replaceAll(/(?<="formKey":")[^"]+/g, "KEY")
      .replaceAll(id, "ID");
  return {
    status: response.status,
    headers: [...response.headers].map(([name, value]) => [name, neutral(value)]),
    body: neutral(await response.text()),
  };
}

const ADA = "local:ada";
const BOB = "local:bob";
/** A text in every session of Ada's, and nowhere else. */
const SECRET = "classified";

/** @returns a session of Ada's with a message, whose alarm has run */
async function sessionOfAda(): Promise<SessionRow> {
  const row = await sessionOf(ADA, SECRET);
  await sessionObject(env, row.id).append(row.user_id, freshMessage(SECRET));
  await settle(row.id);
  return row;
}

async function sessionOf(userId: string, repository: string): Promise<SessionRow> {
  const result = await createSession(appEnv, userId, freshForm("remix-run", repository));
  if (result.outcome !== "created") throw new Error(`Not created: ${result.outcome}`);
  await settle(result.session.id);
  return result.session;
}

/** @returns the id of a bulk: an archiving one is finished, a deleting one is under way */
async function bulkOf(userId: string, kind: BulkKind, id: string): Promise<string> {
  const key = crypto.randomUUID();
  const result = await startBulk(appEnv, userId, { key, kind, choice: { ids: [id] } });
  if (result.outcome !== "finished" && result.outcome !== "begun") throw new Error(result.outcome);
  return result.bulk.id;
}

let ada: Browser;
/** Ids of sessions that are not Bob's, by their state. */
const notBobs: Record<string, string> = {};
/** Ids of bulks that are not Bob's, by their progress. */
const bulksOfAda: Record<string, string> = {};

beforeAll(async () => {
  // With a stopped clock, responses can be compared byte for byte. Ten minutes ahead, no alarm runs before the tests
  // end.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 10 * 60_000 });
  captureLog();
  ada = await new Browser().signIn("ada");

  notBobs["Ada's"] = (await sessionOfAda()).id;
  notBobs["Ada's, in capital letters"] = notBobs["Ada's"].toUpperCase();
  notBobs["archived by Ada"] = (await sessionOfAda()).id;
  await ada.post("/dashboard", { intent: `archive:${notBobs["archived by Ada"]}` });
  notBobs["deleted by Ada"] = (await sessionOfAda()).id;
  await deleteSession(env, ADA, notBobs["deleted by Ada"]);
  notBobs["Ada's, its row lost"] = (await sessionOfAda()).id;
  await loseRow(notBobs["Ada's, its row lost"]);
  const withoutObject = { user_id: ADA, repo_name: SECRET };
  notBobs["Ada's, its object empty"] = (await newRowWithoutObject(withoutObject)).id;
  notBobs["no UUID"] = "no-uuid";

  bulksOfAda["finished"] = await bulkOf(ADA, "archive", notBobs["archived by Ada"]);
  bulksOfAda["under way"] = await bulkOf(ADA, "delete", (await sessionOfAda()).id);
  bulksOfAda["no UUID"] = "no-uuid";
  return () => vi.useRealTimers();
});

describe("the matrix", () => {
  test("has a line for every route, with forms for those that take some", () => {
    expect(Object.keys(ROUTES).sort()).toEqual(Object.keys(routes).sort());
    const takesForms = Object.values(routes).filter(({ module }) => module.action);
    const withForms = lines.filter(([, { forms }]) => forms);
    expect(withForms.map(([id]) => id).sort()).toEqual(takesForms.map(({ id }) => id).sort());
  });
});

describe("somebody who is not signed in", () => {
  describe.each([
    ["has never been here", () => Promise.resolve(new Browser())],
    ["has the cookie of a sign-in that ended", signedOutElsewhere],
  ])("and %s", (_, open) => {
    test.each(guarded)("is led to sign in, and back again: %s", async (_, asked) => {
      const browser = await open();
      const id = notBobs["Ada's"]!;
      const before = await everythingStored();

      const answer = await ask(browser, asked, id);

      const signInPage = leadsTo(answer);
      expect(signInPage).toMatch(/^\/login\?to=/);
      expect(await answer.text()).toBe("");
      expect(await everythingStored()).toEqual(before);

      const signedIn = await browser.post(signInPage!, { name: "bob" });
      const page = new URL((asked.back ?? asked.path).replace(/ID|BULK/, id), browser.origin);
      page.searchParams.delete("_data");
      expect(leadsTo(signedIn)).toBe(page.pathname + page.search);
    });
  });

  test.each(open)("is answered: %s", async (_, asked) => {
    const answer = await ask(new Browser(), asked, crypto.randomUUID());
    expect(leadsTo(answer) ?? "").not.toMatch(/^\/login\?to=/);
    expect(await answer.text()).not.toContain(SECRET);
    expect([200, 204, 302, 400, 401, 404]).toContain(answer.status);
  });

  /** A browser with the cookie of a sign-in that has ended since. */
  async function signedOutElsewhere(): Promise<Browser> {
    const browser = await new Browser().signIn("ada");
    const stolen = new Browser();
    for (const [name, value] of browser.cookies) stolen.cookies.set(name, value);
    await browser.post("/logout", {});
    return stolen;
  }
});

describe("somebody who is signed in", () => {
  test.each(aboutSessions)(
    "is told the same of others' sessions as of none, byte for byte: %s",
    async (_, asked) => {
      const bob = await new Browser().signIn("bob");
      const missing = crypto.randomUUID();
      const before = await everythingStored();

      const expected = await readWhole(await ask(bob, asked, missing), missing);
      expect(expected.status).toBe(asked.answers ?? 404);
      for (const [whose, id] of Object.entries(notBobs)) {
        expect(await readWhole(await ask(bob, asked, id), id), whose).toEqual(expected);
      }

      expect(await everythingStored()).toEqual(before);
      expect(await inStorage(missing)).toEqual(NOTHING_STORED);
    },
  );

  test.each(aboutBulks)(
    "is told the same of others' changes to many as of none, byte for byte: %s",
    async (_, asked) => {
      const bob = await new Browser().signIn("bob");
      const missing = crypto.randomUUID();
      const before = await everythingStored();

      const expected = await readWhole(await ask(bob, asked, missing), missing);
      expect(expected.status).toBe(404);
      for (const [which, id] of Object.entries(bulksOfAda)) {
        expect(await readWhole(await ask(bob, asked, id), id), which).toEqual(expected);
      }

      expect(await everythingStored()).toEqual(before);
    },
  );

  test.each(guarded)("sees and changes what is theirs only: %s", async (_, asked) => {
    const bob = await new Browser().signIn("bob");
    const own = await sessionOf(BOB, "own");
    const before = ofAda(await everythingStored());
    const aboutBulk = JSON.stringify(asked).includes("BULK");

    const answer = await ask(bob, asked, aboutBulk ? await bulkOf(BOB, "archive", own.id) : own.id);

    if (TOO_LATE.some(({ intent }) => intent === asked.form?.intent))
      expect(answer.status).toBe(409);
    else if (asked.method === "POST" && asked.form?.intent !== "connect")
      expect(leadsTo(answer)).toMatch(
        /^\/(dashboard|session|bulk|account|login($|\?problem=deleting))/,
      );
    else expect(answer.status).toBe(asked.answers ?? 200);
    expect(await answer.text()).not.toContain(SECRET);
    expect(ofAda(await everythingStored())).toEqual(before);
    await settleBulks(BOB); // Signing in again works only once the account is deleted completely.
    if ((await inStorage(own.id)).state) await settle(own.id);
  });

  test("cannot reach others' sessions from the page of one of their own", async () => {
    const bob = await new Browser().signIn("bob");
    const own = await sessionOf(BOB, "own");
    const before = await everythingStored();
    for (const [whose, id] of Object.entries(notBobs)) {
      for (const { intent } of STATUS_CHANGES) {
        const form = { intent: intent.replace("ID", id) };
        expect((await bob.post(`/session/${own.id}`, form)).status, whose).toBe(404);
      }
    }
    expect(await everythingStored()).toEqual(before);
  });

  test("gets a session of their own by somebody else's create form", async () => {
    const bob = await new Browser().signIn("bob");
    const form = {
      key: crypto.randomUUID(),
      repoOwner: "remix-run",
      repoName: SECRET,
      another: `remix-run/${SECRET}`,
    };
    await ada.post("/dashboard/new", form);
    const answer = await bob.post("/dashboard/new", {
      ...form,
      repoName: "own",
      another: "remix-run/own",
    });
    expect(answer.status).toBe(302);
    const { results } = await env.DB.prepare("SELECT user_id FROM sessions WHERE repo_name = ?")
      .bind(SECRET)
      .all();
    expect(new Set(results.map(({ user_id }) => user_id))).toEqual(new Set([ADA]));
  });

  /** @returns what is Ada's, of everything stored */
  function ofAda({ tables, objects }: Awaited<ReturnType<typeof everythingStored>>) {
    const mentionsAda = (stored: unknown) => JSON.stringify(stored).includes(ADA);
    return {
      rows: Object.values(tables).flat().filter(mentionsAda),
      objects: Object.values(objects).filter(mentionsAda),
    };
  }
});

describe("a session's object", () => {
  /**
   * Methods that the platform calls, and methods that take an agent's token instead of a person's id: see
   * agents.test.ts.
   */
  const NOT_THE_OWNERS = [
    "constructor",
    "alarm",
    "fetch",
    "webSocketMessage",
    "webSocketClose",
    "report",
    "read",
    "readItems",
  ];
  type Method = Exclude<
    keyof SessionDO,
    keyof Rpc.DurableObjectBranded | keyof DurableObject | "alarm" | "report" | "read" | "readItems"
  >;
  type Stub = ReturnType<typeof sessionObject>;

  /** A call of each method by a stranger; `row` claims that the session is theirs. */
  const METHODS: Record<
    Method,
    (object: Stub, stranger: string, row: SessionRow) => Promise<ObjectAnswer | NoRoom>
  > = {
    initialize: async (object, _, row) => await object.initialize(row),
    snapshot: async (object, stranger) => await object.snapshot(stranger),
    conversation: async (object, stranger) => await object.conversation(stranger, undefined),
    messages: async (object, stranger) => await object.messages(stranger, 0),
    items: async (object, stranger) => await object.items(stranger, 0),
    answer: async (object, stranger) => await object.answer(stranger, 1, "yes", "Eve"),
    connectAgent: async (object, stranger) => await object.connectAgent(stranger, "Bot", KEY),
    revokeAgent: async (object, stranger) => await object.revokeAgent(stranger, 1),
    revokeAgents: async (object, stranger) => await object.revokeAgents(stranger),
    notifyPages: async (object, stranger) =>
      await object.notifyPages(stranger, { type: "changed" }),
    signedOut: async (object, stranger) => await object.signedOut(stranger, ["a sign-in"]),
    append: async (object, stranger) => await object.append(stranger, freshMessage()),
    stop: async (object, stranger) => await object.stop(stranger, "run"),
    withdraw: async (object, stranger) => await object.withdraw(stranger, 1),
    leave: async (object, stranger) => await object.leave(stranger),
    moved: async (object, stranger) =>
      await object.moved(stranger, { runner_id: "theirs", assign: 9, agent: null }),
    disconnectRunner: async (object, stranger) => await object.disconnectRunner(stranger, "theirs"),
    prepare: async (object, stranger, row) => await object.prepare(stranger, row),
    wipe: async (object, stranger) => await object.wipe(stranger),
  };

  test("has a line for every method", () => {
    const methods = Object.getOwnPropertyNames(SessionDO.prototype);
    const callable = methods.filter((name) => !NOT_THE_OWNERS.includes(name));
    expect(Object.keys(METHODS).sort()).toEqual(callable.sort());
  });

  test.each(Object.entries(METHODS))("turns a stranger away: %s", async (_, call) => {
    const stranger = freshPerson();
    const row = await sessionOf(freshPerson(), "remix");
    await sessionObject(env, row.id).append(row.user_id, freshMessage());
    for (const whatHappens of ["nothing", "it is being deleted"]) {
      if (whatHappens !== "nothing") await sessionObject(env, row.id).prepare(row.user_id);
      const before = await inStorage(row.id);
      const answer = await call(sessionObject(env, row.id), stranger, {
        ...row,
        user_id: stranger,
      });
      expect(answer, whatHappens).toEqual({ state: "foreign" });
      expect(await inStorage(row.id), whatHappens).toEqual(before);
    }
  });

  test.each([
    "snapshot",
    "conversation",
    "messages",
    "items",
    "answer",
    "append",
    "connectAgent",
    "revokeAgent",
    "revokeAgents",
    "notifyPages",
    "signedOut",
    "wipe",
  ] as const)("that was never made stays so: %s", async (method) => {
    const id = crypto.randomUUID();
    const row = { ...(await sessionOf(freshPerson(), "remix")), id };
    expect(await METHODS[method](sessionObject(env, id), row.user_id, row)).toEqual({
      state: "empty",
    });
    expect(await inStorage(id)).toEqual(NOTHING_STORED);
  });
});
