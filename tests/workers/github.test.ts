/** What can be tested without GitHub: how a sign-in begins and fails, and how tokens for GitHub are stored. */
import type { AppLoadContext } from "@remix-run/cloudflare";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { gitHubUserId, isGitHubUser, type GitHubTokens } from "../../app/github/client.server";
import { accessToken, disconnect, findTokens, saveTokens } from "../../app/github/tokens.server";
import { insertAuthRecord } from "../../app/auth/records.server";
import { signedCookie } from "../../app/platform/http/cookies.server";
import { write } from "../../app/platform/database.server";
import { seal, unseal } from "../../app/platform/seal.server";
import {
  appEnv,
  Browser,
  captureLog,
  everythingStored,
  leadsTo,
  ORIGIN,
  signInWithGitHub,
} from "./app";
import { env, faultyDatabase } from "./support";

/** An Enterprise Server; it never answers. */
const GITHUB = "https://github.example";

const gitHubEnv: Env = {
  ...appEnv,
  GITHUB_URL: GITHUB,
  GITHUB_API_URL: `${GITHUB}/api/v3`,
  GITHUB_CLIENT_ID: "Iv23test",
  GITHUB_CLIENT_SECRET: "a secret between Ship and GitHub",
  GITHUB_APP_SLUG: "ship",
  TOKEN_KEYS: key("k1"),
};

let log: string[];
beforeEach(() => {
  vi.restoreAllMocks();
  log = captureLog();
  vi.spyOn(globalThis, "fetch").mockRejectedValue(new Error("Nobody answers"));
});

describe("beginning to sign in", () => {
  test("sends the person to GitHub, with a state and a challenge that only this browser can meet", async () => {
    const { browser, url } = await begin();

    expect(url.origin + url.pathname).toBe(`${GITHUB}/login/oauth/authorize`);
    const { state, verifier } = heldBy(browser);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "Iv23test",
      redirect_uri: `${ORIGIN}/login/callback`,
      state,
      code_challenge_method: "S256",
      code_challenge: await challengeOf(verifier),
    });
    expect(state.length).toBeGreaterThanOrEqual(43); // 256 bits
    expect(verifier.length).toBeGreaterThanOrEqual(43);
    expect(url.href).not.toContain(verifier);
  });

  test("keeps what it sent for ten minutes, out of reach of scripts", async () => {
    const answer = await new Browser(gitHubEnv).post("/login", { intent: "github" });
    const [cookie = "", ...others] = answer.headers.getSetCookie();
    expect(others).toEqual([]);
    const [pair, ...attributes] = cookie.split("; ");
    expect(pair).toMatch(/^ship_sign_in=/);
    expect(attributes.sort()).toEqual(["HttpOnly", "Max-Age=600", "Path=/", "SameSite=Lax"]);
  });

  test("is never the same twice", async () => {
    const [one, other] = [heldBy((await begin()).browser), heldBy((await begin()).browser)];
    expect(one.state).not.toBe(other.state);
    expect(one.verifier).not.toBe(other.verifier);
  });

  test("remembers where the person wanted to be, on this origin only", async () => {
    expect(heldBy((await begin("/session/1")).browser).to).toBe("/session/1");
    expect(heldBy((await begin("//evil.example")).browser).to).toBe("/dashboard");
    expect(heldBy((await begin("/\t/evil.example")).browser).to).toBe("/dashboard");
  });

  test("remembers a long path as long as a cookie can hold it", async () => {
    const fits = `/dashboard/delete?${"id=0b7f3f0e-3f0c-4c65-9a53-3d3f4f8a1f10&".repeat(50)}`;
    expect(heldBy((await begin(fits)).browser).to).toBe(fits);
    const { browser } = await begin(`/dashboard?${"q".repeat(4_000)}`);
    expect(heldBy(browser).to).toBe("/dashboard");
    expect(browser.cookies.get("ship_sign_in")!.length).toBeLessThan(4096);
  });

  test.each([
    ["no client id", { GITHUB_CLIENT_ID: "" }],
    ["no client secret", { GITHUB_CLIENT_SECRET: "" }],
  ])("is not offered with %s", async (_, changes) => {
    const browser = new Browser({ ...gitHubEnv, ...changes });
    expect(await (await browser.get("/login")).text()).not.toContain("Continue with GitHub");
    expect((await browser.post("/login", { intent: "github" })).status).toBe(404);
    expect(browser.cookies.size).toBe(0);
  });

  test("is offered where both are set", async () => {
    const page = await (await new Browser(gitHubEnv).get("/login")).text();
    expect(page).toContain("Continue with GitHub");
  });
});

