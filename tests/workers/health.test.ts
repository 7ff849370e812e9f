/** /healthz, as a monitor requests it: without a sign-in, writing nothing, and naming the part that does not answer. */
import { beforeEach, expect, test, vi } from "vitest";
import { checkHealth } from "../../app/routes/healthz/health.server";
import { appEnv, ask, captureLog, everythingStored, ORIGIN } from "./app";
import { env } from "./support";

/** 32 bytes in base64. */
const KEY = btoa("0".repeat(32));

let log: string[];

beforeEach(() => {
  log = captureLog();
});

function healthz(withEnv = appEnv, method = "GET"): Promise<Response> {
  return ask(new Request(`${ORIGIN}/healthz`, { method }), withEnv);
}

/** An Env in which every D1 batch ends as `answer` does. */
function withD1(answer: () => Promise<never>): Env {
  return {
    ...appEnv,
    DB: { prepare: (sql: string) => env.DB.prepare(sql), batch: answer } as never,
  };
}

/** An Env in which every session's object ends as `answer` does. */
function withObjects(answer: () => Promise<never>): Env {
  const SESSION_DO = { idFromName: () => "an id", get: () => ({ snapshot: answer }) };
  return { ...appEnv, SESSION_DO: SESSION_DO as never };
}

const OK = { d1: "ok", durableObject: "ok", authSecrets: "ok", tokenKeys: "ok" };

/** An Env in which signing in with GitHub is set up, with these keys for its tokens. */
function withGitHub(TOKEN_KEYS?: string): Env {
  const app = { GITHUB_CLIENT_ID: "Iv23test", GITHUB_CLIENT_SECRET: "s3cret" };
  return { ...appEnv, ...app, ...(TOKEN_KEYS !== undefined && { TOKEN_KEYS }) };
}

const broken = () => Promise.reject(new Error("secret words of the platform"));
const silent = () => new Promise<never>(() => undefined);

test("says that all is well, to anyone, for this moment only", async () => {
  const answer = await healthz();
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Content-Type")).toContain("application/json");
  expect(answer.headers.get("Cache-Control")).toBe("no-store");
  expect(answer.headers.getSetCookie()).toEqual([]);
  expect(await answer.json()).toEqual({ status: "ok", ...OK });
});

test("answers HEAD without a body", async () => {
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
  ["D1 fails", withD1(broken), { d1: "failed" }],
  ["Durable Objects fail", withObjects(broken), { durableObject: "failed" }],
])(
  "says which part is down where %s, and keeps the reason to the log",
  async (_, withEnv, parts) => {
    const answer = await healthz(withEnv);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(await answer.json()).toEqual({ status: "failed", ...OK, ...parts });
    expect(log.join()).toContain("secret words of the platform");
  },
);

test.each([
  ["D1", withD1(silent), { d1: "failed" }],
  ["a Durable Object", withObjects(silent), { durableObject: "failed" }],
])("does not wait for ever for %s", async (_, withEnv, parts) => {
  expect(await checkHealth(withEnv, 50)).toEqual({ status: "failed", ...OK, ...parts });
  expect(log.join()).toContain("No answer in 50 ms");
});

test.each([
  ["AUTH_SECRETS is not set", { ...appEnv, AUTH_SECRETS: "" }, { authSecrets: "failed" }],
  ["AUTH_SECRETS has only commas", { ...appEnv, AUTH_SECRETS: " ," }, { authSecrets: "failed" }],
  ["TOKEN_KEYS is not set", withGitHub(), { tokenKeys: "failed" }],
  ["TOKEN_KEYS is empty", withGitHub(" "), { tokenKeys: "failed" }],
  ["a key has 16 bytes", withGitHub(`1:${btoa("0".repeat(16))}`), { tokenKeys: "failed" }],
  ["a key has no id", withGitHub(KEY), { tokenKeys: "failed" }],
  ["a key’s id has a dot", withGitHub(`a.b:${KEY}`), { tokenKeys: "failed" }],
  ["one of two keys is not right", withGitHub(`1:${KEY},2:AAAA`), { tokenKeys: "failed" }],
])("fails where nobody could sign in, as %s, and names no value", async (_, withEnv, parts) => {
  const answer = await healthz(withEnv);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ status: "failed", ...OK, ...parts });
});

test("is well where every secret of a sign-in with GitHub is there", async () => {
  const withEnv = withGitHub(` new-1:${KEY} , old_1:${KEY}, `);
  expect((await healthz(withEnv)).status).toBe(200);
});

test("checks both at the same time", async () => {
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
