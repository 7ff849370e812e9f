/** Whatever fails during a sign-out: the person is still signed in, or nothing more is sent to that browser. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { CLOSED } from "../../app/sessions/protocol/live-messages";
import { appEnv, Browser, captureLog, ORIGIN } from "./app";
import { fireAlarmOf, settleBulks as settleDuties, storedBy } from "./bulk-support";
import { LiveSocket, watched } from "./live-support";
import {
  answerLost,
  env,
  faultyDatabase,
  faultyEnv,
  faultyPerson,
  freshMessage,
  inOrder,
  passes,
  refused,
  stopClock,
  withEnvOf,
  type Fault,
} from "./support";

const NOW = stopClock();
const NOTHING = { tables: [], alarm: null };

let name: string;
let userId: string;
let id: string;
/** A page of a session and a list, in the browser that signs out. */
let here: { browser: Browser; page: LiveSocket; list: LiveSocket };
/** The same in the person's other browser. */
let elsewhere: typeof here;

beforeEach(async () => {
  captureLog();
  name = `person-${crypto.randomUUID().slice(0, 8)}`;
  userId = `local:${name}`;
  const browser = await new Browser().signIn(name);
  id = await browser.create();
  here = await opened(browser);
  elsewhere = await opened(await new Browser().signIn(name));
});

async function opened(browser: Browser) {
  const page = await openSocket(browser, `/session/${id}/live`);
  const list = await openSocket(browser, "/dashboard/live");
  return { browser, page, list };
}

async function openSocket(browser: Browser, path: string): Promise<LiveSocket> {
  const headers = { Origin: ORIGIN, Upgrade: "websocket" };
  return new LiveSocket(await browser.get(path, { headers }));
}

/** Submits a form in a browser whose requests meet faults. */
function post(withEnv: Env, path: string, fields: Record<string, string> = {}) {
  const faulty = new Browser(withEnv);
  for (const [cookie, value] of here.browser.cookies) faulty.cookies.set(cookie, value);
  return faulty.post(path, fields);
}

function withDatabase(fault: Fault): Env {
  return { ...appEnv, DB: faultyDatabase(fault) };
}

async function expectClosed(...opened: (typeof here)[]) {
  for (const { page, list } of opened) {
    expect(await page.closed).toEqual(CLOSED.signedOut);
    expect(await list.closed).toEqual(CLOSED.signedOut);
  }
}

async function expectOpen(...opened: (typeof here)[]) {
  for (const { page, list } of opened) {
    expect(await page.isOpen()).toBe(true);
    expect(await list.isOpen()).toBe(true);
  }
}

async function isSignedIn({ browser }: typeof here): Promise<boolean> {
  return (await browser.get("/dashboard", { method: "HEAD" })).status === 200;
}

/** Runs the alarm of the person's object until no duty is left, and expects that within two minutes of the test's clock. */
async function letDutiesEnd() {
  await settleDuties(userId);
  expect(Date.now() - NOW).toBeLessThan(120_000);
}

describe("the sockets of a browser that signed out close, and no others,", () => {
  test.each<[string, () => Promise<Response>, number]>([
    ["where D1's answer was lost", () => post(withDatabase(answerLost), "/logout"), 500],
    [
      "where the person's object was told nothing more once it was done",
      () => post(faultyPerson({ finishSignOut: refused }, appEnv), "/logout"),
      302,
    ],
    [
      "where the old sign-in was replaced, and D1's answer lost",
      () => post(withDatabase(answerLost), "/login", { name: "somebody-else" }),
      500,
    ],
  ])("%s", async (_, signOut, status) => {
    expect((await signOut()).status).toBe(status);
    await letDutiesEnd();

    await expectClosed(here);
    await expectOpen(elsewhere);
    expect((await storedBy(userId)).tables).toEqual(["pages"]);
  });

  test("where the person's object could not be reached at first: they are still signed in, and sign out again", async () => {
    const unreachable = faultyPerson({ expectSignOut: refused }, appEnv);
    for (const path of ["/logout", "/login"]) {
      const answer = await post(unreachable, path, { name: "somebody-else" });
      expect(answer.status).toBe(500);
      expect(answer.headers.has("Set-Cookie")).toBe(false);
    }
    expect(await isSignedIn(here)).toBe(true);
    await expectOpen(here, elsewhere);

    await here.browser.post("/logout", {});
    await expectClosed(here);
    await expectOpen(elsewhere);
  });
});

describe("signing out everywhere closes what is open in every browser", () => {
  function everywhere(withEnv: Env) {
    return post(withEnv, "/account", { intent: "sign-out-everywhere" });
  }

  test("though D1 never said which sign-ins it has ended", async () => {
    expect((await everywhere(withDatabase(inOrder(passes, answerLost)))).status).toBe(500);
    await letDutiesEnd();
    await expectClosed(here, elsewhere);
    await vi.waitFor(async () => expect(await storedBy(userId)).toEqual(NOTHING));
  });

  test("though the last page of a session is closed before", async () => {
    await everywhere(withDatabase(inOrder(passes, answerLost)));
    for (const { page } of [here, elsewhere]) page.close();
    await vi.waitFor(async () => expect(await watched(userId)).toEqual([]));

    await letDutiesEnd();
    for (const { list } of [here, elsewhere]) expect(await list.closed).toEqual(CLOSED.signedOut);
    expect(await storedBy(userId)).toEqual(NOTHING);
  });

  test("however long a session's object or D1 cannot be reached", async () => {
    await everywhere(withDatabase(inOrder(passes, answerLost)));
    const { SESSION_DO } = faultyEnv({ signedOut: refused });
    for (const away of [{ DB: faultyDatabase(refused) }, { SESSION_DO }]) {
      await withEnvOf(
        () => personObject(env, userId),
        away,
        async () => {
          for (let step = 0; step < 10; step++) await fireAlarmOf(userId);
        },
      );
      expect(await here.page.isOpen()).toBe(true);
    }
    for (const { list } of [here, elsewhere]) expect(await list.closed).toEqual(CLOSED.signedOut);

    await settleDuties(userId);
    await expectClosed(here, elsewhere);
    await vi.waitFor(async () => expect(await storedBy(userId)).toEqual(NOTHING));
  });
});

test("if the records of sign-ins are deleted by hand, open sockets receive nothing more after an hour", async () => {
  await env.DB.prepare("DELETE FROM auth_records").run();
  vi.setSystemTime(NOW + 60 * 60_000);
  await sessionObject(env, id).append(userId, freshMessage());
  await personObject(env, userId).changed([id], userId);

  for (const { browser, page, list } of [here, elsewhere]) {
    const runs = { running: null, handled: null };
    const openedWith = [{ type: "items", items: [], agent: null, runs }];
    for (const [socket, heard] of [
      [page, openedWith],
      [list, []],
    ] as const) {
      expect(await socket.closed).toMatchObject({ code: 4010 });
      expect(await socket.heard()).toEqual(heard);
    }
    const again = await openSocket(browser, `/session/${id}/live`);
    expect(await again.heard()).toEqual([]);
    expect(await again.closed).toEqual(CLOSED.signedOut);
  }
});

test("if D1 refuses the sign-out, the sockets stay open", async () => {
  const DB = faultyDatabase(inOrder(passes, refused));
  const everywhere = { intent: "sign-out-everywhere" };
  expect((await post({ ...appEnv, DB }, "/account", everywhere)).status).toBe(500);
  await letDutiesEnd();

  for (const one of [here, elsewhere]) expect(await isSignedIn(one)).toBe(true);
  await expectOpen(here, elsewhere);
  expect((await storedBy(userId)).tables).toEqual(["pages"]);
});