describe("coming back from GitHub", () => {
  const MISMATCH = "/login?problem=mismatch";

  test.each<[string, (state: string) => string]>([
    ["with another state", () => "code=1&state=another"],
    ["with an empty state", () => "code=1&state="],
    ["without a state", () => "code=1"],
    ["with the right state last of two", (state) => `code=1&state=another&state=${state}`],
    ["with nothing", () => ""],
  ])("%s is refused", async (_, query) => {
    const { browser } = await begin();
    const answer = await comeBack(browser, query(heldBy(browser).state));
    expect(leadsTo(answer)).toBe(MISMATCH);
    await expectRefused(browser, "mismatch");
  });

  test("in a browser that did not begin it is refused", async () => {
    const { browser } = await begin();
    const { state } = heldBy(browser);
    for (const other of [new Browser(gitHubEnv), (await begin()).browser]) {
      expect(leadsTo(await comeBack(other, `code=1&state=${state}`))).toBe(MISMATCH);
      await expectRefused(other, "mismatch");
    }
  });

  test("with a cookie that was changed, or made for something else, is refused", async () => {
    const { browser } = await begin();
    const { state } = heldBy(browser);
    const value = browser.cookies.get("ship_sign_in")!;
    const forged = encodeURIComponent(btoa(JSON.stringify({ state, verifier: "1", to: "/" })));
    const signedIn = await new Browser(gitHubEnv).signIn();
    for (const other of [
      forged,
      `${forged}.${value.split(".")[1]}`,
      value.slice(0, -8),
      signedIn.cookies.get("ship_auth")!,
    ]) {
      browser.cookies.set("ship_sign_in", other);
      expect(leadsTo(await comeBack(browser, `code=1&state=${state}`))).toBe(MISMATCH);
    }
  });

  test.each([
    ["denied", "error=access_denied&error_description=The+user+has+denied"],
    ["refused", "error=redirect_uri_mismatch"],
    ["refused", ""],
    ["refused", "code="],
    ["unavailable", "code=1"],
  ])("is %s, once, by %j", async (problem, query) => {
    const { browser } = await begin("/account");
    const back = `${query}&state=${heldBy(browser).state}`;

    expect(leadsTo(await comeBack(browser, back))).toBe(`/login?problem=${problem}&to=%2Faccount`);

    await expectRefused(browser, problem);
    expect(leadsTo(await comeBack(browser, back))).toBe(MISMATCH);
  });

  test("without success leaves who is signed in signed in", async () => {
    const browser = await new Browser(gitHubEnv).signIn();
    await browser.post("/login", { intent: "github" });
    const before = await everythingStored();
    await comeBack(browser, `error=access_denied&state=${heldBy(browser).state}`);
    expect(await everythingStored()).toEqual(before);
    expect((await browser.get("/dashboard")).status).toBe(200);
  });

  test.each([
    ["denied", "You did not let Ship see who you are at GitHub"],
    ["mismatch", "This sign-in was not begun in this browser"],
    ["refused", "GitHub did not accept this sign-in"],
    ["unavailable", "GitHub did not answer"],
  ])("%s is told on the sign-in page, which offers it again", async (problem, text) => {
    const page = await (await new Browser(gitHubEnv).get(`/login?problem=${problem}`)).text();
    expect(page).toMatch(new RegExp(`role="alert"[^>]*>${text}`));
    expect(page).toContain("Continue with GitHub");
  });

  test.each(["", "another", "__proto__", "constructor", "<script>alert(1)</script>"])(
    "%j, which is no problem, is not told",
    async (problem) => {
      const query = new URLSearchParams({ problem });
      const answer = await new Browser(gitHubEnv).get(`/login?${query}`);
      expect(answer.status).toBe(200);
      expect(await answer.text()).not.toContain('role="alert"');
    },
  );

  function comeBack(browser: Browser, query: string): Promise<Response> {
    log.length = 0;
    return browser.get(`/login/callback?${query}`, { headers: { "Sec-Fetch-Site": "cross-site" } });
  }

  /** Expects that nobody is signed in, and that the log has the reason and nothing else. */
  async function expectRefused(browser: Browser, problem: string) {
    expect(browser.cookies.has("ship_auth")).toBe(false);
    const events = log.filter((line) => !line.includes('"error"'));
    expect(events).toEqual([JSON.stringify({ event: "sign-in-refused", problem })]);
    expect((await everythingStored()).tables.github_tokens).toEqual([]);
    // GitHub is only asked about a code that came with the right state.
    expect(fetch).toHaveBeenCalledTimes(problem === "unavailable" ? 1 : 0);
  }
});

