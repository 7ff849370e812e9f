/** Signing in and out through the whole app: what is stored, how long it lasts, and which cookies are refused. */
import type { AppLoadContext } from "@remix-run/cloudflare";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { signedCookie } from "../../app/platform/http/cookies.server";
import { appEnv, Browser, captureLog, everythingStored, leadsTo, ORIGIN } from "./app";
import { env, faultyDatabase, inOrder, passes, refused, stopClock } from "./support";

const NOW = stopClock();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let log: string[];
beforeEach(() => {
  log = captureLog();
});

describe("a sign-in", () => {
  test("is stored with the hash of its token, and the token is stored nowhere", async () => {
    const name = freshName();
    const browser = await new Browser().signIn(name);

    const { token } = contentOf(browser);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(await recordsOf(name)).toEqual([
      {
        token_hash: await sha256(token),
        user_id: `local:${name}`,
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW + 30 * DAY,
      },
    ]);
    expect(JSON.stringify(await everythingStored())).not.toContain(token);
  });

  test("has a new token each time, and is of the same person", async () => {
    const name = freshName();
    const browsers = [await new Browser().signIn(name), await new Browser().signIn(name)];
    expect(new Set(browsers.map((browser) => contentOf(browser).token)).size).toBe(2);
    expect(await recordsOf(name)).toHaveLength(2);
    const { results } = await env.DB.prepare("SELECT * FROM users WHERE login = ?")
      .bind(name)
      .all();
    expect(results).toEqual([
      { id: `local:${name}`, login: name, name, avatar: null, created_at: NOW },
    ]);
  });

  test("ends the previous sign-in of this browser", async () => {
    const browser = await new Browser().signIn();
    const before = copyOf(browser);
    await browser.signIn(freshName());
    expect(await isSignedIn(browser)).toBe(true);
    expect(await isSignedIn(before)).toBe(false);
  });

  test("does not use a token that somebody planted in this browser", async () => {
    const attacker = await new Browser().signIn(freshName());
    const victim = copyOf(attacker);
    const name = freshName();
    await victim.signIn(name);
    expect(contentOf(victim).token).not.toBe(contentOf(attacker).token);
    expect(await isSignedIn(attacker)).toBe(false);
    expect(await recordsOf(name)).toHaveLength(1);
  });

  test.each([
    "",
    " ",
    "-ada",
    "ada-",
    "ada lovelace",
    "ada/../bob",
    "github:1",
    "å",
    "a".repeat(40),
  ])("needs a proper name, not %j", async (name) => {
    const before = await everythingStored();
    const browser = new Browser();
    expect((await browser.post("/login", { name })).status).toBe(400);
    expect(browser.cookies.size).toBe(0);
    expect(await everythingStored()).toEqual(before);
  });
});

test("a download without a sign-in saves no sign-in page, and leads back to the session", async () => {
  const browser = await new Browser().signIn();
  const id = await browser.create();
  const page = await (await browser.get(`/session/${id}`)).text();
  const [link = ""] = /<a [^>]*\/export"[^>]*>/.exec(page) ?? [];
  expect(link).not.toContain("download=");
  const file = await browser.get(`/session/${id}/export`);
  expect(file.headers.get("Content-Disposition")).toMatch(/^attachment; filename="[^"]+\.json"$/);

  browser.cookies.clear();
  const answer = await browser.get(`/session/${id}/export`);
  expect(answer.status).toBe(302);
  expect(answer.headers.get("Content-Disposition")).toBeNull();
  expect(leadsTo(answer)).toBe(`/login?${new URLSearchParams({ to: `/session/${id}` })}`);
});

