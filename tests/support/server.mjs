// @ts-check
/**
 * Serves the built app for tests, as scripts/lib/workers.mjs does:
 *
 *   node tests/support/server.mjs --port PORT [--state FOLDER] [--sql FILE] [--companion CONFIG] [--var NAME=VALUE]...
 *
 * Without a folder for its data, it creates a temporary one, and removes it at the end. --sql names a file of
 * tests/support that fills a new database, --companion a configuration of tests/support/companions. The vars are the
 * app's; the companion has its own.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makeDatabase, serveWorkers } from "../../scripts/lib/workers.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8790" },
    state: { type: "string" },
    sql: { type: "string" },
    companion: { type: "string" },
    var: { type: "string", multiple: true, default: [] },
  },
});
const state = values.state ?? mkdtempSync(join(tmpdir(), "ship-test-"));
process.on("exit", () => {
  if (!values.state) rmSync(state, { recursive: true, force: true });
});

const sql = values.sql ? [readFileSync(new URL(values.sql, import.meta.url), "utf8")] : [];
await makeDatabase(state, sql);
const server = await serveWorkers({
  port: Number(values.port),
  state,
  vars: vars(),
  ...(values.companion && { companion: `tests/support/companions/${values.companion}` }),
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => void server.dispose().then(() => process.exit()));
}

/** @returns {Record<string, string>} */
function vars() {
  const given = Object.fromEntries(values.var.map((assignment) => assignment.split("=", 2)));
  return {
    AUTH_SECRETS: "a secret for tests",
    TOKEN_KEYS: `1:${Buffer.alloc(32, "key").toString("base64")}`,
    LOCAL_SIGN_IN: "true",
    ALLOWED_USERS: "*", // Everybody at the stand-in for GitHub.
    CREATE_LIMIT_PER_MINUTE: "0", // No limit: tests create faster than people.
    ...given,
  };
}
