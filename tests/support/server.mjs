// @ts-check
/**
 * Serves the built app for tests, as scripts/lib/workers.mjs does:
 *
 *   node tests/support/server.mjs --port PORT [--state FOLDER] [--sql FILE] [--companion CONFIG] [--var NAME=VALUE]...
 *
 * Without a folder for its data, it creates a temporary one, and removes it at the end. --sql names a file of
 * tests/support that fills a new database, --companion a configuration of tests/support/companions. The vars are the
 * app's; the companion has its own. Statements for its database, as JSON, are taken a thousand ports further up.
 */
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
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
const backDoor = createServer((request, response) => {
  runStatement(request)
    .then(() => response.end())
    .catch((error) => response.writeHead(500).end(String(error)));
}).listen(Number(values.port) + 1_000, "127.0.0.1");

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    backDoor.close();
    void server.dispose().then(() => process.exit());
  });
}

/** @param {import("node:http").IncomingMessage} request has a statement and its parameters */
async function runStatement(request) {
  const { sql, params } = /** @type {{ sql: string, params: unknown[] }} */ (await json(request));
  const database = await server.getD1Database("DB", "app");
  await database
    .prepare(sql)
    .bind(...params)
    .run();
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
