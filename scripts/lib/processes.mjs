// @ts-check
/** Commands run as child processes, in the project's folder and with its tools on the PATH. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * Runs a command in the project's folder, with its tools on the PATH, and shows its output.
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
 * Runs a command as `run` does and returns its output.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<string | undefined>} its output; undefined if it fails
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
 * Runs a command that must succeed: if it fails, this process ends with its exit code.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) process.exit(code);
}

const QUIET = { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };
