import { expect, test } from "vitest";
import { signedCookie } from "../../app/platform/http/cookies.server";
import { redirectWithFlash, readFlash, type Flash } from "../../app/platform/http/flash.server";
import { contextWith, cookieOf, get, setCookieOf } from "./support";

const FLASH: Flash = {
  text: "Archived עדה/ship 🚀.",
  undo: { action: "/dashboard?status=archived", intent: "restore:1" },
};

test("an action's message is shown on the page that it redirects to", async () => {
  const answer = await flashed();

  expect(answer.status).toBe(302);
  expect(answer.headers.get("Location")).toBe("/dashboard");
  expect((await taken(cookieOf(answer.headers))).flash).toEqual(FLASH);
});

test("it is shown once: the document that shows it clears the cookie", async () => {
  const said = setCookieOf((await flashed()).headers);
  const { headers } = await taken(cookieOf((await flashed()).headers));

  const takenAway = setCookieOf(new Headers(headers));
  expect(takenAway).toMatch(/^ship_flash=; Max-Age=0; /);
  expect(scopeOf(takenAway)).toEqual(scopeOf(said));
  expect(await taken(cookieOf(new Headers(headers)))).toEqual({ flash: null, headers: {} });
});

test("an open page gets it again if its first request is aborted, and clears the cookie itself", async () => {
  const said = (await flashed()).headers;
  for (let times = 0; times < 2; times++) {
    const { flash, headers } = await taken(cookieOf(said), "*/*");
    expect(flash).toMatchObject(FLASH);
    expect(headers).toEqual({});
    expect(flash?.clear).toMatch(/^ship_flash=; Max-Age=0; /);
    expect(flash?.clear).not.toContain("HttpOnly");
    expect(scopeOf(flash?.clear ?? "")).toEqual(scopeOf(setCookieOf(said)));
  }
});

test("a cookie of another version of Ship shows no message", async () => {
  const request = get("/dashboard");
  const cookie = signedCookie("flash", request, contextWith());
  const set = cookieOf(new Headers({ "Set-Cookie": await cookie.serialize({ words: "Hi." }) }));
  expect((await taken(set)).flash).toBeNull();
});

test.each<[string, Flash, Flash]>([
  [
    "whose Undo has a long path",
    {
      text: "Archived.",
      undo: { action: `/dashboard?q=${"a".repeat(4_000)}`, intent: "restore:1" },
    },
    { text: "Archived." },
  ],
  ["that is long", { text: "𝖠".repeat(4_000) }, { text: `${"𝖠".repeat(150)}…` }],
  ["that is long in Latin", { text: "???".repeat(4_000) }, { text: `${"???".repeat(100)}…` }],
])("one %s is made to fit into a cookie", async (_, flash, said) => {
  const { headers } = await flashed({}, flash);
  expect(setCookieOf(headers).length).toBeLessThanOrEqual(4096);
  expect((await taken(cookieOf(headers))).flash).toEqual(said);
});

test("without a message nothing is shown, and no cookie is set", async () => {
  expect(await taken("")).toEqual({ flash: null, headers: {} });
});

test("a forged cookie shows no message", async () => {
  const forged = cookieOf((await flashed({ AUTH_SECRETS: "another secret" })).headers);
  const unsigned = forged.slice(0, forged.lastIndexOf("."));

  expect((await taken(forged)).flash).toBeNull();
  expect((await taken(unsigned)).flash).toBeNull();
});

test.each(["x", "x.!"])("a damaged cookie shows no message: %s", async (value) => {
  expect((await taken(`ship_flash=${value}`)).flash).toBeNull();
});

test("its cookie expires after a minute, or when the page that shows it clears it", async () => {
  const [, ...attributes] = setCookieOf((await flashed()).headers).split("; ");
  const named = attributes.filter((attribute) => !attribute.startsWith("Expires="));
  expect(named.sort()).toEqual(["Max-Age=60", "Path=/", "SameSite=Lax"]);
});

function flashed(vars: Partial<Env> = {}, flash = FLASH) {
  return redirectWithFlash(get("/dashboard"), contextWith(vars), "/dashboard", flash);
}

/** @param accept the header that a browser sends for a document, or for the data of a page that is open */
function taken(cookie: string, accept = "text/html,*/*;q=0.8") {
  return readFlash(get("/dashboard", { Cookie: cookie, Accept: accept }), contextWith());
}

/** @returns the attributes that decide which cookie a browser replaces */
function scopeOf(setCookie: string): string[] {
  return setCookie.split("; ").filter((attribute) => /^(Path|Domain)=/.test(attribute));
}
