/** The request gate, in front of the whole app: a refused request changes nothing, and gets a refusal. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { BODY_LIMIT } from "../../app/platform/http/request-gate";
import { appEnv, Browser, captureLog, everythingStored, leadsTo, ORIGIN } from "./app";
import { settle } from "./support";

let browser: Browser;
let id: string;
let log: string[];

beforeAll(async () => {
  // A minute ahead, no alarm runs before the tests end.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  log = captureLog();
  browser = await new Browser().signIn("ada");
  id = await browser.create();
  await settle(id);
  return () => vi.useRealTimers();
});

/** Requests that change something, in each form that a request can have. */
const CHANGES: [string, () => { path: string } & RequestInit][] = [
  ["a page's form", () => ({ path: "/dashboard", ...form({ intent: `archive:${id}` }) })],
  [
    "a data request",
    () => ({ path: "/dashboard?_data=routes%2Fdashboard", ...form({ intent: `archive:${id}` }) }),
  ],
  ["a resource route", () => ({ path: "/logout", ...form({}) })],
  ["a WebSocket upgrade", () => ({ path: `/session/${id}/live`, headers: UPGRADE })],
];

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** Ship's own address, if ORIGIN is set. */
const SHIP = "https://ship.example";

const OWN_HOST = new URL(ORIGIN).host;

const STRANGE: [string, Record<string, string>][] = [
  ["another site", { Origin: "https://evil.example" }],
  ["a subdomain", { Origin: `http://evil.${OWN_HOST}` }],
  ["another port", { Origin: "http://localhost:3000" }],
  ["https, where this is http", { Origin: `https://${OWN_HOST}` }],
  ["a sandbox", { Origin: "null" }],
  ["an empty origin", { Origin: "", "Sec-Fetch-Site": "same-origin" }],
  ["two origins", { Origin: `${ORIGIN}, https://evil.example` }],
  ["no origin at all", {}],
  ["no origin, and a referrer", { Referer: `${ORIGIN}/dashboard` }],
  ["another site, by the browser's word", { "Sec-Fetch-Site": "cross-site" }],
  ["a sibling site, by the browser's word", { "Sec-Fetch-Site": "same-site" }],
  ["no page, by the browser's word", { "Sec-Fetch-Site": "none" }],
  [
    "another site that calls itself this one",
    { Origin: "https://evil.example", "Sec-Fetch-Site": "same-origin" },
  ],
  [
    "another site by a proxy of its own",
    { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
  ],
  [
    "another site by a proxy that names this host",
    { Origin: "https://evil.example", "X-Forwarded-Host": OWN_HOST, Forwarded: `host=${OWN_HOST}` },
  ],
  ["another site as the host", { Origin: "https://evil.example", Host: "evil.example" }],
  ["no origin, by a proxy that names this host", { "X-Forwarded-Host": OWN_HOST }],
];

describe.each(CHANGES)("%s", (_, change) => {
  test.each(STRANGE)("from %s is refused", async (_, strange) => {
    const { path, ...init } = change();
    const before = await everythingStored();
    log.length = 0;

    const answer = await browser.get(path, { ...init, headers: { ...init.headers, ...strange } });

    await expectRefusal(answer, 403, "Refused");
    const { method = "GET" } = init;
    const { pathname } = new URL(path, ORIGIN);
    expect(log).toEqual([
      JSON.stringify({ event: "refused", status: 403, method, path: pathname }),
    ]);
    expect(await everythingStored()).toEqual(before);
  });

  test.each<[string, Record<string, string>]>([
    ["this origin", { Origin: ORIGIN }],
    ["this origin, whatever a proxy says", { Origin: ORIGIN, "X-Forwarded-Host": "evil.example" }],
    ["this origin, by the browser's word", { "Sec-Fetch-Site": "same-origin" }],
  ])("from %s reaches the app", async (_, headers) => {
    const visitor = await new Browser().signIn("ada");
    const { path, ...init } = change();
    const answer = await visitor.get(path, { ...init, headers: { ...init.headers, ...headers } });
    // Ada's own session: from here on, it has an open page.
    if (init.headers) expect(answer.status).toBe(101);
    else expect(leadsTo(answer)).toMatch(/^\/(dashboard(\?status=active)?|login)$/);
  });
});

describe("a method", () => {
  test.each(["PUT", "PATCH", "DELETE"])("%s from another site is refused", async (method) => {
    const before = await everythingStored();
    for (const path of ["/dashboard", "/logout", `/dashboard/delete?id=${id}`]) {
      const headers = { Origin: "https://evil.example" };
      const answer = await browser.get(path, {
        ...form({ intent: `archive:${id}` }),
        method,
        headers,
      });
      await expectRefusal(answer, 403, "Refused");
    }
    expect(await everythingStored()).toEqual(before);
  });

  test.each(["GET", "HEAD", "OPTIONS"])("%s from another site changes nothing", async (method) => {
    const before = await everythingStored();
    for (const path of ["/", "/dashboard", "/logout", "/account", `/dashboard/delete?id=${id}`]) {
      const headers = { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" };
      const answer = await browser.get(`${path}`, { method, headers });
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers.has("Access-Control-Allow-Origin")).toBe(false);
    }
    expect(await everythingStored()).toEqual(before);
  });

  test.each(["/", "/login/callback"])("POST to %s, which takes no form, is 405", async (path) => {
    expect((await browser.post(path, {})).status).toBe(405);
  });
});

describe("what is sent", () => {
  const TARGETS = ["/dashboard/new", "/dashboard/new?_data=routes%2Fdashboard.new", "/logout"];

  test.each(TARGETS)("to %s may be 256 KiB", async (path) => {
    const visitor = await new Browser().signIn("ada");
    const answer = await visitor.get(path, sized(BODY_LIMIT));
    expect(leadsTo(answer)).toMatch(/^\/(dashboard(\?status=active)?|login)$/);
  });

  describe.each<[string, (size: number) => RequestInit]>([
    ["more than that", (size) => sized(size)],
    ["more than that in pieces, without a length", (size) => inPieces(size)],
    ["more than its length says", (size) => inPieces(size, { "Content-Length": "10" })],
  ])("and is %s", (_, init) => {
    test.each(TARGETS)("is refused at %s", async (path) => {
      const before = await everythingStored();
      log.length = 0;

      const answer = await browser.get(path, init(BODY_LIMIT + 1));

      await expectRefusal(answer, 413, "Too large");
      const { pathname } = new URL(path, ORIGIN);
      expect(log).toEqual([
        JSON.stringify({ event: "refused", status: 413, method: "POST", path: pathname }),
      ]);
      expect(await everythingStored()).toEqual(before);
    });
  });

  test("and breaks off is refused", async () => {
    const before = await everythingStored();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(createForm()));
        controller.error(new Error("The connection was lost"));
      },
    });
    const answer = await browser.get("/dashboard/new", { ...sized(0), body });
    expect(answer.status).toBe(400);
    expect(await everythingStored()).toEqual(before);
  });

  /** A form of this many bytes that would create a session. */
  function sized(size: number): RequestInit {
    const body = `${createForm()}&more=`.padEnd(size, "x");
    const headers = { Origin: ORIGIN, "Content-Type": "application/x-www-form-urlencoded" };
    return { method: "POST", headers, body };
  }

  function inPieces(size: number, more: Record<string, string> = {}): RequestInit {
    const { headers, body, ...init } = sized(size);
    const stream = new Blob([body as string]).stream();
    return { ...init, headers: { ...(headers as Record<string, string>), ...more }, body: stream };
  }

  function createForm() {
    return `key=${crypto.randomUUID()}&repoOwner=remix-run&repoName=remix`;
  }
});

