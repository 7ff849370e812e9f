// @ts-check
/** The built Workers in Miniflare, without wrangler's proxies, and the Workers that they are compared with. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import { parse } from "smol-toml";
import { tryBundles } from "../scripts/lib/bundles.mjs";
import { build } from "../scripts/lib/project.mjs";
import { ROOT } from "../scripts/lib/processes.mjs";

export const FOLDER = join(ROOT, ".wrangler/bench");
const BUNDLES = join(FOLDER, "bundles");
export const COMPANION = "ship-sessions";

/**
 * @typedef {import("miniflare").WorkerOptions} WorkerOptions
 * @typedef {{ type: "ESModule", path: string, contents: string | Uint8Array<ArrayBuffer> }} Module
 * @typedef {object} Config  the part of a wrangler configuration that is used
 * @property {string} compatibility_date
 * @property {Record<string, string | number>} vars
 * @property {[{ database_id: string }]} d1_databases
 * @typedef {Record<"app" | "metered" | "bare" | "hello" | "objects", string>} Origins  the origin of each Worker, by its name
 * @typedef {object} Servers
 * @property {Origins} origins
 * @property {number | undefined} pid  of the process that all of them run in, if the system reports it
 * @property {URL} inspector  the address for DevTools, if they are inspected
 * @property {() => Promise<import("@cloudflare/workers-types").D1Database>} database
 * @property {() => Promise<void>} end
 */

/** Builds the app and bundles both Workers as they are deployed. @throws if that fails */
export async function bundle() {
  await build();
  const problems = await tryBundles(BUNDLES);
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/**
 * Starts, on the local data in a folder: the app, the app that reports its cost, the bare Function and the hello world;
 * and the companion, with its D1 batches counted.
 *
 * @param {string} state
 * @param {{ inspected?: boolean }} [options] inspected: whether DevTools can connect, which costs time
 * @returns {Promise<Servers>}
 */
export async function startServers(state, { inspected = false } = {}) {
  const pages = configOf("wrangler.toml");
  const bindings = { ...pages.bindings, ...FOR_BENCH };
  const app = { ...pages, bindings, durableObjects: boundObjects() };
  const companion = { ...configOf("durable-objects/wrangler.toml"), durableObjects: ownObjects() };
  const before = children();
  const miniflare = new Miniflare({
    ...(inspected && { inspectorPort: 0 }),
    d1Persist: join(state, "v3/d1"),
    durableObjectsPersist: join(state, "v3/do"),
    workers: [
      { ...app, ...reachable("app"), modules: [bundled("functions/index.js")] },
      { ...app, ...reachable("metered"), modules: meteredApp() },
      { ...pages, ...reachable("bare"), modules: [ours("bare.mjs")] },
      { ...pages, ...reachable("hello"), modules: [ours("hello.mjs")] },
      { ...companion, ...reachable(COMPANION), modules: meteredCompanion() },
    ],
  });
  await miniflare.ready;
  /** @param {string} name */
  const origin = async (name) => (await miniflare.unsafeGetDirectURL(name)).origin;
  const origins = {
    app: await origin("app"),
    metered: await origin("metered"),
    bare: await origin("bare"),
    hello: await origin("hello"),
    objects: await origin(COMPANION),
  };
  const pid = children().find((child) => !before.includes(child));
  const inspector = inspected ? await miniflare.getInspectorURL() : new URL("ws://localhost");
  const database = () => miniflare.getD1Database("DB", "app");
  return { origins, pid, inspector, database, end: () => miniflare.dispose() };
}

/** @returns {number[]} the ids of the processes that this one has started; none on systems other than Linux */
function children() {
  const file = `/proc/${process.pid}/task/${process.pid}/children`;
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number);
}

/** Vars: sign-in by name, no limits on creating sessions, and no log, because the output is a table. */
const FOR_BENCH = {
  AUTH_SECRETS: "a secret of the bench",
  LOCAL_SIGN_IN: "true",
  LOG_REQUESTS: "false",
  CREATE_LIMIT_PER_MINUTE: 0,
  ACTIVE_SESSION_LIMIT: 0,
};

/** @returns the modules of the app that reports its cost */
function meteredApp() {
  const code = `import app from "./functions/index.js";
    import { meteredApp } from "./meter.mjs";
    export default meteredApp(app);`;
  return [written(code), bundled("functions/index.js"), ours("meter.mjs")];
}

/** @returns the modules of the companion that reports the cost of its objects */
function meteredCompanion() {
  const code = `import * as companion from "./companion/worker.js";
    import { costOfObjects, meteredObject } from "./meter.mjs";
    export class SessionDO extends meteredObject(companion.SessionDO) {}
    export class PersonDO extends meteredObject(companion.PersonDO) {}
    export default costOfObjects;`;
  return [written(code), bundled("companion/worker.js"), ours("meter.mjs")];
}

/** @param {string} code @returns {Module} */
function written(code) {
  return { type: "ESModule", path: "entry.js", contents: code };
}

/** @param {string} path of a file that was bundled @returns {Module} */
function bundled(path) {
  return { type: "ESModule", path, contents: readFileSync(join(BUNDLES, path)) };
}

/** @param {string} name of a file beside this one @returns {Module} */
function ours(name) {
  return { type: "ESModule", path: name, contents: readFileSync(join(ROOT, "bench", name)) };
}

/**
 * @param {string} name
 * @returns {Pick<WorkerOptions, "name" | "unsafeDirectSockets">} the options for a port that leads directly to this
 *   Worker
 */
function reachable(name) {
  return { name, unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] };
}

/**
 * @param {string} path of a wrangler configuration
 * @returns the options that both Workers take from their configurations: date, vars and database
 */
function configOf(path) {
  const config = /** @type {Config} */ (parse(readFileSync(join(ROOT, path), "utf8")));
  const [database] = config.d1_databases;
  return {
    compatibilityDate: config.compatibility_date,
    bindings: config.vars,
    d1Databases: { DB: database.database_id },
  };
}

/** @returns the Durable Objects as the app binds them */
function boundObjects() {
  return eachObject((className) => ({ className, scriptName: COMPANION }));
}

/** @returns the Durable Objects as the companion defines them */
function ownObjects() {
  return eachObject((className) => ({ className, useSQLite: true }));
}

/**
 * @template Binding
 * @param {(className: string) => Binding} bind
 */
function eachObject(bind) {
  return { SESSION_DO: bind("SessionDO"), PERSON_DO: bind("PersonDO") };
}
