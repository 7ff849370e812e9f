/** ALLOWED_USERS: at sign-in, on every page, and for the tokens of people's agents. */
import { beforeEach, describe, expect, test } from "vitest";
import { isAllowed } from "../../app/platform/users.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import type { CompanionEnv } from "../../durable-objects/env";
import {
  appEnv,
  ask,
  Browser,
  captureLog,
  everythingStored,
  leadsTo,
  signInWithGitHub,
} from "./app";
import {
  env,
  faultyDatabase,
  fireAlarm,
  freshForm,
  inStorage,
  refused,
  settle,
  stopClock,
  withObjectEnv,
} from "./support";

const ADA = { id: 4711, login: "Ada-L", name: "Ada", avatar_url: "https://github.com/ada.png" };
const USER = `github:${ADA.id}`;
const SHIP = "https://ship.example";
const NOT_ALLOWED = "/login?problem=not-allowed&to=%2Faccount";

const LISTED: [string, string][] = [
  ["anybody", "*"],
  ["her id", "583231, 4711"],
  ["her login", "octocat,ada-l"],
];
const NOT_LISTED: [string, string | undefined][] = [
  ["nobody", ""],
  ["nothing", undefined],
  ["other ids", "471,47110,4712"],
  ["other logins", "ada,ada-l2,l"],
  ["her name", "Ada Lovelace,local:ada"],
];

stopClock();

let log: string[];
beforeEach(() => {
  log = captureLog();
});

/** The Env of a deployed Ship that lists these people. */
function shipOf(ALLOWED_USERS: string | undefined): Env {
  const app = { GITHUB_CLIENT_ID: "Iv23test", GITHUB_CLIENT_SECRET: "s3cret" };
  const TOKEN_KEYS = `1:${btoa("0".repeat(32))}`;
  return { ...appEnv, ...app, TOKEN_KEYS, ORIGIN: SHIP, ALLOWED_USERS } as Env;
}

test("an id at an Enterprise Server is nobody's at github.com, nor the other way round", () => {
  const [here, there] = [USER, `${USER}@github.example`].map((id) => ({ id, login: "ada" }));
  expect([isAllowed("4711", here!), isAllowed("4711", there!)]).toEqual([true, false]);
  const list = "4711@GitHub.example";
  expect([isAllowed(list, here!), isAllowed(list, there!)]).toEqual([false, true]);
});

describe("signing in with GitHub", () => {
  test.each(LISTED)("works where ALLOWED_USERS lists %s", async (_, list) => {
    const browser = new Browser(shipOf(list), SHIP);
    expect(leadsTo(await signInWithGitHub(browser, ADA, "/account"))).toBe("/account");
    expect((await browser.get("/account")).status).toBe(200);
  });

  test.each(NOT_LISTED)(
    "is refused in words, and nothing is kept, where it lists %s",
    async (_, list) => {
      const before = await everythingStored();
      const browser = new Browser(shipOf(list), SHIP);
      expect(leadsTo(await signInWithGitHub(browser, ADA, "/account"))).toBe(NOT_ALLOWED);
      expect(browser.cookies.size).toBe(0);
      expect(await everythingStored()).toEqual(before);
      const refusal = { event: "sign-in-refused", problem: "not-allowed", user: USER };
      expect(log).toEqual([JSON.stringify(refusal)]);

      const page = await (await browser.get(NOT_ALLOWED)).text();
      expect(page).toMatch(/role="alert"[^>]*>You may not use this Ship with this account\./);
    },
  );

  test("leads back to Ship’s own address", async () => {
    const begun = await new Browser(shipOf("*"), SHIP).post("/login", { intent: "github" });
    const { searchParams } = new URL(leadsTo(begun) ?? "");
    expect(searchParams.get("redirect_uri")).toBe(`${SHIP}/login/callback`);
  });

  test("takes digits in the list for an id, and never for somebody’s login", async () => {
    const browser = new Browser(shipOf("583231"), SHIP);
    const mallory = { ...ADA, id: 1, login: "583231" };
    expect(leadsTo(await signInWithGitHub(browser, mallory, "/account"))).toBe(NOT_ALLOWED);
  });
});

