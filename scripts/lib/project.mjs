// @ts-check
/* global AbortSignal, fetch */
/** What the commands share: install, secrets, build, database and server, each done only where it is needed. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

const BUILT_FROM = [
  "app",
  "functions",
  "package-lock.json",
  "postcss.config.js",
  "remix.config.js",
  "scripts/lib/merge-chunks.mjs",
];
const QUIET = { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };

/**
 * Runs a command in the project's folder, its tools on the PATH, its output shown.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>} its exit code
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, options);
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

/**
 * Runs a command as `run` does and keeps what it says.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<string | undefined>} its output; undefined where it fails
 */
export async function outputOf(command, args) {
  const child = start(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  return code === 0 ? output : undefined;
}

/**
 * Starts a command as `run` does, without waiting for its end.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {import("node:child_process").ChildProcess}
 */
export function start(command, args, { env, ...options } = {}) {
  const PATH = `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`;
  return spawn(command, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...QUIET, ...env, PATH },
    ...options,
  });
}

/**
 * Runs a command that everything after it needs; where it fails, this process ends with its exit code.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) process.exit(code);
}

/** Installs the dependencies that package-lock.json names, unless they are installed. */
export async function install() {
  const stamp = join(ROOT, "node_modules/.installed-from");
  const lock = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json")));
  const wanted = lock.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await must("npm", ["ci", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, wanted);
}

/** Makes .dev.vars, which git ignores, with secrets of this machine's own; those that are there are left alone. */
export function makeSecrets() {
  const file = join(ROOT, ".dev.vars");
  const known = existsSync(file) ? readFileSync(file, "utf8") : "";
  const made = Object.entries({
    AUTH_SECRETS: randomBytes(32).toString("base64url"),
    TOKEN_KEYS: `1:${randomBytes(32).toString("base64")}`,
    LOCAL_SIGN_IN: "true",
  }).filter(([name]) => !known.includes(`${name}=`));
  const lines = made.map(([name, value]) => `${name}="${value}"\n`);
  if (lines.length > 0) writeFileSync(file, known + lines.join(""), { mode: 0o600 });
}

/** Builds the app and its Functions for production, unless nothing has changed since it was last built so. */
export async function build() {
  const stamp = join(ROOT, "build/.production");
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const output = join(ROOT, "build/index.js"); // newer than the stamp where `npm run dev` made it
  const inputs = [...BUILT_FROM.map((path) => join(ROOT, path)), output];
  if (existsSync(output) && inputs.every((path) => newestChange(path) <= built)) return;
  await must("remix", ["build"], { env: { NODE_ENV: "production" } });
  const { mergeChunks } = await import("./merge-chunks.mjs"); // what it needs may have been installed only now
  await mergeChunks();
  await must("wrangler", ["pages", "functions", "build", "--outdir", "build/functions"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stamp, "");
}

/**
 * Brings the local database up to the newest migration, where it is not.
 *
 * @param {string} state the folder that local data lives in
 */
export async function migrate(state) {
  const stamp = join(resolve(ROOT, state), "v3/d1/migrated");
  const wanted = readdirSync(join(ROOT, "migrations")).join("\n");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const args = ["d1", "migrations", "apply", "ship-db", "--local", "--persist-to", state];
  await must("wrangler", args, { env: { CI: "true" }, stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(stamp, wanted);
}

/**
 * The command that serves the built app and its companion.
 *
 * @param {{ port: number | string, state: string, companion?: string, vars?: Record<string, string | number> }} options
 *   the folder that local data lives in, the companion's config if it is not the real one, and vars to override
 * @returns {string[]} the arguments of `wrangler`
 */
export function serveArgs({ port, state, companion = "durable-objects/wrangler.toml", vars = {} }) {
  // wrangler itself tells of each request that it serves here.
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
 * Serves the built app and its companion until it is ended, at the latest until this process ends.
 *
 * @param {Parameters<typeof serveArgs>[0]} options
 * @param {import("node:child_process").StdioOptions} stdio
 * @returns {Promise<{ end: (signal: NodeJS.Signals) => Promise<unknown> }>} once it answers
 * @throws where it stops before, or takes longer than a minute
 */
export async function serve(options, stdio) {
  // In a process group of its own, so that wrangler and every workerd it has started end together.
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

/**
 * @param {string} path
 * @returns {number} when the newest file under a path was changed, epoch milliseconds
 */
function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}
