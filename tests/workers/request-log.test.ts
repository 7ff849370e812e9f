/** The log of requests: one line each, with its cost and without the person. */
import { beforeAll, beforeEach, expect, test } from "vitest";
import { appEnv, ask, Browser, captureLog, ORIGIN } from "./app";

const logging = { ...appEnv, LOG_REQUESTS: "true" };

let browser: Browser;
let id: string;
let log: string[];

beforeAll(async () => {
  browser = await new Browser(logging).signIn("ada");
  id = await browser.create("remix-run", "classified");
});

beforeEach(() => {
  log = captureLog();
});

/** @returns the log's lines about requests */
function requests(): unknown[] {
  const lines = log.map((line) => JSON.parse(line) as { event: string });
  return lines.filter(({ event }) => event === "request");
}

test.each([
  ["the list", "/dashboard?q=classified", "/dashboard", 200, { d1: 1, objects: 0 }],
  ["a session", "/session/ID", "/session/:id", 200, { d1: 1, objects: 1 }],
  ["its data", "/session/ID?_data=routes/session.$id", "/session/:id", 200, { d1: 1, objects: 1 }],
  ["a session that is not there", "/session/nowhere", "/session/:id", 404, { d1: 1, objects: 0 }],
  ["a page that is not there", "/ID/classified", "/*", 404, { d1: 0, objects: 0 }],
  ["what a monitor asks", "/healthz", "/healthz", 200, { d1: 1, objects: 1 }],
])("has a line for %s", async (_, path, route, status, calls) => {
  await (await browser.get(path.replace("ID", id))).text();
  const ms = expect.any(Number) as number;
  expect(requests()).toEqual([{ event: "request", method: "GET", route, status, ms, ...calls }]);
});

test("counts the writes of an action, including the check of the sign-in", async () => {
  await browser.post("/dashboard", { intent: `archive:${id}` });
  expect(requests()).toMatchObject([{ method: "POST", route: "/dashboard", status: 302, d1: 2 }]);
});

test("has a line for a socket that was opened", async () => {
  const headers = { Upgrade: "websocket", Origin: ORIGIN };
  const { webSocket } = await browser.get(`/session/${id}/live`, { headers });
  webSocket?.accept();
  webSocket?.close();
  expect(requests()).toMatchObject([{ method: "GET", route: "/session/:id/live", status: 101 }]);
});

test("has a line for a refused request", async () => {
  await browser.post(`/session/${id}`, {}, { Origin: "https://evil.example" });
  expect(requests()).toMatchObject([{ method: "POST", route: "/session/:id", status: 403, d1: 0 }]);
});

test("contains no id, query, name, cookie or text that somebody wrote", async () => {
  const key = crypto.randomUUID();
  await browser.get(`/dashboard?q=classified`);
  await browser.get(`/session/${id}`);
  await browser.post(`/session/${id}`, { intent: "send", key, text: "classified" });
  const written = JSON.stringify(requests());
  for (const secret of [id, key, "classified", "ada", "remix-run", browser.cookie]) {
    expect(written).not.toContain(secret);
  }
});

test.each([{ LOG_REQUESTS: "false" }, {}])(
  "is not written where it is not wanted: %o",
  async (vars) => {
    await ask(new Request(`${ORIGIN}/login`), { ...appEnv, ...vars });
    expect(requests()).toEqual([]);
  },
);
