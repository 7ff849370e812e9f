import type { APIResponse } from "playwright/test";
import { freshName } from "../../support/client";
import { expect, requestTest as test } from "../../support/test";

const PAGES = [
  { path: "/login", status: 200, signedIn: false },
  { path: "/dashboard", status: 302, signedIn: false },
  { path: "/dashboard", status: 200, signedIn: true },
  { path: "/dashboard/new", status: 200, signedIn: true },
  { path: "/dashboard?status=lost", status: 400, signedIn: true },
  { path: "/session/no-session", status: 404, signedIn: true },
  { path: "/nowhere", status: 404, signedIn: true },
  { path: "/dashboard?_data=routes%2Fdashboard", status: 200, signedIn: true },
];

for (const { path, status, signedIn } of PAGES) {
  test(`${path}, signed ${signedIn ? "in" : "out"}, is not cached, framed or leaked`, async ({
    playwright,
    ship,
  }) => {
    const stranger = await playwright.request.newContext({ baseURL: ship.origin });
    const asker = signedIn ? ship.request : stranger;
    const answer = await asker.get(path, { maxRedirects: 0 });
    expect(answer.status()).toBe(status);
    expectPrivate(answer);
    await stranger.dispose();
  });
}

test("a refusal is not cached, framed or leaked, either", async ({ request }) => {
  const answer = await request.post("/dashboard/new");
  expect(answer.status()).toBe(403);
  expectPrivate(answer);
});

test("a refusal looks like every other page", async ({ request }) => {
  const page = await (await request.post("/dashboard/new")).text();
  const [, stylesheet = ""] = /<link rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
  const styles = await request.get(stylesheet);
  await expect(styles).toBeOK();
  expect(styles.headers()["content-type"]).toContain("text/css");
});

test("only scripts with the page's nonce run, and it is never the same", async ({ ship }) => {
  const nonces = new Set<string>();
  for (const path of ["/dashboard", "/dashboard", "/nowhere"]) {
    const answer = await ship.request.get(path);
    const nonce = nonceOf(answer);
    nonces.add(nonce);
    const scripts = (await answer.text()).match(/<script\b[^>]*>/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) {
      expect(script).toMatch(new RegExp(`nonce="${nonce}"|src="/build/`));
    }
  }
  expect(nonces.size).toBe(3);
});

test("built files are cached permanently, and not sniffed", async ({ request }) => {
  const page = await (await request.get("/login")).text();
  const built = new Set(page.match(/\/build\/[^"]+\.(js|css)/g));
  expect(built.size).toBeGreaterThan(2);
  for (const path of built) {
    const answer = await request.get(path);
    await expect(answer).toBeOK();
    expect(answer.headers()["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(answer.headers()["x-content-type-options"]).toBe("nosniff");
  }
});

test("scripts cannot read the sign-in cookie, and other sites cannot use it", async ({
  request,
}) => {
  const answer = await request.post("/login", {
    form: { name: freshName() },
    headers: { Origin: new URL((await request.get("/login")).url()).origin },
    maxRedirects: 0,
  });
  const cookie = answer.headers()["set-cookie"] ?? "";
  expect(cookie).toMatch(/^ship_auth=/);
  expect(cookie).toContain("; HttpOnly");
  expect(cookie).toContain("; SameSite=Lax");
});

test("without an address of its own, Ship is there on this machine only", async ({ request }) => {
  const elsewhere = { Host: "ship.example", Origin: "http://ship.example" };
  expect(await (await request.get("/login")).text()).toContain("Continue locally");
  const page = await request.get("/login", { headers: elsewhere });
  expect(page.status()).toBe(503);
  expect(await page.text()).toContain("has to set ORIGIN");

  const answer = await request.post("/login", {
    form: { name: freshName() },
    headers: elsewhere,
    maxRedirects: 0,
  });
  expect(answer.status()).toBe(503);
  expect(answer.headers()["set-cookie"]).toBeUndefined();
});

test("a cookie that was tampered with signs nobody in", async ({ playwright, ship }) => {
  const { cookies } = await ship.request.storageState();
  const [value = "", signature = ""] = decodeURIComponent(
    cookies.find(({ name }) => name === "ship_auth")?.value ?? "",
  ).split(/\.(?=[^.]*$)/);
  const someone = Buffer.from(JSON.stringify({ name: "ada", expires: 9e15 })).toString("base64");
  const stranger = await playwright.request.newContext({ baseURL: ship.origin });

  for (const forged of [
    `${someone}.${signature}`,
    `${someone}.`,
    someone,
    value,
    `${value}.${signature.slice(0, -2)}AA`,
    "%E0%A4%A",
    "",
  ]) {
    const answer = await stranger.get("/dashboard", {
      headers: { Cookie: `ship_auth=${encodeURIComponent(forged)}` },
      maxRedirects: 0,
    });
    expect(answer.status(), forged).toBe(302);
    expect(answer.headers().location, forged).toBe("/login?to=%2Fdashboard");
  }
  await stranger.dispose();
});

function expectPrivate(answer: APIResponse) {
  const headers = answer.headers();
  expect(headers["cache-control"]).toBe("no-store");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("same-origin");
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  expect(headers["content-security-policy"]).not.toContain("unsafe");
  expect(nonceOf(answer)).not.toBe("");
}

function nonceOf(answer: APIResponse): string {
  return /'nonce-([^']+)'/.exec(answer.headers()["content-security-policy"] ?? "")?.[1] ?? "";
}
