import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safePath } from "../../app/auth/sign-in.server";
import { offersLocalSignIn, signInInput } from "../../app/auth/local.server";
import { checkFields } from "../../app/platform/http/form.server";
import { contextWith, get } from "./support";

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
  ])("is refused with an explanation if it is %s", (_, typed, told) => {
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

describe("the path to return to after signing in", () => {
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
    "/日本",
  ])("is the dashboard in place of %j", (wanted) => {
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
