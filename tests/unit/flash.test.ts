import { expect, test } from "vitest";
import { redirectWithFlash, takeFlash, type Flash } from "../../app/platform/http/flash.server";
import { contextWith, cookieOf, get, setCookieOf } from "./support";

const FLASH: Flash = {
  text: "Archived עדה/ship 🚀.",
  undo: { action: "/dashboard?status=archived", intent: "restore:1" },
};

test("what an action has to say is said on the page it leads to", async () => {
  const answer = await flashed();

  expect(answer.status).toBe(302);
  expect(answer.headers.get("Location")).toBe("/dashboard");
  expect((await taken(cookieOf(answer.headers))).flash).toEqual(FLASH);
});

test("it is said once: the page that says it takes the cookie away", async () => {
  const said = setCookieOf((await flashed()).headers);
  const { headers } = await taken(cookieOf((await flashed()).headers));

  const takenAway = setCookieOf(new Headers(headers));
  expect(takenAway).toMatch(/^ship_flash=; Max-Age=0; /);
  expect(scopeOf(takenAway)).toEqual(scopeOf(said));
  expect(await taken(cookieOf(new Headers(headers)))).toEqual({ flash: null, headers: {} });
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

test("nothing is said, and no cookie set, where no action had anything to say", async () => {
  expect(await taken("")).toEqual({ flash: null, headers: {} });
});

test("nobody else puts words into the app's mouth", async () => {
  const forged = cookieOf((await flashed({ AUTH_SECRETS: "another secret" })).headers);
  const unsigned = forged.slice(0, forged.lastIndexOf("."));

  expect((await taken(forged)).flash).toBeNull();
  expect((await taken(unsigned)).flash).toBeNull();
});

test.each(["x", "x.!"])("a damaged flash says nothing: %s", async (value) => {
  expect((await taken(`ship_flash=${value}`)).flash).toBeNull();
});

test("its cookie is out of reach of scripts and gone after a minute", async () => {
  const [, ...attributes] = setCookieOf((await flashed()).headers).split("; ");
  const named = attributes.filter((attribute) => !attribute.startsWith("Expires="));
  expect(named.sort()).toEqual(["HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax"]);
});

function flashed(vars: Partial<Env> = {}, flash = FLASH) {
  return redirectWithFlash(get("/dashboard"), contextWith(vars), "/dashboard", flash);
}

function taken(cookie: string) {
  return takeFlash(get("/dashboard", { Cookie: cookie }), contextWith());
}

/** What decides which cookie a browser replaces. */
function scopeOf(setCookie: string): string[] {
  return setCookie.split("; ").filter((attribute) => /^(Path|Domain)=/.test(attribute));
}
