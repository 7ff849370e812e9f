import { expect, test } from "vitest";
import { readCookie, signedCookie } from "../../app/platform/http/cookies.server";
import { contextWith, get } from "./support";

const HELD = { name: "ada" };

test("a cookie is read back as it was written", async () => {
  expect(await held(await made(HELD))).toEqual(HELD);
});

test("over http on this machine it is out of reach of scripts and of other sites' forms", async () => {
  const [pair, ...attributes] = (await setCookie("http://localhost:8788/")).split("; ");
  expect(pair).toMatch(/^ship_test=/);
  expect(attributes.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax"]);
});

test("over https it is also Secure and tied to its host", async () => {
  const [pair, ...attributes] = (await setCookie("https://ship.example/")).split("; ");
  expect(pair).toMatch(/^__Host-ship_test=/);
  expect(attributes.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
});

test.each(["", "other=1", "ship_testx=1", "ship_test"])(
  "a request with only %j has no cookie",
  async (header) => {
    expect(await held(header)).toBeNull();
  },
);

test.each(["x", "x.y", "x.!", "%ZZ", "%00.%00", "."])(
  "a damaged cookie is ignored: %s",
  async (value) => {
    expect(await held(`ship_test=${value}`)).toBeNull();
  },
);

test("a cookie whose content was replaced is ignored", async () => {
  const [ofAda, ofBob] = await Promise.all([parts(HELD), parts({ name: "bob" })]);
  expect(await held(cookie(`${ofBob.payload}.${ofAda.signature}`))).toBeNull();
  expect(await held(cookie(`${ofAda.payload}.${ofAda.signature}`))).toEqual(HELD);
});

test("an unsigned cookie is ignored", async () => {
  const { payload } = await parts(HELD);
  expect(await held(cookie(payload))).toBeNull();
  expect(await held(cookie(`${payload}.`))).toBeNull();
});

test("a cookie is valid as long as its secret is listed, and no longer", async () => {
  const old = await made(HELD, "old");
  expect(await held(old, "new,old")).toEqual(HELD);
  expect(await held(old, "new")).toBeNull();
});

test("a cookie is signed by the first secret listed", async () => {
  const signed = await made(HELD, "new,old");
  expect(await held(signed, "new")).toEqual(HELD);
  expect(await held(signed, "old")).toBeNull();
});

test.each([undefined, "", ",", " , "])(
  "no cookie is written or read with %j as secrets",
  (none) => {
    const context = contextWith({ AUTH_SECRETS: none as string });
    expect(() => signedCookie("test", get("/"), context)).toThrow("AUTH_SECRETS is not set");
  },
);

function setCookie(url: string, secrets = "a secret", value: unknown = HELD): Promise<string> {
  return signedCookie("test", get(url), contextWith({ AUTH_SECRETS: secrets })).serialize(value);
}

/** @returns a new cookie as a browser sends it back: "name=value" */
async function made(value: unknown, secrets?: string): Promise<string> {
  return (await setCookie("/", secrets, value)).split(";")[0]!;
}

function held(header: string, secrets = "a secret"): Promise<unknown> {
  const request = get("/", { Cookie: header });
  return readCookie(request, signedCookie("test", request, contextWith({ AUTH_SECRETS: secrets })));
}

async function parts(value: unknown) {
  const text = decodeURIComponent((await made(value)).replace("ship_test=", ""));
  const dot = text.lastIndexOf(".");
  return { payload: text.slice(0, dot), signature: text.slice(dot + 1) };
}

function cookie(value: string): string {
  return `ship_test=${encodeURIComponent(value)}`;
}
