// @ts-check
/**
 * `npm start`: from a fresh clone, or from whatever is there, to the app at http://localhost:8788 (or PORT).
 *
 *     npm start -- [--state FOLDER]
 *
 * Data is kept in .wrangler/state, or in FOLDER.
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
    if (watcher) process.kill(watcher, "SIGCONT"); // wrangler waits for it
    server.kill(signal);
  });
}
while (!(await answers(port))) await sleep(100);
watcher = await pauseWatcher();

/**
 * Pauses the esbuild that wrangler has started: to see whether the bundles have changed it reads them ten times a second,
 * 7 % of a core, and here they do not change.
 *
 * @returns {Promise<number>} its process id; 0 where the system does not tell
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
