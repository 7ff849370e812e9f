// @ts-check
/* global AbortSignal, fetch */
/** `wrangler pages dev` with the companion beside it, for `npm start` and for the scripts that need a running Ship. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "./processes.mjs";

/**
 * The command that serves the built app and its companion.
 *
 * @param {{ port: number | string, state: string, companion?: string, vars?: Record<string, string | number> }} options
 *   the folder that local data lives in, the companion's config if it is not the real one, and vars to override
 * @returns {string[]} the arguments of `wrangler`
 */
export function serveArgs({ port, state, companion = "durable-objects/wrangler.toml", vars = {} }) {
  // wrangler itself logs each request that it serves here.
  const bindings = Object.entries({ LOG_REQUESTS: "false", ...vars }).flatMap(([name, value]) => [
    "-b",
    `${name}=${value}`,
  ]);
  const configs = ["-c", "wrangler.toml", "-c", companion];
  return [
    ...["pages", "dev", ...configs, "--port", `${port}`, "--inspector-port", "0"],
    ...["--persist-to", state, "--show-interactive-dev-session=false", ...bindings],
  ];
}

/**
 * Serves the built app and its companion until `end` is called, or this process ends.
 *
 * @param {Parameters<typeof serveArgs>[0]} options
 * @param {import("node:child_process").StdioOptions} stdio
 * @returns {Promise<{ end: (signal: NodeJS.Signals) => Promise<unknown> }>} once it answers
 * @throws if it stops before, or takes longer than a minute
 */
export async function serve(options, stdio) {
  // In its own process group, so that wrangler and every workerd it started end together.
  const server = start("wrangler", serveArgs(options), { stdio, detached: true });
  const ended = once(server, "exit");
  const running = () => server.exitCode === null && server.signalCode === null;
  /** @param {NodeJS.Signals} signal */
  const end = (signal) => {
    if (server.pid && running()) process.kill(-server.pid, signal);
    return ended;
  };
  const quit = () => process.exit(1);
  const abandon = () => void end("SIGKILL");
  process.on("exit", abandon).on("SIGINT", quit).on("SIGTERM", quit);
  void ended.then(() => process.off("exit", abandon).off("SIGINT", quit).off("SIGTERM", quit));

  const deadline = Date.now() + 60_000;
  while (!(await answers(options.port))) {
    if (!running()) throw new Error(`The server on port ${options.port} stopped while starting.`);
    if (Date.now() > deadline)
      throw new Error(`The server on port ${options.port} does not start.`);
    await sleep(100);
  }
  return { end };
}

/**
 * @param {number | string} port
 * @returns {Promise<boolean>} whether a server answers there
 */
export async function answers(port) {
  try {
    await fetch(`http://localhost:${port}/login`, { signal: AbortSignal.timeout(5_000) });
    return true;
  } catch {
    return false;
  }
}
