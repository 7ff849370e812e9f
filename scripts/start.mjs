// @ts-check
/**
 * `npm start`: installs and builds what is missing, and serves the app at http://localhost:8788 (or PORT).
 *
 *     npm start -- [--state FOLDER]
 *
 * Data is stored in .wrangler/state, or in FOLDER.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { build, install, makeSecrets, migrate } from "./lib/project.mjs";
import { answers, serveArgs } from "./lib/server.mjs";
import { outputOf, start } from "./lib/processes.mjs";

const { values } = parseArgs({
  options: { state: { type: "string", default: ".wrangler/state" } },
});
const port = process.env.PORT ?? 8788;

await install();
makeSecrets();
await build();
await migrate(values.state);
const server = start("wrangler", serveArgs({ port, state: values.state }));
let watcher = 0;
server.on("exit", (code) => process.exit(code ?? 0));
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    if (watcher) process.kill(watcher, "SIGCONT"); // wrangler waits until it ends.
    server.kill(signal);
  });
}
while (!(await answers(port))) await sleep(100);
watcher = await pauseWatcher();

/**
 * Pauses the esbuild process that wrangler started: it polls the bundles for changes ten times a second, which takes
 * 7 % of a core, and here they never change.
 *
 * @returns {Promise<number>} its process id; 0 if it was not found
 */
async function pauseWatcher() {
  const listed = (await outputOf("ps", ["-A", "-o", "pid=,ppid=,command="])) ?? "";
  const processes = [...listed.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)].map(
    ([, pid, parent, command = ""]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command,
    }),
  );
  /** @type {(pid: number | undefined) => typeof processes} */
  const below = (pid) =>
    processes
      .filter(({ parent }) => parent === pid)
      .flatMap((child) => [child, ...below(child.pid)]);
  const esbuild = below(server.pid).find(({ command }) => command.includes("esbuild"));
  if (!esbuild) return 0;
  process.kill(esbuild.pid, "SIGSTOP");
  return esbuild.pid;
}