describe("coming back from GitHub with a valid code", () => {
  const ADA = { id: 4710, login: "ada", name: "Ada", avatar_url: `${GITHUB}/ada.png` };

  test("signs in, and leads to where the person wanted to be", async () => {
    const browser = new Browser(gitHubEnv);
    expect(leadsTo(await signInWithGitHub(browser, ADA, "/account"))).toBe("/account");
    expect((await browser.get("/account")).status).toBe(200);
  });

  test.each<[string, Partial<typeof ADA>, string]>([
    ["a picture at a long address", { avatar_url: `${GITHUB}/${"a".repeat(4_000)}` }, "Ada"],
    ["a long name", { name: "ß".repeat(2_000) }, "ada"],
  ])("signs in somebody with %s, by a cookie that browsers keep", async (_, long, name) => {
    const browser = new Browser(gitHubEnv);
    await signInWithGitHub(browser, { ...ADA, ...long });
    const cookie = browser.cookies.get("ship_auth")!;
    expect(cookie.length).toBeLessThan(4096);
    const [payload = ""] = decodeURIComponent(cookie).split(".");
    expect(JSON.parse(atob(payload))).toMatchObject({ login: "ada", name, avatar: null });
    expect((await browser.get("/account")).status).toBe(200);
  });
});

describe("a page", () => {
  test("may lead a form to GitHub and show people's pictures, where GitHub is configured", async () => {
    expect(await policyOf(gitHubEnv)).toMatchObject({
      "form-action": `'self' ${GITHUB}`,
      "img-src": `'self' ${GITHUB} https://avatars.githubusercontent.com`,
      "connect-src": "'self'",
    });
  });

  test("may do neither where it is not", async () => {
    expect(await policyOf(appEnv)).toMatchObject({ "form-action": "'self'", "img-src": "'self'" });
  });

  async function policyOf(withEnv: Env) {
    const { headers } = await new Browser(withEnv).get("/login");
    const directives = (headers.get("Content-Security-Policy") ?? "").split("; ");
    return Object.fromEntries(
      directives.map((directive) => {
        const [name = "", ...sources] = directive.split(" ");
        return [name, sources.join(" ")];
      }),
    );
  }
});