describe("every answer", () => {
  test.each<[string, string, RequestInit]>([
    ["a page", "/dashboard", {}],
    ["data", "/dashboard?_data=routes%2Fdashboard", {}],
    ["a redirect", "/", {}],
    ["a redirect of data", "/?index&_data=routes%2F_index", {}],
    ["what is not there", "/nowhere", {}],
    ["a damaged link", "/session/%zz", {}],
    ["what was asked wrongly", "/dashboard?status=none", {}],
    ["a method that is not taken", "/dashboard", { method: "OPTIONS" }],
    ["a refusal", "/dashboard", form({})],
  ])("has the security headers: %s", async (_, path, init) => {
    expectSecurityHeaders(await browser.get(path, init));
  });

  test("has HSTS if it came by https from a host other than loopback", async () => {
    const visitor = new Browser({ ...appEnv, ORIGIN: SHIP }, SHIP);
    for (const answer of [await visitor.get("/login"), await visitor.get("/login", form({}))]) {
      expect(answer.headers.get("Strict-Transport-Security")).toMatch(/^max-age=\d{8};/);
    }
    expect((await browser.get("/login")).headers.has("Strict-Transport-Security")).toBe(false);
  });

  test("has a new nonce", async () => {
    const answers = await Promise.all([browser.get("/dashboard"), browser.get("/dashboard")]);
    const [one, other] = answers.map(({ headers }) => headers.get("Content-Security-Policy"));
    expect(one).not.toBe(other);
  });
});