describe("signing in by name", () => {
  test.each<[string, Env, string, Record<string, string>]>([
    ["at another host", at("https://ship.example"), "https://ship.example", {}],
    [
      "at a host that begins alike",
      at("http://localhost.evil.example"),
      "http://localhost.evil.example",
      {},
    ],
    ["at another address", at("http://10.0.0.1:8788"), "http://10.0.0.1:8788", {}],
    [
      "at another host, by a proxy on this machine",
      at("https://ship.example"),
      "https://ship.example",
      { "X-Forwarded-Host": "localhost", Forwarded: "host=localhost;for=127.0.0.1" },
    ],
    ["where it was not asked for", { ...appEnv, LOCAL_SIGN_IN: "false" }, ORIGIN, {}],
    ["where nothing is said of it", without("LOCAL_SIGN_IN"), ORIGIN, {}],
  ])("is not offered %s", async (_, withEnv, origin, headers) => {
    const before = await everythingStored();
    const browser = new Browser(withEnv, origin);
    const page = await (await browser.get("/login", { headers })).text();
    expect(page).toContain("No way to sign in is set up here yet.");
    expect(page).not.toContain("Continue locally");
    const answer = await browser.post("/login", { name: "ada" }, { Origin: origin, ...headers });
    expect(answer.status).toBe(404);
    expect(browser.cookies.size).toBe(0);
    expect(await everythingStored()).toEqual(before);
  });

  test.each(["http://localhost:8788", "http://127.0.0.1:8788", "http://[::1]:8788"])(
    "is offered at %s",
    async (origin) => {
      const browser = await new Browser(appEnv, origin).signIn();
      expect(await isSignedIn(browser)).toBe(true);
    },
  );
});

