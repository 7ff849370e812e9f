/** All agents of a person: their number, and revoking all their tokens. */
import { beforeEach, describe, expect, test } from "vitest";
import { countAgents } from "../../app/sessions/bulk/connected-agents.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appEnv, ask, Browser, captureLog, leadsTo, ORIGIN } from "./app";
import { settleBulks, storedBy, withoutBulks } from "./bulk-support";
import {
  env,
  faultyPerson,
  newRows,
  newRowWithoutObject,
  newSession,
  refused,
  settle,
  stopClock,
} from "./support";

stopClock();

let ada: Browser;
let userId: string;
/** The two sessions that have agents. */
let first: string;
let second: string;
/** Their agents' tokens: two of the first session, one of the second. */
let tokens: string[];

beforeEach(async () => {
  captureLog();
  const name = `ada-${crypto.randomUUID().slice(0, 8)}`;
  userId = `local:${name}`;
  ada = await new Browser().signIn(name);
  first = (await newSession(userId)).id;
  second = (await newSession(userId)).id;
  await newSession(userId);
  tokens = [await connect(first), await connect(first), await connect(second)];
  await settle(first);
  await settle(second);
});

async function connect(id: string): Promise<string> {
  const made = await sessionObject(env, id).connectAgent(userId, "Builder", crypto.randomUUID());
  return made.state === "ready" ? (made.token ?? "") : "";
}

/** @returns the statuses of a report by each token */
function reports(by = tokens): Promise<number[]> {
  return Promise.all(
    by.map(async (token) => {
      const id = token === tokens[2] ? second : first;
      const headers = { Authorization: `Bearer ${token}` };
      const body = new URLSearchParams({ status: "working" });
      return (await ask(new Request(`${ORIGIN}/session/${id}`, { method: "POST", headers, body })))
        .status;
    }),
  );
}

async function pageAt(path: string): Promise<string> {
  return (await (await ada.get(path)).text()).replaceAll("<!-- -->", "");
}

/** A browser with the same cookies, whose app has another Env. */
function adaWith(withEnv: Partial<Env>): Browser {
  const browser = new Browser({ ...appEnv, ...withEnv });
  for (const [name, value] of ada.cookies) browser.cookies.set(name, value);
  return browser;
}

describe("the account page", () => {
  test("says how many sessions have agents, and how many agents these are", async () => {
    await newSession();
    expect(await countAgents(env.DB, userId)).toEqual({ sessions: 2, agents: 3, unknown: 0 });
    const page = await pageAt("/account");
    expect(page).toContain("2 sessions have agents connected.");
    expect(page).toMatch(
      /<input type="checkbox"[^>]* checked=""[^>]*\/> Also revoke the tokens of 3 agents/,
    );
  });

  test("says “at least” while sessions from before agents were counted have an unknown number", async () => {
    await newRows(userId, 2);
    const page = await pageAt("/account");
    expect(page).toContain("At least 2 sessions have agents connected");
    expect(page).toContain("Also revoke the tokens of at least 3 agents");
  });

  test("does not say that there are none if the number is unknown", async () => {
    ada = await new Browser().signIn("grace");
    await newRows("local:grace", 1);
    const page = await pageAt("/account");
    expect(page).toContain("It is not known yet which of your sessions have agents connected.");
    expect(page).toContain("Also revoke the tokens of all agents");
  });

  test("offers nothing to revoke where no session has agents", async () => {
    ada = await new Browser().signIn();
    expect(await pageAt("/account")).not.toContain("tokens of");
    const answer = await ada.post("/account", { intent: "revoke-agents" });
    expect(leadsTo(answer)).toBe("/account");
    expect(await pageAt("/account")).toContain("No agent is connected.");
  });
});

describe("revoking the tokens of all agents", () => {
  test("ends every one of them, and shows the progress", async () => {
    await newRowWithoutObject({ user_id: userId, agent_tokens: null });
    const path = leadsTo(await ada.post("/account", { intent: "revoke-agents" }))!;
    expect(path).toMatch(/^\/bulk\/[0-9a-f-]{36}\?status=active$/);
    expect(await pageAt(path)).toContain("Revoking the agents’ tokens of 3 sessions");
    expect(await pageAt("/dashboard")).toContain(
      "Revoking the agents’ tokens of 3 sessions is not finished yet.",
    );

    await settleBulks(userId);

    expect(await reports()).toEqual([401, 401, 401]);
    const page = await pageAt(path);
    expect(page).toContain("Revoked the agents’ tokens of 3 sessions.");
    expect(page).not.toContain("Undo");
    expect((await ada.post("/dashboard", { intent: `undo:${path.slice(6)}` })).status).toBe(404);
    await settle(first);
    await settle(second);
    expect(await countAgents(env.DB, userId)).toMatchObject({ sessions: 0, agents: 0 });
    expect(await storedBy(userId)).toEqual({ tables: [], alarm: null });
  });

  test("closes their sockets", async () => {
    const headers = { Authorization: `Bearer ${tokens[2]}`, Upgrade: "websocket" };
    const { webSocket } = await ask(new Request(`${ORIGIN}/session/${second}/live`, { headers }));
    const closed = new Promise((resolve) =>
      webSocket?.addEventListener("close", ({ code }) => resolve(code)),
    );
    webSocket?.accept();
    await ada.post("/account", { intent: "revoke-agents" });
    await settleBulks(userId);
    expect(await closed).toBe(4003);
  });

  test("again ends those that were connected since", async () => {
    await ada.post("/account", { intent: "revoke-agents" });
    await settleBulks(userId);
    const since = await connect(first);
    await settle(first);

    await ada.post("/account", { intent: "revoke-agents" });
    await settleBulks(userId);

    expect(await reports([since])).toEqual([401]);
  });

  test("is not reported if Ship did not answer", async () => {
    for (const broken of [faultyPerson({ expectBulk: refused }), withoutBulks()]) {
      const answer = await adaWith(broken).post("/account", { intent: "revoke-agents" });
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain("Try again; it is safe.");
    }
    expect(await reports()).toEqual([201, 201, 201]);
  });
});

describe("signing out everywhere", () => {
  test("revokes the tokens of all agents, too, where that is ticked", async () => {
    const answer = await ada.post("/account", { intent: "sign-out-everywhere", agents: "1" });
    expect(leadsTo(answer)).toBe("/login");
    expect(leadsTo(await ada.get("/account"))).toMatch(/^\/login/);
    await settleBulks(userId);
    expect(await reports()).toEqual([401, 401, 401]);
  });

  test("revokes them, too, if the person's object was only told to expect it", async () => {
    const browser = adaWith(faultyPerson({ runBulk: refused }));
    await browser.post("/account", { intent: "sign-out-everywhere", agents: "1" });
    await settleBulks(userId);
    expect(await reports()).toEqual([401, 401, 401]);
  });

  test("leaves agents as they are where it is not ticked", async () => {
    await ada.post("/account", { intent: "sign-out-everywhere" });
    await settleBulks(userId);
    expect(await reports()).toEqual([201, 201, 201]);
  });

  test("signs out, too, where no agent is connected", async () => {
    ada = await new Browser().signIn();
    const answer = await ada.post("/account", { intent: "sign-out-everywhere", agents: "1" });
    expect(leadsTo(answer)).toBe("/login");
  });

  test("does not sign out where agents cannot be revoked", async () => {
    const browser = adaWith(faultyPerson({ expectBulk: refused }));
    const answer = await browser.post("/account", { intent: "sign-out-everywhere", agents: "1" });
    expect(answer.status).toBe(503);
    expect((await ada.get("/account")).status).toBe(200);
  });
});
