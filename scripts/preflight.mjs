// @ts-check
/**
 * `npm run preflight`: checks Ship's two configurations, each by itself and against the other. That needs no account; a
 * deployment (scripts/deploy.mjs) also needs a database and secrets.
 */
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { supportedCompatibilityDate } from "miniflare";
import { parse } from "smol-toml";
import * as z from "zod";
import { ROOT } from "./lib/processes.mjs";

export const PAGES = "wrangler.toml";
export const COMPANION = "durable-objects/wrangler.toml";

const DAY = 86_400;
/** The database_id in the repository. */
const PLACEHOLDER = "00000000-0000-0000-0000-000000000000";
/** From this compatibility date on, deleting all of an object's storage clears its alarm too. */
const FIRST_DATE = "2026-02-24";

const SECRETS = ["AUTH_SECRETS", "TOKEN_KEYS", "GITHUB_CLIENT_SECRET"];
/** Nobody can sign in to a deployed Ship without these. */
const REQUIRED = [...SECRETS, "GITHUB_CLIENT_ID", "GITHUB_APP_SLUG"];
/** The companion needs these to revoke the access to GitHub when an account is deleted. */
const REQUIRED_OF_COMPANION = ["TOKEN_KEYS", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];
const LOCAL_ONLY = "LOCAL_SIGN_IN";

const DATE = `has to be a date from ${FIRST_DATE} to ${supportedCompatibilityDate}, which the installed workerd knows`;
const OBJECTS = "has to bind the Durable Objects";
const ORIGIN = `has to be the address of your Ship, such as "https://ship.example.com": https, and nothing behind the host; or "", until it has one`;
const USERS = `has to list GitHub ids or logins, comma-separated, or be "*" for anybody`;
const USER = /^(\*|\d+@[a-z\d.:-]+|[a-z\d][a-z\d-]*(_[a-z\d]+)?)$/i;
const SECRET = `is a secret, and everybody can read [vars]: take it out, and set a new one: npx wrangler pages secret put`;
const LATE = `have more ARCHIVE_WARNING_SECONDS than AUTO_ARCHIVE_SECONDS: every session would be warned of`;
const SAME_TAG = "has two with the same tag: give the newer one another";

const text = z.string("is missing");
const list = z.array(text).default([]);
const httpsUrl = z.url({ protocol: /^https$/, error: "has to be a URL that begins with https://" });
const forbidden = (/** @type {string} */ error) => z.never(error).optional();
const whole = (/** @type {string} */ unit, from = 0, to = Number.MAX_SAFE_INTEGER) => {
  const error = `has to be a whole number of ${unit}`;
  return z.int(error).min(from, error).max(to, error);
};

const vars = z.looseObject({
  ...Object.fromEntries(SECRETS.map((name) => [name, forbidden(`${SECRET} ${name}`)])),
  [LOCAL_ONLY]: forbidden("is for your own machine: take it out of [vars]"),
  GITHUB_URL: httpsUrl,
  GITHUB_API_URL: httpsUrl,
  AUTO_ARCHIVE_SECONDS: whole("seconds; 0 turns it off"),
  TOMBSTONE_SECONDS: whole("seconds, a day or more", DAY),
  ALLOWED_USERS: z
    .string(USERS)
    .refine((users) => !users || users.split(",").every((user) => USER.test(user.trim())), USERS),
});
const binding = z.object({ name: text, class_name: text, script_name: text.optional() });
const database = z.object({
  binding: z.literal("DB", "has to be DB"),
  database_name: text,
  database_id: z.guid("has to be the id that `npx wrangler d1 list` shows"),
});
const config = z.object({
  name: text,
  compatibility_date: z.iso
    .date({ error: DATE, abort: true })
    .refine((date) => date >= FIRST_DATE && date <= supportedCompatibilityDate, DATE),
  durable_objects: z.object({ bindings: z.array(binding).min(1, OBJECTS) }, OBJECTS),
});

/** @param {string} folder of the migrations, as the configuration sees it */
const databases = (folder) => {
  const migrations_dir = z.literal(folder, `has to be ${folder}`);
  return z.tuple([database.extend({ migrations_dir })], "has to be one database, bound as DB");
};

const isHttpsOrigin = (/** @type {string} */ url) =>
  url.startsWith("https://") && URL.canParse(url) && new URL(url).origin === url;

const pagesConfig = config.extend({
  pages_build_output_dir: z.literal("public", "has to be public, where the build goes"),
  d1_databases: databases("migrations"),
  vars: vars
    .extend({
      ORIGIN: z.string(ORIGIN).refine((url) => url === "" || isHttpsOrigin(url), ORIGIN),
      ARCHIVE_WARNING_SECONDS: whole("seconds"),
      CREATE_LIMIT_PER_MINUTE: whole("sessions; 0 is no limit"),
      ACTIVE_SESSION_LIMIT: whole("sessions; 0 is no limit"),
    })
    .refine((all) => all.ARCHIVE_WARNING_SECONDS <= (all.AUTO_ARCHIVE_SECONDS || Infinity), LATE),
});

const migration = z.object({
  tag: text,
  new_sqlite_classes: list,
  new_classes: forbidden("makes classes without SQL: write new_sqlite_classes instead"),
  renamed_classes: z.array(z.object({ from: text, to: text })).default([]),
  deleted_classes: list,
});
const companionConfig = config.extend({
  main: text,
  d1_databases: databases("../migrations"),
  vars: vars.extend({ REPAIR_SECONDS: whole("seconds, from a minute to a week", 60, 7 * DAY) }),
  migrations: z
    .array(migration, "has to make the classes")
    .refine((all) => new Set(all.map(({ tag }) => tag)).size === all.length, SAME_TAG),
});