describe("somebody signed in with GitHub who is not connected", () => {
  test("cannot create a session, whatever they type", async () => {
    const browser = await signedInWithGitHub(4711);
    const before = await everythingStored();
    const key = crypto.randomUUID();
    const typed = await browser.post("/dashboard/new", { key, repoOwner: "a", repoName: "b" });
    expect(typed.status).toBe(400);
    expect(await typed.text()).toContain("Choose a repository.");
    const picked = await browser.post("/dashboard/new", { key, repository: "a/b" });
    expect(picked.status).toBe(503);
    expect(await picked.text()).toContain("Nothing was created.");
    expect(await everythingStored()).toEqual(before);
  });

  test("is told so in the dialog, is offered to connect, and sees their sessions", async () => {
    const browser = await signedInWithGitHub(4712);
    const dialog = await browser.get("/dashboard/new");
    expect(dialog.status).toBe(200);
    const page = await dialog.text();
    expect(page).toContain("Ship is not connected to GitHub for you any more.");
    expect(page).toContain("Connect GitHub");
    expect(page).toContain(`href="${GITHUB}/apps/ship/installations/new"`);
    expect(page).not.toContain("Repository owner");
    expect((await browser.get("/dashboard")).status).toBe(200);
  });

  /** @returns a browser signed in with GitHub, without tokens, as after disconnecting */
  async function signedInWithGitHub(id: number): Promise<Browser> {
    const user = { id: `github:${id}`, login: "ada", name: "Ada", avatar: null };
    const token = crypto.randomUUID();
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
    const hex = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
    await write(env.DB, insertAuthRecord(user, hex.join(""), Date.now()));
    const cookie = signedCookie("auth", new Request(ORIGIN), { env: gitHubEnv } as AppLoadContext);
    const [, value = ""] = /=([^;]+)/.exec(await cookie.serialize({ ...user, token })) ?? [];
    const browser = new Browser(gitHubEnv);
    browser.cookies.set("ship_auth", value);
    return browser;
  }
});

describe("a sealed value", () => {
  const ADA = "github:1";
  const KEYS = key("k1");

  test.each(["", "a token", "ключ 🔑", "x".repeat(10_000)])("opens again", async (text) => {
    const sealed = await seal(KEYS, text, ADA);
    expect(await unseal(KEYS, sealed, ADA)).toBe(text);
    if (text) expect(sealed).not.toContain(text);
  });

  test("is never the same twice", async () => {
    expect(await seal(KEYS, "a token", ADA)).not.toBe(await seal(KEYS, "a token", ADA));
  });

  test("opens for nobody else", async () => {
    const sealed = await seal(KEYS, "a token", ADA);
    for (const other of ["github:2", "github:11", "local:1", ""]) {
      expect(await unseal(KEYS, sealed, other)).toBeUndefined();
    }
  });

  test("opens by no other key, whatever that is called", async () => {
    const sealed = await seal(KEYS, "a token", ADA);
    for (const keys of [
      key("k1"),
      key("k2"),
      "k1:",
      "k1",
      "k1:AAAA",
      "k1:no base64!",
      "",
      undefined,
    ]) {
      expect(await unseal(keys, sealed, ADA), `${keys}`).toBeUndefined();
    }
  });

  test("opens by its key as long as that is listed; new ones are sealed by the first", async () => {
    const sealed = await seal(KEYS, "a token", ADA);
    const rotated = `${key("k2")},${KEYS}`;
    expect(await unseal(rotated, sealed, ADA)).toBe("a token");
    const since = await seal(rotated, "a token", ADA);
    expect(since).toMatch(/^k2\./);
    expect(await unseal(KEYS, since, ADA)).toBeUndefined();
  });

  test("does not open once any part of it was changed", async () => {
    const sealed = await seal(KEYS, "a token", ADA);
    const [id = "", nonce = "", text = ""] = sealed.split(".");
    const other = (await seal(KEYS, "another", ADA)).split(".");
    for (const damaged of [
      "",
      ".",
      "..",
      "k1",
      `${id}.${nonce}`,
      `${id}.${nonce}.`,
      `${id}..${text}`,
      `${id}.${other[1]}.${text}`,
      `${id}.${nonce}.${other[2]}`,
      `${id}.${text}.${nonce}`,
      `${id}.${nonce}.${text.slice(4)}`,
      `${id}.${nonce}.${text.slice(0, -4)}`,
      `${id}.${nonce}.${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`,
      `${id}.${nonce}.%`,
      `k2.${nonce}.${text}`,
    ]) {
      expect(await unseal(KEYS, damaged, ADA), damaged).toBeUndefined();
    }
  });

  test.each([
    ["nothing", undefined],
    ["nothing", ""],
    ["a comma", ","],
    ["a key of 16 bytes", `k1:${btoa("0".repeat(16))}`],
    ["a key of 33 bytes", `k1:${btoa("0".repeat(33))}`],
    ["a key without an id", KEYS.slice(3)],
    ["an id with a dot in it", `k.${KEYS}`],
    ["an id with a space in it", `k ${KEYS}`],
    ["a right key, and one that is not", `${KEYS},k2:AAAA`],
  ])("is nothing with %s for keys", async (_, wrong) => {
    await expect(seal(wrong, "a token", ADA)).rejects.toThrow(
      "TOKEN_KEYS is not set, or not right",
    );
  });

  test("opens whatever spaces and commas stand around the keys", async () => {
    const sealed = await seal(` ${KEYS} ,`, "a token", ADA);
    expect(await unseal(`${key("k0")}, ${KEYS}\n`, sealed, ADA)).toBe("a token");
  });
});

