import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findUser,
  offersLocalSignIn,
  safePath,
  signIn,
  signInInput,
  signOut,
  verifySession,
} from "../../app/auth/auth.server";
import { redirectWithFlash } from "../../app/platform/flash.server";
import { checkFields } from "../../app/platform/form.server";
import { contextWith, cookieOf, get, NOW, setCookieOf, thrownBy } from "./support";

const DAY = 24 * 60 * 60 * 1000;
const ADA = { id: "local:ada", name: "ada" };

describe("a name to sign in by", () => {
  test.each([
    ["ada", "ada"],
    ["  Ada ", "ada"],
    ["A", "a"],
    ["0", "0"],
    ["ada-l", "ada-l"],
    ["ada--l", "ada--l"],
    ["a".repeat(39), "a".repeat(39)],
  ])("may be %j", (typed, taken) => {
    expect(checkFields(signInInput, { name: typed }).values).toEqual({ name: taken });
  });

  const MISSING = "Enter a name.";
  const LONG = "A name has at most 39 characters.";
  const SHAPE = "A name has letters and digits, with hyphens between them.";
  test.each([
    ["missing", {}, MISSING],
    ["empty", { name: "" }, MISSING],
    ["spaces", { name: " \t " }, MISSING],
    ["of 40 characters", { name: "a".repeat(40) }, LONG],
    ["of 1 MB", { name: "a".repeat(2 ** 20) }, LONG],
    ["begun by a hyphen", { name: "-ada" }, SHAPE],
    ["ended by a hyphen", { name: "ada-" }, SHAPE],
    ["with a space in it", { name: "ada l" }, SHAPE],
    ["with an underscore in it", { name: "ada_l" }, SHAPE],
    ["with a colon in it", { name: "local:ada" }, SHAPE],
    ["with a null byte in it", { name: "ada\0" }, SHAPE],
    ["with a line break in it", { name: "ada\nbob" }, SHAPE],
    ["with an accent", { name: "adá" }, SHAPE],
    ["an emoji", { name: "🚀" }, SHAPE],
    ["right-to-left text", { name: "עדה" }, SHAPE],
  ])("is told about where it is %s", (_, typed, told) => {
    expect(checkFields(signInInput, typed).errors).toEqual({ name: told });
  });
});

describe("signing in by name alone", () => {
  test.each([
    "http://localhost:8788/login",
    "http://LOCALHOST/login",
    "https://localhost/login",
    "http://127.0.0.1:8788/login",
    "http://[::1]:8788/login",
  ])("is offered at %s", (url) => {
    expect(offersLocalSignIn(get(url), contextWith({ LOCAL_SIGN_IN: "true" }))).toBe(true);
  });

  test.each([
    "https://ship.example/login",
    "http://localhost.evil.example/login",
    "http://evil-localhost/login",
    "http://app.localhost/login",
    "http://127.0.0.1.nip.io/login",
    "http://127.0.0.1.evil.example/login",
    "http://0.0.0.0/login",
    "http://10.0.0.1/login",
    "http://192.168.0.10:8788/login",
    "http://[::ffff:10.0.0.1]/login",
    "https://ship.example/login?host=localhost",
    "https://ship.example/localhost",
  ])("is not offered at %s", (url) => {
    expect(offersLocalSignIn(get(url), contextWith({ LOCAL_SIGN_IN: "true" }))).toBe(false);
  });

  test.each(["localhost", "127.0.0.1"])("is not offered for a header that claims %s", (host) => {
    const headers = { "X-Forwarded-Host": host, Forwarded: `host=${host}`, Host: host };
    const request = get("https://ship.example/login", headers);
    expect(offersLocalSignIn(request, contextWith({ LOCAL_SIGN_IN: "true" }))).toBe(false);
  });

  test.each([undefined, "", "false", "1", "TRUE"])("is not offered with the flag %j", (flag) => {
    const vars = flag === undefined ? {} : { LOCAL_SIGN_IN: flag };
    expect(offersLocalSignIn(get("/login"), contextWith(vars))).toBe(false);
  });
});

