// @ts-check
/** What a command needs before it runs: install, secrets, build and database, each done only if it is needed. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { must, ROOT } from "./processes.mjs";

const BUILT_FROM = [
  "app",
  "functions",
  "package-lock.json",
  "postcss.config.js",
  "remix.config.js",
  "scripts/lib/merge-chunks.mjs",
];
/** Installs the dependencies of package-lock.json, unless they are installed. */
export async function install() {
  const stamp = join(ROOT, "node_modules/.installed-from");
  const lock = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json")));
  const wanted = lock.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  await must("npm", ["ci", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, wanted);
}

/** Creates random secrets for this machine in .dev.vars, which git ignores; existing ones are left as they are. */
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

/** Builds the app and its Functions for production, unless nothing has changed since the last such build. */
export async function build() {
  const stamp = join(ROOT, "build/.production");
  const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  const output = join(ROOT, "build/index.js"); // Newer than the stamp if `npm run dev` wrote it.
  const inputs = [...BUILT_FROM.map((path) => join(ROOT, path)), output];
  if (existsSync(output) && inputs.every((path) => newestChange(path) <= built)) return;
  await must("remix", ["build"], { env: { NODE_ENV: "production" } });
  const { mergeChunks } = await import("./merge-chunks.mjs"); // Loaded here, because its dependencies may have been installed only now.
  await mergeChunks();
  await must("wrangler", ["pages", "functions", "build", "--outdir", "build/functions"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stamp, "");
}

/**
 * Applies the migrations that the local database lacks.
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
 * @param {string} path
 * @returns {number} when the newest file under a path was changed, epoch milliseconds
 */
function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}