describe("a person's access to GitHub", () => {
  const NOW = Date.now();
  const HOUR = 60 * 60_000;
  const TOKENS: GitHubTokens = { access: "ghu_access", refresh: null, expiresAt: NOW + HOUR };

  test("is kept so that the database alone does not give it away", async () => {
    const user = await keep(TOKENS);
    expect(await stillHas(user)).toEqual({ value: "ghu_access" });
    expect(JSON.stringify(await everythingStored())).not.toContain("ghu_");
    expect(log.join("\n")).not.toContain("ghu_");
  });

  test("is replaced by the next sign-in's", async () => {
    const user = await keep(TOKENS);
    await keep({ ...TOKENS, access: "ghu_newer" }, user);
    expect(await stillHas(user)).toEqual({ value: "ghu_newer" });
  });

  test("works for nobody else, even where their row was exchanged", async () => {
    const [ada, bob] = [await keep(TOKENS), await keep({ ...TOKENS, access: "ghu_bob" })];
    await env.DB.prepare(
      "UPDATE github_tokens SET sealed = (SELECT sealed FROM github_tokens WHERE user_id = ?) WHERE user_id = ?",
    )
      .bind(ada, bob)
      .run();
    expect(await stillHas(bob)).toEqual({ problem: "refused" });
  });

  test("is gone with its key", async () => {
    const user = await keep(TOKENS);
    expect(await stillHas(user, { ...gitHubEnv, TOKEN_KEYS: key("k2") })).toEqual({
      problem: "refused",
    });
  });

  test("ends with its token where there is nothing to renew it with", async () => {
    const user = await keep(TOKENS);
    expect(await stillHas(user, gitHubEnv, NOW + HOUR)).toEqual({ problem: "refused" });
  });

  test("is not given up where GitHub cannot be asked to renew it", async () => {
    const user = await keep({ ...TOKENS, refresh: "ghr_refresh" });
    expect(await stillHas(user, gitHubEnv, NOW + HOUR)).toEqual({ problem: "unavailable" });
    expect(await stillHas(user)).toEqual({ value: "ghu_access" });
    expect(log.join("\n")).not.toMatch(/gh[ur]_/);
  });

  test("that never ends needs no renewing", async () => {
    const user = await keep({ ...TOKENS, expiresAt: null });
    expect(await stillHas(user, gitHubEnv, NOW + 1000 * HOUR)).toEqual({ value: "ghu_access" });
  });

  test("is renewed by one of two requests at once, and both have it", async () => {
    const user = await keep({ ...TOKENS, refresh: "ghr_refresh" });
    let answerFirst: (answer: Response) => void = () => {};
    // A refresh token works once.
    vi.spyOn(globalThis, "fetch")
      .mockReturnValueOnce(new Promise((resolve) => (answerFirst = resolve)))
      .mockResolvedValueOnce(Response.json({ error: "bad_refresh_token" }));
    // The first one's response comes only after the second has looked for new tokens in vain.
    const DB = faultyDatabase(async (call) => {
      const answer = await call();
      answerFirst(Response.json({ access_token: "ghu_renewed", refresh_token: "ghr_next" }));
      return answer;
    });
    const atOnce = () => stillHas(user, { ...gitHubEnv, DB }, NOW + HOUR);

    const answers = await Promise.all([atOnce(), atOnce()]);

    expect(answers).toEqual([{ value: "ghu_renewed" }, { value: "ghu_renewed" }]);
    expect(await stillHas(user, gitHubEnv, NOW + HOUR)).toEqual({ value: "ghu_renewed" });
  });

  test.each<[string, Partial<GitHubTokens> | null, number | "none", string]>([
    ["revoked, where GitHub has done so", {}, 204, "revoked"],
    ["forgotten, where GitHub does not know it any more", {}, 404, "forgotten"],
    ["forgotten, where it has ended", { expiresAt: NOW - HOUR }, "none", "forgotten"],
    ["not connected, where there is none", null, "none", "not-connected"],
    ["still connected, where GitHub is down", {}, 503, "unavailable"],
  ])("given up is reported as %s", async (_, tokens, status, outcome) => {
    const user = tokens ? await keep({ ...TOKENS, ...tokens }) : "github:0";
    vi.mocked(fetch).mockImplementation(() =>
      Promise.resolve(new Response(null, { status: Number(status) })),
    );

    expect(await disconnect(gitHubEnv, user, NOW)).toBe(outcome);

    expect(fetch).toHaveBeenCalledTimes(status === "none" ? 0 : 1);
    const left = await findTokens(env.DB, user);
    expect(left !== undefined).toBe(outcome === "unavailable");
  });

  test("is of another person where the same number is another GitHub's", () => {
    const idAt = (GITHUB_URL: string) => gitHubUserId({ ...gitHubEnv, GITHUB_URL }, 7);
    expect(idAt("https://github.com")).toBe("github:7");
    expect(idAt("https://git.example/")).toBe("github:7@git.example");
    expect(isGitHubUser(idAt("https://git.example:8443"))).toBe(true);
  });

  test("is missing if no tokens are stored", async () => {
    expect(await stillHas("github:0")).toEqual({ problem: "refused" });
  });

  /** @returns the person's id */
  async function keep(tokens: GitHubTokens, user = `github:${crypto.randomUUID()}`) {
    await write(env.DB, [await saveTokens(gitHubEnv, user, tokens, NOW)]);
    return user;
  }

  async function stillHas(user: string, withEnv = gitHubEnv, now = NOW) {
    return accessToken(withEnv, await findTokens(env.DB, user), now);
  }
});

/** A new key of that id, as TOKEN_KEYS lists it. */
function key(id: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `${id}:${btoa(String.fromCharCode(...bytes))}`;
}

/** Begins to sign in with GitHub. @returns the browser, and the address that it was redirected to */
async function begin(to?: string) {
  const browser = new Browser(gitHubEnv);
  const query = to === undefined ? "" : `?${new URLSearchParams({ to })}`;
  const answer = await browser.post(`/login${query}`, { intent: "github" });
  return { browser, url: new URL(leadsTo(answer) ?? "") };
}

/** @returns what the browser's cookie holds while the person is at GitHub */
function heldBy({ cookies }: Browser) {
  const [payload = ""] = decodeURIComponent(cookies.get("ship_sign_in") ?? "").split(".");
  return JSON.parse(atob(payload)) as { state: string; verifier: string; to: string };
}

async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(hash)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace("=", "");
}