/** @param {z.infer<typeof migration>[]} migrations @returns {Set<string>} the classes after all of them have run */
function classesAfter(migrations) {
  const made = new Set();
  for (const { new_sqlite_classes, renamed_classes, deleted_classes } of migrations) {
    for (const name of new_sqlite_classes) made.add(name);
    for (const { from, to } of renamed_classes) if (made.delete(from)) made.add(to);
    for (const name of deleted_classes) made.delete(name);
  }
  return made;
}

/** @typedef {{ pages: z.infer<typeof pagesConfig>, companion: z.infer<typeof companionConfig> }} Configs */

/**
 * Checks both configurations.
 *
 * @param {string} root the folder of the project
 * @returns {{ configs?: Configs, problems: string[] }} the configurations if each is valid by itself, and every problem
 *   as a sentence that says where it is and how to fix it
 */
export function inspect(root) {
  /** @type {string[]} */
  const problems = [];
  const pages = read(root, PAGES, pagesConfig, problems);
  const companion = read(root, COMPANION, companionConfig, problems);
  if (!pages || !companion) return { problems };
  const [ours, theirs] = [factsOf(pages), factsOf(companion, companion.name)];
  for (const [what, value] of Object.entries(ours)) {
    if (!(what in theirs) || value === theirs[what]) continue;
    const difference = `${what} is ${value} in ${PAGES}, but ${theirs[what]} in ${COMPANION}`;
    problems.push(`${difference}. Make them equal.`);
  }
  const made = classesAfter(companion.migrations);
  const unmade = companion.durable_objects.bindings.filter((one) => !made.has(one.class_name));
  for (const { class_name } of unmade) {
    const problem = `${COMPANION}: no migration makes the class ${class_name}`;
    problems.push(`${problem}. Add one, with a new tag, whose new_sqlite_classes name it.`);
  }
  return { configs: { pages, companion }, problems };
}

/**
 * @template {z.ZodType} Schema
 * @param {string} root
 * @param {string} file
 * @param {Schema} schema
 * @param {string[]} problems to which those of this file are added
 * @returns {z.infer<Schema> | undefined} the configuration if it is valid
 */
function read(root, file, schema, problems) {
  try {
    const { data, error } = schema.safeParse(parse(readFileSync(join(root, file), "utf8")));
    for (const { path, message } of error?.issues ?? [])
      problems.push(`${file}: ${path.join(".")} ${message}.`);
    return data;
  } catch (error) {
    // The file is missing, or is not TOML.
    problems.push(`${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Returns what must be equal in both configurations. It cannot be shared, because wrangler configurations cannot
 * include a common file of vars, and `wrangler pages deploy` has no `--var`.
 *
 * @param {Configs["pages" | "companion"]} config
 * @param {string} [worker] the Worker of bindings without a `script_name`
 * @returns {Record<string, unknown>}
 */
function factsOf({ vars, compatibility_date, d1_databases, durable_objects }, worker) {
  const [{ database_name, database_id }] = d1_databases;
  const objects = durable_objects.bindings.map(
    ({ name, class_name, script_name = worker }) => `${name} (${class_name} of ${script_name})`,
  );
  const bindings = objects.sort().join(", ");
  return { ...vars, compatibility_date, database_name, database_id, bindings };
}

/**
 * Checks what a deployment needs besides valid configurations.
 *
 * @param {Configs} configs
 * @param {string[] | undefined} secrets the names of the Pages project's secrets; undefined if they could not be listed
 * @param {string[] | undefined} companionSecrets the names of the companion's; undefined if it is not deployed yet
 * @returns {string[]} every problem, as in `inspect`
 */
export function unready({ pages, companion }, secrets, companionSecrets = []) {
  const [{ database_name, database_id }] = pages.d1_databases;
  const noDatabase = `${PAGES} and ${COMPANION}: database_id is a placeholder. Put in the one that this prints: npx wrangler d1 create ${database_name}`;
  const noOrigin = `${PAGES}: ORIGIN is empty, and nobody could use what is deployed. Put in the address of your Ship, which this lists: npx wrangler pages project list`;
  const noUsers = `${PAGES} and ${COMPANION}: ALLOWED_USERS is empty, and nobody could sign in. List who may, yourself first: your id is shown at https://api.github.com/users/<your login>`;
  const noProject = `The secrets of the Pages project ${pages.name} cannot be listed. Sign in: npx wrangler login. If there is no such project yet: npx wrangler pages project create ${pages.name} --production-branch main`;
  const localOnly = `${LOCAL_ONLY} is set, but is for your own machine. Remove it: npx wrangler pages secret delete ${LOCAL_ONLY}`;
  const unset = (/** @type {string[]} */ names, /** @type {string[]} */ set) =>
    names.filter((name) => !set.includes(name));
  const inPages = [...(secrets ?? REQUIRED), ...Object.keys(pages.vars)];
  const inCompanion = [...companionSecrets, ...Object.keys(companion.vars)];
  return [
    ...(database_id === PLACEHOLDER ? [noDatabase] : []),
    ...(pages.vars.ORIGIN === "" ? [noOrigin] : []),
    ...(pages.vars.ALLOWED_USERS === "" ? [noUsers] : []),
    ...(secrets ? [] : [noProject]),
    ...(inPages.includes(LOCAL_ONLY) ? [localOnly] : []),
    ...unset(REQUIRED, inPages).map(
      (name) => `${name} is not set. Set it: npx wrangler pages secret put ${name}`,
    ),
    ...unset(REQUIRED_OF_COMPANION, inCompanion).map(
      (name) =>
        `${name} is not set in the companion. Set it, the same as in the Pages project: npx wrangler secret put ${name} -c ${COMPANION}`,
    ),
  ];
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { problems } = inspect(ROOT);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${PAGES} and ${COMPANION} are valid and fit each other.`);
}
