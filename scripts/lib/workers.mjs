// @ts-check
/**
 * The built app and its companion in Miniflare: the same workerd, D1 and Durable Objects as in `wrangler pages dev`,
 * without its proxy, which sometimes answers a form itself (503, "Your worker restarted mid-request"), and without its
 * watchers, which read the bundles ten times a second.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { Miniflare } from "miniflare";
import {
  unstable_generateASSETSBinding as assetsOf,
  unstable_getMiniflareWorkerOptions as optionsOf,
  unstable_splitSqlQuery as splitSql,
} from "wrangler";
import { ROOT } from "./processes.mjs";

/** The Functions as they are deployed, bundled by `build`. */
const FUNCTIONS = join(ROOT, "build/functions/index.js");

/**
 * Serves the app on 127.0.0.1. It must be built, and its database must exist.
 *
 * @param {object} options
 * @param {number} options.port
 * @param {string} options.state the folder that local data lives in, as `wrangler pages dev --persist-to` names it
 * @param {string} [options.companion] its config, if it is not the real one
 * @param {Record<string, string | number>} [options.vars] of the app, overriding those of wrangler.toml and .dev.vars
 * @returns {Promise<Miniflare>} once it answers
 */
export async function serveWorkers({
  port,
  state,
  companion = "durable-objects/wrangler.toml",
  vars,
}) {
  const app = optionsOf(join(ROOT, "wrangler.toml")).workerOptions;
  const objects = optionsOf(join(ROOT, companion));
  const miniflare = new Miniflare({
    d1Persist: join(state, "v3/d1"),
    durableObjectsPersist: join(state, "v3/do"),
    workers: [
      {
        ...app,
        name: "app",
        bindings: { ...app.bindings, LOG_REQUESTS: "false", ...vars, STATIC: staticPaths() },
        serviceBindings: { ASSETS: await assets() },
        modules: [
          { type: "ESModule", path: "entry.js", contents: ENTRY },
          { type: "ESModule", path: "index.js", contents: readFileSync(FUNCTIONS, "utf8") },
        ],
        unsafeDirectSockets: [{ host: "127.0.0.1", port }],
      },
      {
        ...objects.workerOptions,
        name: "ship-sessions",
        modules: [
          { type: "ESModule", path: "worker.js", contents: await bundled(String(objects.main)) },
        ],
      },
    ],
  });
  await miniflare.ready;
  return miniflare;
}

/** Serves the paths that public/_routes.json excludes without calling the Functions, as Pages does. */
const ENTRY = `
  import app from "./index.js";
  export default {
    fetch(request, env, context) {
      const { pathname } = new URL(request.url);
      const isStatic = env.STATIC.some((path) =>
        path.endsWith("*") ? pathname.startsWith(path.slice(0, -1)) : pathname === path);
      return isStatic ? env.ASSETS.fetch(request) : app.fetch(request, env, context);
    },
  };`;

/** @returns {string[]} the paths of static files */
function staticPaths() {
  const routes = readFileSync(join(ROOT, "public/_routes.json"), "utf8");
  return /** @type {{ exclude: string[] }} */ (JSON.parse(routes)).exclude;
}

/** @returns a binding that serves static files with the headers of public/_headers, and logs nothing */
function assets() {
  const log = /** @type {unknown} */ ({ ...console, log: () => undefined });
  return assetsOf({
    directory: join(ROOT, "public"),
    log: /** @type {Parameters<typeof assetsOf>[0]["log"]} */ (log),
  });
}

/** @param {string} entry @returns {Promise<string>} */
async function bundled(entry) {
  const { outputFiles } = await bundle({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
  });
  return /** @type {import("esbuild").OutputFile} */ (outputFiles[0]).text;
}

/**
 * Creates the local database with all migrations applied and no data.
 *
 * @param {string} state the folder that local data lives in; nothing happens if it has a database already
 * @param {string[]} [more] statements to run on the new database
 */
export async function makeDatabase(state, more = []) {
  const d1Persist = join(state, "v3/d1");
  if (existsSync(d1Persist)) return;
  const { d1Databases } = optionsOf(join(ROOT, "wrangler.toml")).workerOptions;
  const miniflare = new Miniflare({ modules: true, script: "", d1Persist, d1Databases });
  const database = await miniflare.getD1Database("DB");
  const folder = join(ROOT, "migrations");
  const files = readdirSync(folder).sort();
  const migrations = files.flatMap((file) => splitSql(readFileSync(join(folder, file), "utf8")));
  await database.batch([...migrations, ...more].map((sql) => database.prepare(sql)));
  await miniflare.dispose();
}