describe("the sign-in cookie", () => {
  test("names the person, who is taken to where they wanted to go", async () => {
    const answer = await signIn(get("/login"), contextWith(), "ada", "/session/1?before=3");

    expect(answer.status).toBe(302);
    expect(answer.headers.get("Location")).toBe("/session/1?before=3");
    expect(await userOf(cookieOf(answer.headers))).toEqual(ADA);
  });

  test("is out of reach of scripts and of other sites' forms, for 30 days", async () => {
    const [, ...attributes] = setCookieOf((await signedIn()).headers).split("; ");
    expect(attributes.sort()).toEqual(["HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=Lax"]);
  });

  test("travels by https only where it was made by https", async () => {
    const answer = await signIn(get("https://ship.example/login"), contextWith(), "ada", "/");
    expect(setCookieOf(answer.headers)).toMatch(/; Secure(;|$)/);
  });

  test.each(["", "other=1", "ship_auth=", "ship_authx=1", "ship_auth"])(
    "names nobody where a request has only %j",
    async (header) => {
      expect(await userOf(header)).toBeUndefined();
    },
  );

  test.each(["x", "x.y", "x.!", "%ZZ", "%00.%00", "."])(
    "names nobody where it is damaged: %s",
    async (value) => {
      expect(await userOf(`ship_auth=${value}`)).toBeUndefined();
    },
  );

  test("is not believed where another name was put in", async () => {
    const [ofAda, ofBob] = await Promise.all([signedValue("ada"), signedValue("bob")]);
    expect(await userOf(cookie(`${ofBob.payload}.${ofAda.signature}`))).toBeUndefined();
    expect(await userOf(cookie(`${ofAda.payload}.${ofAda.signature}`))).toEqual(ADA);
  });

  test("is not believed unsigned", async () => {
    const { payload } = await signedValue("ada");
    expect(await userOf(cookie(payload))).toBeUndefined();
    expect(await userOf(cookie(`${payload}.`))).toBeUndefined();
  });

  test("is not believed signed for something else", async () => {
    const said = await redirectWithFlash(get("/"), contextWith(), "/", { text: "Hello" });
    const [, value] = cookieOf(said.headers).split("=");
    expect(await userOf(`ship_auth=${value}`)).toBeUndefined();
  });

  test("is believed as long as its secret is listed, and no longer", async () => {
    const old = cookieOf((await signedIn({ AUTH_SECRETS: "old" })).headers);
    expect(await userOf(old, { AUTH_SECRETS: "new,old" })).toEqual(ADA);
    expect(await userOf(old, { AUTH_SECRETS: "new" })).toBeUndefined();
  });

  test("is signed by the first secret listed", async () => {
    const made = cookieOf((await signedIn({ AUTH_SECRETS: "new,old" })).headers);
    expect(await userOf(made, { AUTH_SECRETS: "new" })).toEqual(ADA);
    expect(await userOf(made, { AUTH_SECRETS: "old" })).toBeUndefined();
  });

  test("is outdated after 30 days, whatever the browser keeps", async () => {
    const made = cookieOf((await signedIn()).headers);
    expect(await userOf(made, {}, NOW + 30 * DAY - 1)).toEqual(ADA);
    expect(await userOf(made, {}, NOW + 30 * DAY)).toBeUndefined();
  });

  test.each([undefined, "", ",", " , "])(
    "is never read or made with %j as secrets",
    async (none) => {
      const context = contextWith({ AUTH_SECRETS: none as string });
      await expect(findUser(get("/dashboard"), context)).rejects.toThrow("AUTH_SECRETS is not set");
      await expect(signIn(get("/login"), context, "ada", "/")).rejects.toThrow(
        "AUTH_SECRETS is not set",
      );
    },
  );

  test("is taken away on signing out", async () => {
    const answer = await signOut(get("/logout"), contextWith());

    expect(answer.headers.get("Location")).toBe("/login");
    expect(setCookieOf(answer.headers)).toMatch(/^ship_auth=; Max-Age=0; Path=\/;/);
  });
});

describe("a page that is guarded", () => {
  test("knows who is signed in", async () => {
    const made = cookieOf((await signedIn()).headers);
    expect(await verifySession(get("/dashboard", { Cookie: made }), contextWith())).toEqual(ADA);
  });

  test.each([
    ["/dashboard", "/dashboard"],
    ["/dashboard?status=archived&cursor=1.x", "/dashboard?status=archived&cursor=1.x"],
    ["/session/1?before=31&_data=routes%2Fsession.%24id", "/session/1?before=31"],
    ["/dashboard?_data=routes%2Fdashboard", "/dashboard"],
    ["/dashboard?q=a%26b", "/dashboard?q=a%26b"],
  ])("sends a stranger to sign in, and from there back to %s", async (path, back) => {
    const answer = await thrownBy(() => verifySession(get(path), contextWith()));

    expect(answer.status).toBe(302);
    const login = new URL(answer.headers.get("Location")!, "http://localhost:8788");
    expect(login.pathname).toBe("/login");
    expect(login.searchParams.get("to")).toBe(back);
  });
});

describe("where a person says they want to go", () => {
  test.each([
    "/",
    "/dashboard?status=archived",
    "/session/1?before=3#m2",
    "/a//b",
    "/@evil.example",
  ])("may be %s", (wanted) => {
    expect(safePath(wanted)).toBe(wanted);
  });

  test.each([
    null,
    "",
    "dashboard",
    "https://evil.example/",
    "HTTPS:evil.example",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "\u0000//evil.example",
    "javascript:alert(1)",
  ])("is the dashboard instead of %j", (wanted) => {
    expect(safePath(wanted)).toBe("/dashboard");
  });

  test("never leaves this origin, as a browser reads it", () => {
    const origin = "http://localhost:8788";
    const traps = fc.constantFrom("/", "\\", "\t", "\n", "\r", " ", "\0", ".", ":", "@", "?", "#");
    const unit = fc.oneof(traps, fc.constantFrom("evil.example", "https:", "%2f", "a", "。", "／"));
    const slashed = fc.array(unit, { maxLength: 8 }).map((parts) => `/${parts.join("")}`);
    fc.assert(
      fc.property(fc.oneof(slashed, fc.string({ unit: "binary" })), (wanted) => {
        expect(new URL(safePath(wanted), origin).origin).toBe(origin);
      }),
      { numRuns: 1_000 },
    );
  });
});

function signedIn(vars: Partial<Env> = {}) {
  return signIn(get("/login"), contextWith(vars), "ada", "/dashboard");
}

function userOf(cookie: string, vars: Partial<Env> = {}, now = NOW) {
  return findUser(get("/dashboard", { Cookie: cookie }), contextWith(vars, now));
}

/** The two parts of the cookie's value for a person of this name. */
async function signedValue(name: string) {
  const { headers } = await signIn(get("/login"), contextWith(), name, "/dashboard");
  const value = decodeURIComponent(cookieOf(headers).replace("ship_auth=", ""));
  const dot = value.lastIndexOf(".");
  return { payload: value.slice(0, dot), signature: value.slice(dot + 1) };
}

function cookie(value: string): string {
  return `ship_auth=${encodeURIComponent(value)}`;
}
