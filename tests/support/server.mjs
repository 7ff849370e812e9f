// @ts-check
/** Serves the built app with an empty database of its own: node tests/support/server.mjs PORT */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, serveArgs, start } from "../../scripts/project.mjs";

const [port = "8790"] = process.argv.slice(2);
const state = mkdtempSync(join(tmpdir(), "ship-test-"));
const vars = { AUTH_SECRETS: "a secret for tests", LOCAL_SIGN_IN: "true" };

await migrate(state);
const server = start("wrangler", serveArgs({ port, state, vars }), {
  stdio: ["ignore", "ignore", "inherit"],
});
for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT"])) {
  process.on(signal, () => server.kill(signal));
}
server.on("exit", (code) => {
  rmSync(state, { recursive: true, force: true });
  process.exit(code ?? 0);
});