describe("somebody who is signed in", () => {
  const signedIn = async () => {
    const browser = new Browser(shipOf("*"), SHIP);
    await signInWithGitHub(browser, ADA);
    return browser;
  };

  test.each(LISTED)("goes on where the list is of %s", async (_, list) => {
    const { cookies } = await signedIn();
    expect((await holding(cookies, shipOf(list)).get("/account")).status).toBe(200);
  });

  test.each(NOT_LISTED)("does not where it is of %s", async (_, list) => {
    const { cookies } = await signedIn();
    const browser = holding(cookies, shipOf(list));
    const before = await everythingStored();
    expect(leadsTo(await browser.get("/account"))).toBe(NOT_ALLOWED);
    expect(leadsTo(await browser.post("/account", { intent: "sign-out-everywhere" }))).toBe(
      NOT_ALLOWED,
    );
    expect(leadsTo(await browser.get("/"))).toBe("/login");
    expect(await everythingStored()).toEqual(before);
  });

  test("is told Ship’s own address, for agents", async () => {
    const browser = await signedIn();
    const id = await sessionOf(USER);
    const page = await (await browser.get(`/session/${id}`)).text();
    expect(page).toContain(`${SHIP}/session/${id}`);
  });

  test("by name is let in by LOCAL_SIGN_IN alone, on this machine alone", async () => {
    const browser = await new Browser(shipOf("")).signIn("ada-l");
    expect((await browser.get("/account")).status).toBe(200);
    const { cookies } = browser;
    const off = { ...shipOf("*"), LOCAL_SIGN_IN: "false" };
    expect(leadsTo(await holding(cookies, off, browser.origin).get("/account"))).toBe(NOT_ALLOWED);
    const [value = ""] = cookies.values();
    const elsewhere = holding(new Map([["__Host-ship_auth", value]]), shipOf("*,ada-l"));
    expect(leadsTo(await elsewhere.get("/account"))).toBe(NOT_ALLOWED);
  });

  function holding(cookies: Map<string, string>, withEnv: Env, origin = SHIP): Browser {
    const browser = new Browser(withEnv, origin);
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    return browser;
  }
});

describe("an agent’s token", () => {
  let id: string;
  let token: string;

  beforeEach(async () => {
    await signInWithGitHub(new Browser(shipOf("*"), SHIP), ADA);
    id = await sessionOf(USER);
    const made = await sessionObject(env, id).connectAgent(USER, "Builder", crypto.randomUUID());
    token = (made.state === "ready" && made.token) || "";
    await settle(id);
  });

  test.each(LISTED)("works where the list is of %s", async (_, list) => {
    await withList(list, async () => {
      expect(await answers()).toEqual([201, 200, 101]);
      await settle(id);
      expect(await answers()).toEqual([201, 200, 101]);
    });
  });

  test.each(NOT_LISTED)(
    "is refused, and ended by the alarm, where it is of %s",
    async (_, list) => {
      const before = await inStorage(id);
      await withList(list, async () => {
        expect(await answers()).toEqual([401, 401, 401]);
        expect(await inStorage(id)).toEqual(before);
        await fireAlarm(id);
      });
      expect(await answers()).toEqual([401, 401, 401]);
      expect(await sessionObject(env, id).conversation(USER, undefined)).toMatchObject({
        tokens: [],
      });
    },
  );

  test("closes its sockets when it is revoked", async () => {
    const socket = (await sent("/live", { headers: { Upgrade: "websocket" } })).webSocket!;
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    socket.accept();
    await withList("", () => fireAlarm(id));
    expect((await closed).code).toBe(4003);
  });

  test("is neither accepted nor revoked if D1 has to be asked about a login and does not answer", async () => {
    await withList(
      "ada-l",
      async () => {
        expect(await answers()).toEqual([503, 503, 503]);
        await fireAlarm(id);
      },
      { DB: faultyDatabase(refused) },
    );
    expect(await answers()).toEqual([201, 200, 101]);
  });

  function withList<Result>(
    list: string | undefined,
    run: () => Promise<Result>,
    more: Partial<CompanionEnv> = {},
  ) {
    return withObjectEnv(id, { ALLOWED_USERS: list, ...more }, run);
  }

  /** @returns the statuses of a report, of reading and of listening */
  async function answers(): Promise<number[]> {
    const body = new URLSearchParams({ status: "working", key: "1" });
    const all = [
      await sent("", { method: "POST", body }),
      await sent("/messages", {}),
      await sent("/live", { headers: { Upgrade: "websocket" } }),
    ];
    const socket = all[2]?.webSocket;
    socket?.accept();
    socket?.close();
    return all.map(({ status }) => status);
  }

  function sent(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${token}`);
    const request = new Request(`${SHIP}/session/${id}${path}`, { ...init, headers });
    return ask(request, shipOf("*"));
  }
});

async function sessionOf(userId: string): Promise<string> {
  const result = await createSession(env, userId, freshForm());
  if (result.outcome !== "created") throw new Error(`Not created: ${result.outcome}`);
  return result.session.id;
}