describe("the cookie of a sign-in", () => {
  test.each([
    [ORIGIN, "ship_auth", ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax"]],
    [
      "https://localhost:8788",
      "__Host-ship_auth",
      ["HttpOnly", "Max-Age=34560000", "Path=/", "SameSite=Lax", "Secure"],
    ],
  ])(
    "is protected by its attributes at %s, and cleared by its own name",
    async (origin, name, expected) => {
      const browser = new Browser(appEnv, origin);
      expect(cookieSetBy(await browser.post("/login", { name: "ada" }))).toEqual({
        name,
        expected,
      });
      const gone = cookieSetBy(await browser.post("/logout", {}));
      expect(gone.name).toBe(name);
      expect(gone.expected.filter((attribute) => !/^(Max-Age|Expires)/.test(attribute))).toEqual(
        expected.filter((attribute) => !attribute.startsWith("Max-Age")),
      );
    },
  );

  test("is refused over https by the name that it has over http", async () => {
    const { value } = onlyCookie(await new Browser().signIn());
    const secure = new Browser(appEnv, "https://localhost:8788");
    secure.cookies.set("ship_auth", value);
    expect(await isSignedIn(secure)).toBe(false);
  });

  test("is valid as long as its secret is listed, and signed by the first", async () => {
    const withSecrets = (AUTH_SECRETS: string) => ({ ...appEnv, AUTH_SECRETS });
    const browser = await new Browser(withSecrets("old")).signIn();
    expect(await isSignedIn(copyOf(browser, withSecrets("new, old")))).toBe(true);
    expect(await isSignedIn(copyOf(browser, withSecrets("new")))).toBe(false);
    const since = await new Browser(withSecrets("new, old")).signIn();
    expect(await isSignedIn(copyOf(since, withSecrets("new")))).toBe(true);
  });

  test.each([undefined, "", " , "])(
    "is never made or believed with %j as secrets",
    async (none) => {
      const withoutSecrets = { ...appEnv, AUTH_SECRETS: none as string };
      const browser = await new Browser().signIn();
      expect((await copyOf(browser, withoutSecrets).get("/dashboard")).status).toBe(500);
      const stranger = new Browser(withoutSecrets);
      expect((await stranger.post("/login", { name: "ada" })).status).toBe(500);
      expect(stranger.cookies.size).toBe(0);
    },
  );

  test("is refused if a single character was changed", async () => {
    const { name, value } = onlyCookie(await new Browser().signIn());
    const [payload = "", signature = ""] = decodeURIComponent(value).split(".");
    // The last character of the signature has unused bits, and "=" is padding.
    const characters = [...payload, ".", ...signature.slice(0, -2)];
    const index = fc.nat({ max: characters.length - 1 });
    const other = fc.constantFrom(..."ABCDwxyz0189+/.= ");
    await fc.assert(
      fc.asyncProperty(index, other, async (index, other) => {
        fc.pre(characters[index] !== other);
        const changed = characters.with(index, other).join("") + signature.slice(-2);
        const browser = new Browser();
        browser.cookies.set(name, encodeURIComponent(changed));
        expect(await isSignedIn(browser)).toBe(false);
      }),
    );
  });

  test("is refused if it was issued for something else", async () => {
    const browser = await new Browser().signIn();
    await browser.post("/dashboard", { intent: `archive:${await browser.create()}` });
    const flash = browser.cookies.get("ship_flash");
    expect(flash).toBeDefined();
    const pretender = new Browser();
    pretender.cookies.set("ship_auth", flash!);
    expect(await isSignedIn(pretender)).toBe(false);
  });

  test("is refused if its record is somebody else's", async () => {
    const attacker = await new Browser().signIn();
    const victim = await new Browser().signIn();
    const { id, login, name } = contentOf(victim);
    const mixed = { ...contentOf(attacker), id, login, name };
    expect(await isSignedIn(await holding(mixed))).toBe(false);
    expect(await isSignedIn(await holding(contentOf(attacker)))).toBe(true);
  });

  test.each<[string, unknown]>([
    ["no token", { id: "local:ada", login: "ada", name: "Ada", avatar: null }],
    ["a token that no record has", { ...ada(), token: "0".repeat(64) }],
    ["a token that is no text", { ...ada(), token: ["0"] }],
    ["text", "local:ada"],
    ["nothing", null],
  ])("is refused if it holds %s, although properly signed", async (_, content) => {
    expect(await isSignedIn(await holding(content))).toBe(false);
  });

  function ada() {
    return { id: "local:ada", login: "ada", name: "Ada", avatar: null };
  }
});

describe("a sign-in lasts", () => {
  test("thirty days without a visit", async () => {
    const browser = await new Browser().signIn();
    vi.setSystemTime(NOW + 30 * DAY - 1);
    expect(await isSignedIn(copyOf(browser), "HEAD")).toBe(true);
    const another = await new Browser().signIn();
    vi.setSystemTime(NOW + 60 * DAY - 1);
    expect(await isSignedIn(another)).toBe(false);
  });

  test("as long as it is used, thirty days from each visit", async () => {
    const name = freshName();
    const browser = await new Browser().signIn(name);
    for (const days of [29, 58, 87]) {
      vi.setSystemTime(NOW + days * DAY);
      expect(await isSignedIn(browser), `day ${days}`).toBe(true);
    }
    expect(await recordsOf(name)).toMatchObject([
      { created_at: NOW, last_seen_at: NOW + 87 * DAY, expires_at: NOW + 117 * DAY },
    ]);
    vi.setSystemTime(NOW + 117 * DAY);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test("and its record goes with somebody's next sign-in", async () => {
    const [early, late] = [freshName(), freshName()];
    await new Browser().signIn(early);
    vi.setSystemTime(NOW + DAY);
    await new Browser().signIn(late);

    vi.setSystemTime(NOW + 30 * DAY);
    await new Browser().signIn();
    expect(await recordsOf(early)).toEqual([]);
    expect(await recordsOf(late)).toHaveLength(1);
  });

  test("and a visit is stored at most once an hour", async () => {
    const name = freshName();
    const browser = await new Browser().signIn(name);
    const seenAfter = async (minutes: number) => {
      vi.setSystemTime(NOW + minutes * MINUTE);
      expect(await isSignedIn(browser)).toBe(true);
      const [record] = await recordsOf(name);
      return (Number(record?.last_seen_at) - NOW) / MINUTE;
    };
    expect(await seenAfter(1)).toBe(0);
    expect(await seenAfter(60)).toBe(0);
    expect(await seenAfter(61)).toBe(61);
    expect(await seenAfter(90)).toBe(61);
    expect(await seenAfter(121)).toBe(61);
    expect(await seenAfter(122)).toBe(122);
  });

  test("even if a visit cannot be stored", async () => {
    const browser = await new Browser().signIn();
    vi.setSystemTime(NOW + DAY);
    const DB = faultyDatabase(inOrder(passes, refused));
    expect(await isSignedIn(copyOf(browser, { ...appEnv, DB }))).toBe(true);
  });
});

describe("signing out", () => {
  test("invalidates the cookie, for reading and for changing", async () => {
    const name = freshName();
    const browser = await new Browser().signIn(name);
    const id = await browser.create();
    const stolen = copyOf(browser);
    const bystander = await new Browser().signIn(name);

    const answer = await browser.post("/logout", {});

    expect(leadsTo(answer)).toBe("/login");
    expect(browser.cookies.has("ship_auth")).toBe(false);
    const before = await everythingStored();
    expect(await isSignedIn(stolen)).toBe(false);
    const change = await stolen.post("/dashboard", { intent: `archive:${id}` });
    expect(leadsTo(change)).toBe("/login?to=%2Fdashboard");
    expect(await everythingStored()).toEqual(before);
    expect(await isSignedIn(bystander)).toBe(true);
  });

  test("twice has the same effect as once", async () => {
    const browser = await new Browser().signIn();
    const stolen = copyOf(browser);
    await browser.post("/logout", {});
    expect(leadsTo(await stolen.post("/logout", {}))).toBe("/login");
    expect(leadsTo(await new Browser().post("/logout", {}))).toBe("/login");
  });

  test("everywhere ends all of a person's sign-ins, and nobody else's", async () => {
    const name = freshName();
    const browsers = [await new Browser().signIn(name), await new Browser().signIn(name)];
    const other = await new Browser().signIn();

    const answer = await browsers[0]!.post("/account", { intent: "sign-out-everywhere" });

    expect(leadsTo(answer)).toBe("/login");
    expect(await recordsOf(name)).toEqual([]);
    for (const browser of browsers) expect(await isSignedIn(browser)).toBe(false);
    expect(await isSignedIn(other)).toBe(true);
  });

  test("is not reported if the database refused it", async () => {
    const browser = await new Browser().signIn();
    const DB = faultyDatabase(refused);
    const answer = await copyOf(browser, { ...appEnv, DB }).post("/logout", {});
    expect(answer.status).toBe(500);
    expect(answer.headers.has("Set-Cookie")).toBe(false);
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe("a sign-in leads", () => {
  const WAYS: [string, (to: string) => Promise<Response>][] = [
    ["by the form", (to) => new Browser().post(signInPage(to), { name: "ada" })],
    [
      "by the form, sent by Remix's client",
      (to) => new Browser().post(`${signInPage(to)}&_data=routes%2Flogin`, { name: "ada" }),
    ],
    ["by being signed in already", async (to) => (await signedIn).get(signInPage(to))],
  ];
  let signedIn: Promise<Browser>;
  beforeEach(() => {
    signedIn = new Browser().signIn();
  });

  describe.each(WAYS)("%s", (_, signIn) => {
    test.each(["/dashboard?status=archived", "/session/1#end", "/dashboard/new", "/%2F/evil"])(
      "to where one wanted to be: %s",
      async (to) => {
        expect(leadsTo(await signIn(to))).toBe(to);
      },
    );

    test.each([
      "//evil.example",
      "///evil.example",
      "//localhost:8788@evil.example",
      "/\\evil.example",
      "\\\\evil.example",
      "/\t/evil.example",
      "/\n/evil.example",
      "/\r\nLocation: https://evil.example",
      "\t//evil.example",
      " //evil.example",
      "/\u0000/evil.example",
      "/\u2028/evil.example",
      "https://evil.example",
      "https:evil.example",
      "javascript:alert(1)",
      "data:text/html,evil",
      "evil.example",
      "@evil.example",
      ".evil.example",
      "",
    ])("to the dashboard and not to %j", async (to) => {
      expect(leadsTo(await signIn(to))).toBe("/dashboard");
    });
  });

  test("never away from this origin, whatever path is requested", async () => {
    const browser = await signedIn;
    const parts = [
      "/",
      "\\",
      ":",
      "@",
      "?",
      "#",
      ".",
      "%",
      "2f",
      "09",
      "\t",
      "\n",
      " ",
      "evil.example",
      "http",
    ];
    const wanted = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string()), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(wanted, async (words) => {
        const to = leadsTo(await browser.get(signInPage(`/${words.join("")}`)));
        expect(to).toMatch(/^\/[\x21-\x7e]*$/);
        expect(new URL(to!, ORIGIN).origin).toBe(ORIGIN);
      }),
      { numRuns: 300 },
    );
  });

  function signInPage(to: string): string {
    return `/login?${new URLSearchParams({ to })}`;
  }
});

test("each event is logged as one line with the person's id, never a token or a cookie", async () => {
  const name = freshName();
  const browser = await new Browser().signIn(name);
  const secrets = [contentOf(browser).token, onlyCookie(browser).value];
  await browser.post("/logout", {});
  await browser.signIn(name);
  secrets.push(contentOf(browser).token, onlyCookie(browser).value);
  await browser.post("/account", { intent: "sign-out-everywhere" });

  const user = `local:${name}`;
  expect(log.map((line) => JSON.parse(line) as unknown)).toEqual([
    { event: "sign-in", user },
    { event: "sign-out", user },
    { event: "sign-in", user },
    { event: "sign-out-everywhere", user },
  ]);
  for (const secret of secrets) expect(log.join("\n")).not.toContain(secret);
});

function freshName(): string {
  return `person-${crypto.randomUUID().slice(0, 8)}`;
}

/** The Env of a Ship with this address. */
function at(ORIGIN: string): Env {
  return { ...appEnv, ORIGIN };
}

function without(name: keyof Env): Env {
  const entries = Object.entries(appEnv).filter(([key]) => key !== name);
  return Object.fromEntries(entries) as unknown as Env;
}

async function isSignedIn(browser: Browser, method = "GET"): Promise<boolean> {
  const answer = await browser.get("/dashboard", { method });
  if (answer.status !== 200) expect(leadsTo(answer)).toBe("/login?to=%2Fdashboard");
  return answer.status === 200;
}

/** Another browser with the same cookies. */
function copyOf(browser: Browser, withEnv = browser.env): Browser {
  const copy = new Browser(withEnv, browser.origin);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return copy;
}

/** A browser whose sign-in cookie has this content, properly signed. */
async function holding(content: unknown): Promise<Browser> {
  const cookie = signedCookie("auth", new Request(ORIGIN), { env: appEnv } as AppLoadContext);
  const [, value = ""] = /^ship_auth=([^;]+)/.exec(await cookie.serialize(content)) ?? [];
  const browser = new Browser();
  browser.cookies.set("ship_auth", value);
  return browser;
}

function onlyCookie({ cookies }: Browser) {
  const [[name, value] = ["", ""], ...others] = cookies;
  expect(others).toEqual([]);
  return { name, value };
}

/** @returns the content of a browser's sign-in cookie, which is signed but not encrypted */
function contentOf({ cookies }: Browser) {
  const [payload = ""] = decodeURIComponent(cookies.get("ship_auth") ?? "").split(".");
  return JSON.parse(atob(payload)) as { id: string; login: string; name: string; token: string };
}

/** @returns the name and the attributes of the only cookie that a response sets */
function cookieSetBy({ headers }: Response) {
  const [line = "", ...others] = headers.getSetCookie();
  expect(others).toEqual([]);
  const [pair = "", ...attributes] = line.split("; ");
  return { name: pair.split("=")[0], expected: attributes.sort() };
}

async function recordsOf(name: string) {
  const query = env.DB.prepare("SELECT * FROM auth_records WHERE user_id = ?");
  return (await query.bind(`local:${name}`).all()).results;
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
