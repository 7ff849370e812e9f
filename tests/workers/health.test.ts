/** /healthz, as a monitor asks it: nobody signed in, nothing written, a clear word when a part does not answer. */
import { beforeEach, expect, test, vi } from "vitest";
import { checkHealth } from "../../app/sessions/health.server";
import { appEnv, ask, captureLog, everythingStored, ORIGIN } from "./app";
import { env } from "./support";

let log: string[];

beforeEach(() => {
  log = captureLog();
});

function healthz(withEnv = appEnv, method = "GET"): Promise<Response> {
  return ask(new Request(`${ORIGIN}/healthz`, { method }), withEnv);
}

/** Every D1 batch ends as `answer` does. */
function withD1(answer: () => Promise<never>): Env {
  return {
    ...appEnv,
    DB: { prepare: (sql: string) => env.DB.prepare(sql), batch: answer } as never,
  };
}

/** Every session's object answers as `answer` does. */
function withObjects(answer: () => Promise<never>): Env {
  const SESSION_DO = { idFromName: () => "an id", get: () => ({ snapshot: answer }) };
  return { ...appEnv, SESSION_DO: SESSION_DO as never };
}

const broken = () => Promise.reject(new Error("secret words of the platform"));
const silent = () => new Promise<never>(() => undefined);

test("says that all is well, to anyone, for this moment only", async () => {
  const answer = await healthz();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Content-Type")).toContain("application/json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await answer.json()).toEqual({ status: "ok", d1: "ok", durableObject: "ok" });
});

test("can be asked without its words", async () => {
  const answer = await healthz(appEnv, "HEAD");
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe("");
});

test("leaves nothing behind", async () => {
  const before = await everythingStored();
  await healthz();
  expect(await everythingStored()).toEqual(before);
});

test.each([
  ["D1 fails", withD1(broken), { d1: "failed", durableObject: "ok" }],
  ["Durable Objects fail", withObjects(broken), { d1: "ok", durableObject: "failed" }],
])(
  "says which part is down where %s, and keeps the reason to the log",
  async (_, withEnv, parts) => {
    const answer = await healthz(withEnv);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(await answer.json()).toEqual({ status: "failed", ...parts });
    expect(log.join()).toContain("secret words of the platform");
  },
);

test.each([
  ["D1", withD1(silent), { d1: "failed", durableObject: "ok" }],
  ["a Durable Object", withObjects(silent), { d1: "ok", durableObject: "failed" }],
])("does not wait for ever for %s", async (_, withEnv, parts) => {
  expect(await checkHealth(withEnv, 50)).toEqual({ status: "failed", ...parts });
  expect(log.join()).toContain("No answer in 50 ms");
});

test("asks both at the same time", async () => {
  const asked: string[] = [];
  const noted = (part: string) => () => {
    asked.push(part);
    return silent();
  };
  const { DB } = withD1(noted("d1"));
  const { SESSION_DO } = withObjects(noted("object"));
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    const health = checkHealth({ ...appEnv, DB, SESSION_DO });
    expect(asked).toEqual(["d1", "object"]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await health).status).toBe("failed");
  } finally {
    vi.useRealTimers();
  }
});
