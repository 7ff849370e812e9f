import { env } from "cloudflare:test";
import { expect, test } from "vitest";
import { createSession } from "../../app/sessions/lifecycle.server";

test("the same form sent ten times at once makes one session", async () => {
  const form = { key: crypto.randomUUID(), repository: { owner: "remix-run", name: "remix" } };

  const results = await Promise.all(
    Array.from({ length: 10 }, () => createSession(env as Env, "local:ada", form)),
  );

  expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["created"]));
  const { results: rows } = await env.DB.prepare("SELECT * FROM sessions").all();
  expect(rows).toHaveLength(1);
});
