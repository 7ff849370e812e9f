import { env, listDurableObjectIds } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { Browser, ask, ORIGIN } from "./app";
import * as build from "../../build/index.js";

test("x", async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const b = await new Browser().signIn("ada");
  const id = await b.create();
  const ns = (env as unknown as Env).SESSION_DO;
  console.info((await listDurableObjectIds(ns)).length);
  const missing = crypto.randomUUID();
  const r = await b.get("/session/" + missing);
  console.info(r.status, [...r.headers], await r.text());
  console.info((await listDurableObjectIds(ns)).length);
  console.info((await env.DB.prepare("SELECT name FROM sqlite_master").all()).results);
  try { console.info((await env.DB.prepare("SELECT total_changes() AS n").all()).results); } catch (e) { console.info(String(e)); }
  for (const [method, path, fields, headers] of [
    ["PUT", "/dashboard", { intent: "archive:" + id }],
    ["PATCH", "/dashboard", { intent: "restore:" + id }],
    ["DELETE", "/dashboard", { intent: "restore:" + id }],
    ["OPTIONS", "/dashboard"],
    ["HEAD", "/dashboard"],
    ["HEAD", "/dashboard?_data=routes/dashboard"],
    ["OPTIONS", "/dashboard?_data=routes/dashboard"],
    ["OPTIONS", "/logout"],
    ["HEAD", "/logout"],
    ["POST", "/", {}],
    ["POST", "/?index", {}],
    ["POST", "/?_data=routes/_index", {}],
    ["POST", "/login/callback", {}],
    ["GET", "/nowhere"],
    ["GET", "/nowhere?_data=routes/nowhere"],
    ["GET", "/dashboard?_data=routes/session.$id"],
    ["GET", "/dashboard?_data=__proto__"],
    ["POST", "/dashboard", { intent: "restore:" + id }, { Host: "evil.example" }],
    ["POST", "/dashboard", { intent: "restore:" + id }, { "X-Forwarded-Host": "evil.example" }],
    ["GET", "/session/%zz"],
    ["GET", "/%"],
    ["GET", "//evil.example/dashboard"],
    ["GET", "//dashboard"],
  ] as [string, string, Record<string, string>?, Record<string, string>?][]) {
    const h = new Headers({ Cookie: b.cookie, Origin: ORIGIN, ...headers });
    const a = await ask(new Request(ORIGIN + path, { method, headers: h, ...(fields && { body: new URLSearchParams(fields) }) }));
    console.info(method, path, a.status, a.headers.get("Location"), a.headers.get("X-Remix-Redirect"), (await a.text()).slice(0, 80));
  }
});
