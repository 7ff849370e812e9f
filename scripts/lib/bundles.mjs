// @ts-check
/** Bundles both Workers as for a deployment, without an account, to find errors before deploying. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./processes.mjs";

/** The largest Worker on Cloudflare's free plan, gzipped, in bytes. */
const LIMIT = 3 * 1024 * 1024;

/**
 * @typedef {{ name: string, file: string, args: string[] }} Bundle  its name, its file, and wrangler's arguments
 * @typedef {{ outputs: Record<string, { imports: { path: string, external?: boolean }[] }> }} Metafile  of esbuild
 */

/** @type {Bundle[]} */
const BUNDLES = [
  {
    name: "companion",
    file: "worker.js",
    args: ["deploy", "--dry-run", "-c", "durable-objects/wrangler.toml"],
  },
  { name: "functions", file: "index.js", args: ["pages", "functions", "build"] },
];

/**
 * Bundles the companion and the Functions of the app. The app must be built.
 *
 * @param {string} folder for the bundles
 * @returns {Promise<string[]>} the problems, a sentence each; wrangler prints details
 */
export async function tryBundles(folder) {
  const problems = [];
  for (const { name, file, args } of BUNDLES) {
    const outdir = join(folder, name);
    const code = await run("wrangler", [...args, "--outdir", outdir, "--metafile"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (code !== 0) problems.push(`${name}: cannot be bundled.`);
    else
      problems.push(...inspectBundle(name, join(outdir, file), join(outdir, "bundle-meta.json")));
  }
  return problems;
}

/**
 * Checks the size of a bundle, and that it imports nothing that is missing at run time.
 *
 * @param {string} name for the problems
 * @param {string} file the bundle
 * @param {string} metafile esbuild's metafile for it
 * @returns {string[]} the problems, a sentence each
 */
export function inspectBundle(name, file, metafile) {
  const size = gzipSync(readFileSync(file)).length;
  const { outputs } = /** @type {Metafile} */ (JSON.parse(readFileSync(metafile, "utf8")));
  const imported = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const missing = [...new Set(imported)].filter((path) => !path.startsWith("cloudflare:"));
  console.log(`${name}: ${Math.ceil(size / 1024)} KiB gzipped, of ${LIMIT / 1024} KiB`);
  return [
    ...(size > LIMIT ? [`${name}: is too large for Cloudflare's free plan.`] : []),
    ...missing.map((path) => `${name}: imports ${path}, which is not there when it runs.`),
  ];
}