describe("a request to another host than Ship’s own", () => {
  const atShip = { ...appEnv, ORIGIN: SHIP };
  /** An Env with which reading a cookie, a row or an object fails. */
  const unread = { ...atShip, AUTH_SECRETS: "", DB: {} as never, SESSION_DO: {} as never };

  describe.each([
    "https://ship-4d2.pages.dev",
    "https://1a2b3c4d.ship-4d2.pages.dev",
    "http://ship.example",
    "https://ship.example:8443",
    "https://ship.example.evil.example",
    "https://app.localhost",
    "http://192.168.0.10:8788",
  ])("at %s", (host) => {
    test("is redirected there, unread", async () => {
      for (const [method, path] of [
        ["GET", "/"],
        ["HEAD", "/dashboard?status=all"],
        ["GET", `/session/${id}/messages?after=0`],
        ["GET", "/login/callback?code=1&state=2"],
        ["GET", "//evil.example/healthz"],
        ["GET", "/healthz?_data=root"],
      ] as const) {
        const answer = await elsewhere(host, path, { method });
        expect(answer.status, path).toBe(308);
        expect(answer.headers.get("Location")).toBe(SHIP + path);
        expectSecurityHeaders(answer);
      }
    });

    test("is refused, unread, where it could change something", async () => {
      for (const [path, init] of [
        ["/login", form({ name: "ada" })],
        ["/dashboard", form({ intent: `archive:${id}` })],
        ["/dashboard", { method: "OPTIONS" }],
        ["/dashboard", { method: "DELETE" }],
        ["/dashboard/live", { headers: UPGRADE }],
        [`/session/${id}/live`, { headers: UPGRADE }],
      ] as [string, RequestInit][]) {
        await expectRefusal(await elsewhere(host, path, init), 421, "Another address");
      }
    });

    test("gets a refusal in JSON if it is an agent's", async () => {
      const init = { ...form({ text: "Hi" }), headers: { Authorization: "Bearer ship_0" } };
      const answer = await elsewhere(host, `/session/${id}`, init);
      expect(answer.status).toBe(421);
      expect(await answer.json()).toEqual({
        error: `This Ship is at ${SHIP}: ask there. Nothing was changed.`,
      });
    });
  });

  test.each([SHIP, "http://localhost:9000", "http://127.0.0.1", "http://[::1]:8788"])(
    "is answered at %s, which is no other",
    async (host) => {
      expect((await new Browser(atShip, host).get("/login")).status).toBe(200);
    },
  );

  test("gets an answer for monitors", async () => {
    const answer = await new Browser(atShip, "https://ship-4d2.pages.dev").get("/healthz");
    expect(answer.status).toBe(200);
  });

  test.each<[string, RequestInit]>([
    ["/", {}],
    ["/healthz", {}],
    ["/login", form({ name: "ada" })],
    ["/dashboard/live", { headers: UPGRADE }],
  ])("gets the reason if ORIGIN is not set: %s", async (path, init) => {
    const answer = await elsewhere(SHIP, path, init, { ...unread, ORIGIN: "" });
    expect(await answer.clone().text()).toContain("has to set ORIGIN");
    await expectRefusal(answer, 503, "Not set up yet");
  });

  /** Sends a request to a host with the owner's cookies, as a page of that host would. */
  function elsewhere(host: string, path: string, init: RequestInit, withEnv: Env = unread) {
    const headers = { Origin: host, Cookie: browser.cookie, ...init.headers };
    return new Browser(withEnv, host).get(path, { ...init, headers });
  }
});

/** A form without an Origin. */
function form(fields: Record<string, string>): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields) };
}

/** Expects a readable refusal page, and nothing else. */
async function expectRefusal(answer: Response, status: number, title: string) {
  expect(answer.status).toBe(status);
  expect(answer.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
  expect(answer.headers.has("Set-Cookie")).toBe(false);
  expectSecurityHeaders(answer);
  const page = await answer.text();
  expect(page).toContain('<html lang="en">');
  expect(page).toContain(`<title>${title} · Ship</title>`);
  expect(page).toMatch(new RegExp(`<h1[^>]*>${title}</h1><p[^>]*>.+</p>`));
  expect(page).toContain('<a href="/dashboard?status=active"');
}

function expectSecurityHeaders({ headers }: Response) {
  expect(Object.fromEntries(headers)).toMatchObject({
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
  });
  const policy = headers.get("Content-Security-Policy") ?? "";
  expect(policy).toContain("default-src 'none'; script-src 'self' 'nonce-");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
}
