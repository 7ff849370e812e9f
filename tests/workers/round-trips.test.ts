import { expect, test } from "vitest";
import { appEnv, ask, Browser, leadsTo, ORIGIN } from "./app";
import { freshPerson, newRowWithoutObject, newRunner } from "./support";

/** An Env that counts calls to D1 and to objects. */
function counting() {
  const asked = { d1: 0, objects: 0 };
  const DB = new Proxy(appEnv.DB, {
    get(d1, name) {
      if (name === "batch") asked.d1 += 1;
      const value: unknown = Reflect.get(d1, name);
      return typeof value === "function" ? (value.bind(d1) as unknown) : value;
    },
  });
  const SESSION_DO = new Proxy(appEnv.SESSION_DO, {
    get(namespace, name) {
      if (name === "get") asked.objects += 1;
      const value: unknown = Reflect.get(namespace, name);
      return typeof value === "function" ? (value.bind(namespace) as unknown) : value;
    },
  });
  return { asked, env: { ...appEnv, DB, SESSION_DO } };
}

test.each([
  ["the list", "/dashboard", { d1: 1, objects: 0 }],
  ["the archived ones", "/dashboard?status=archived", { d1: 1, objects: 0 }],
  ["all sessions by repository", "/dashboard?status=all&sort=repository", { d1: 1, objects: 0 }],
  ["a search in one repository", "/dashboard?q=remix&repo=a/b", { d1: 1, objects: 0 }],
  ["the idle ones", "/dashboard?idle=7", { d1: 1, objects: 0 }],
  ["the deletion of the account", "/account/delete", { d1: 1, objects: 0 }],
  ["the create dialog for a repository", "/dashboard/new?repo=a/b", { d1: 1, objects: 0 }],
  ["the create dialog over the list", "/dashboard/new", { d1: 1, objects: 0 }],
  ["what the create dialog offers", "/dashboard/new/repositories", { d1: 1, objects: 0 }],
  ["the delete dialog over the list", "/dashboard/delete?id=ID", { d1: 1, objects: 1 }],
  ["a change to many", "/bulk/BULK", { d1: 1, objects: 0 }],
  ["a session", "/session/ID", { d1: 1, objects: 1 }],
  ["the rename dialog", "/session/ID/rename", { d1: 1, objects: 1 }],
  ["the account", "/account", { d1: 1, objects: 0 }],
])("%s costs one round trip to D1, including the check of the sign-in", async (_, path, cost) => {
  const { asked, env } = counting();
  const browser = await new Browser(env).signIn();
  const id = await browser.create();
  const bulk = await archived(browser, id);
  await browser.get("/dashboard"); // Consumes the flash message.

  Object.assign(asked, { d1: 0, objects: 0 });
  const response = await browser.get(path.replace("ID", id).replace("BULK", bulk));

  expect(response.status).toBe(200);
  expect(asked).toEqual(cost);
});

test.each([
  ["a session, whose page is one round trip quicker for it", "/session/ID", 1],
  ["the delete dialog", "/dashboard/delete?id=ID", 1],
  ["the delete dialog of many", "/dashboard/delete?id=ID&id=OTHER", 0],
  ["a download", "/session/ID/export", 0],
  ["a live socket", "/session/ID/live", 0],
])(
  "the cookie of one who signed out shows nothing, and asks no more than one object: %s",
  async (_, path, objects) => {
    const { asked, env } = counting();
    const browser = await new Browser(env).signIn();
    const [id, other] = [await browser.create(), await browser.create("remix-run", "indie-stack")];
    const stolen = new Browser(env);
    for (const [name, value] of browser.cookies) stolen.cookies.set(name, value);
    await browser.post("/logout", {});

    Object.assign(asked, { d1: 0, objects: 0 });
    const headers = { Origin: ORIGIN, Upgrade: "websocket" };
    const response = await stolen.get(path.replace("ID", id).replace("OTHER", other), {
      headers: path.endsWith("/live") ? headers : {},
    });

    expect(asked).toEqual({ d1: 1, objects });
    expect(leadsTo(response) ?? response.webSocket).toBeTruthy();
  },
);

test("the socket of a runner costs one round trip to D1, and one object", async () => {
  const { asked, env } = counting();
  const user_id = freshPerson();
  const runner = await newRunner(user_id);
  const { id } = await newRowWithoutObject({ user_id, runner_id: runner.id, assign: 1 });
  const headers = { Upgrade: "websocket", Authorization: `Bearer ${runner.token}` };

  const answer = await ask(new Request(`${ORIGIN}/runner/sessions/${id}/live`, { headers }), env);

  expect(answer.status).toBe(101);
  expect(asked).toEqual({ d1: 1, objects: 1 });
});

/** Archives a session. @returns the id of the bulk that did it */
async function archived(browser: Browser, id: string): Promise<string> {
  const key = crypto.randomUUID();
  await browser.post("/dashboard", { intent: "archive-selected", key, id });
  const page = await (await browser.get("/dashboard")).text();
  return /undo:([0-9a-f-]{36})/.exec(page)?.[1] ?? "";
}
