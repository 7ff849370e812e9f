// @ts-check
/**
 * `npm run preflight`: whether Ship's two configurations are right and fit each other. That needs no account; a
 * deployment (scripts/deploy.mjs) also wants a database and secrets.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { supportedCompatibilityDate } from "miniflare";
import { parse } from "smol-toml";
import * as z from "zod/mini";
import { ROOT } from "./lib/processes.mjs";

export const PAGES = "wrangler.toml";
export const COMPANION = "durable-objects/wrangler.toml";

/** What the repository has in the place of a database's id. */
const PLACEHOLDER = "00000000-0000-0000-0000-000000000000";
const DAY = 86_400;

/** Without these nobody can sign in to a deployed Ship. */
const REQUIRED = [
  "AUTH_SECRETS",
  "TOKEN_KEYS",
  "GITHUB_CLIENT_ID",
  "GITHUB_CLIENT_SECRET",
  "GITHUB_APP_SLUG",
];
/** Those that the companion needs, too, to give access to GitHub back. */
const REQUIRED_OF_COMPANION = ["TOKEN_KEYS", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];
/** Those of them that anybody may read. */
const PUBLIC = ["GITHUB_CLIENT_ID", "GITHUB_APP_SLUG"];
/** Sign-in by name alone. */
const LOCAL_ONLY = "LOCAL_SIGN_IN";

// From the first date on, deleting all of an object's storage clears its alarm too.
const FIRST_DATE = "2026-02-24";
const DATE = `has to be a date from ${FIRST_DATE} to ${supportedCompatibilityDate}, which the installed workerd knows`;
const compatibilityDate = z.iso
  .date(DATE)
  .check(z.refine((date) => date >= FIRST_DATE && date <= supportedCompatibilityDate, DATE));

/** @param {string} migrations the folder, as seen from the configuration */
const databases = (migrations) =>
  z.tuple(
    [
      z.object({
        binding: z.literal("DB", "has to be DB"),
        database_name: text("has to be the database's name"),
        database_id: z.guid("has to be the id that `npx wrangler d1 list` shows"),
        migrations_dir: z.literal(migrations, `has to be ${migrations}`),
      }),
    ],
    "has to be one database, bound as DB",
  );
const binding = z.object({
  name: text("is missing"),
  class_name: text("is missing"),
  script_name: z.optional(text("has to be a Worker's name")),
});
const durableObjects = z.object(
  { bindings: z.array(binding).check(z.minLength(1, "has to bind the Durable Objects")) },
  "has to bind the Durable Objects",
);
const classes = z.optional(z.array(z.string()));
const migration = z.object({
  tag: text("is missing"),
  new_sqlite_classes: classes,
  new_classes: z.optional(z.never("makes classes without SQL: write new_sqlite_classes instead")),
  renamed_classes: z.optional(z.array(z.object({ from: z.string(), to: z.string() }))),
  deleted_classes: classes,
});
const SECRET = REQUIRED.filter((name) => !PUBLIC.includes(name));
const notInVars = {
  ...Object.fromEntries(
    SECRET.map((name) => [
      name,
      z.optional(
        z.never(
          `is a secret, and everybody can read [vars]: take it out, and set a new one by npx wrangler pages secret put ${name}`,
        ),
      ),
    ]),
  ),
  [LOCAL_ONLY]: z.optional(z.never("is for your own machine: take it out of [vars]")),
};
const sharedVars = {
  ...notInVars,
  GITHUB_URL: httpsUrl(),
  GITHUB_API_URL: httpsUrl(),
  AUTO_ARCHIVE_SECONDS: whole("seconds; 0 turns it off"),
  TOMBSTONE_SECONDS: whole("seconds, a day or more", DAY),
  ALLOWED_USERS: allowedUsers(),
};

const pagesConfig = z.object({
  name: text("has to be the Pages project's name"),
  pages_build_output_dir: z.literal("public", "has to be public, where the build goes"),
  compatibility_date: compatibilityDate,
  vars: z
    .looseObject(
      {
        ...sharedVars,
        ORIGIN: origin(),
        ARCHIVE_WARNING_SECONDS: whole("seconds"),
        CREATE_LIMIT_PER_MINUTE: whole("sessions; 0 is no limit"),
        ACTIVE_SESSION_LIMIT: whole("sessions; 0 is no limit"),
      },
      "is missing",
    )
    .check(
      z.refine(
        ({ AUTO_ARCHIVE_SECONDS: idle, ARCHIVE_WARNING_SECONDS: warning }) =>
          idle === 0 || warning <= idle,
        {
          path: ["ARCHIVE_WARNING_SECONDS"],
          error: "is more than AUTO_ARCHIVE_SECONDS, so that every session would be warned of",
        },
      ),
    ),
  d1_databases: databases("migrations"),
  durable_objects: durableObjects,
});

const companionConfig = z.object({
  name: text("has to be the Worker's name"),
  main: text("has to be the file that exports the classes"),
  compatibility_date: compatibilityDate,
  vars: z.looseObject(
    { ...sharedVars, REPAIR_SECONDS: whole("seconds, from a minute to a week", 60, 7 * DAY) },
    "is missing",
  ),
  d1_databases: databases("../migrations"),
  durable_objects: durableObjects,
  migrations: z.array(migration, "has to make the classes").check(
    z.refine((migrations) => new Set(migrations.map(({ tag }) => tag)).size === migrations.length, {
      error: "has two with the same tag: give the newer one another",
    }),
  ),
});

/** @param {string} error */
function text(error) {
  return z.string(error);
}

/**
 * @param {string} unit
 * @param {number} [from]
 * @param {number} [to]
 */
function whole(unit, from = 0, to = Number.MAX_SAFE_INTEGER) {
  const error = `has to be a whole number of ${unit}`;
  return z.int(error).check(z.gte(from, error), z.lte(to, error));
}

function httpsUrl() {
  return z.url({ protocol: /^https$/, error: "has to be a URL that begins with https://" });
}

function origin() {
  const error = `has to be the address of your Ship, such as "https://ship.example.com": https, and nothing behind the host; or "", until it has one`;
  const isOrigin = (/** @type {string} */ text) =>
    text.startsWith("https://") && URL.canParse(text) && new URL(text).origin === text;
  return z.string(error).check(z.refine((text) => text === "" || isOrigin(text), error));
}

function allowedUsers() {
  const error = `has to list GitHub ids or logins, comma-separated, or be "*" for anybody`;
  const isEntry = (/** @type {string} */ entry) =>
    /^(\*|\d+@[a-z\d.:-]+|[a-z\d][a-z\d-]*(_[a-z\d]+)?)$/i.test(entry.trim());
  const isList = (/** @type {string} */ list) => list === "" || list.split(",").every(isEntry);
  return z.string(error).check(z.refine(isList, error));
}

/**
 * @typedef {z.infer<typeof pagesConfig>} PagesConfig
 * @typedef {z.infer<typeof companionConfig>} CompanionConfig
 * @typedef {{ pages: PagesConfig, companion: CompanionConfig }} Configs  that may still not fit each other
 */

/**
 * @param {string} root the folder of the project
 * @returns {{ configs?: Configs, problems: string[] }} the configurations, where each is right by itself; and everything
 *   that is wrong with them, each in a sentence that says where, what, and what to do
 */
export function inspect(root) {
  const pages = inspectFile(root, PAGES, pagesConfig);
  const companion = inspectFile(root, COMPANION, companionConfig);
  if (!pages.config || !companion.config) {
    return { problems: [...pages.problems, ...companion.problems] };
  }
  const configs = { pages: pages.config, companion: companion.config };
  return { configs, problems: misfits(configs) };
}

/**
 * @template {z.ZodMiniType} Schema
 * @param {string} root
 * @param {string} file
 * @param {Schema} schema
 * @returns {{ config?: z.infer<Schema>, problems: string[] }}
 */
function inspectFile(root, file, schema) {
  const path = join(root, file);
  if (!existsSync(path)) return { problems: [`${file} is missing.`] };
  try {
    const parsed = z.safeParse(schema, parse(readFileSync(path, "utf8")));
    if (parsed.success) return { config: parsed.data, problems: [] };
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${file}: ${path.join(".")} ${message}.`,
    );
    return { problems };
  } catch (error) {
    return { problems: [`${file} is not TOML. ${error instanceof Error ? error.message : error}`] };
  }
}

/**
 * @param {Configs} configs
 * @returns {string[]}
 */
function misfits(configs) {
  return [...differences(configs), ...objectProblems(configs)];
}

/**
 * What both say has to be the same.
 *
 * @param {Configs} configs
 * @returns {string[]}
 */
function differences({ pages, companion }) {
  const [ours] = pages.d1_databases;
  const [theirs] = companion.d1_databases;
  const shared = Object.keys(pages.vars).filter((name) => name in companion.vars);
  const compared = [
    { what: "compatibility_date", of: pages.compatibility_date, and: companion.compatibility_date },
    { what: "database_name", of: ours.database_name, and: theirs.database_name },
    { what: "database_id", of: ours.database_id, and: theirs.database_id },
    ...shared.map((what) => ({ what, of: pages.vars[what], and: companion.vars[what] })),
  ];
  return compared
    .filter(({ of, and }) => of !== and)
    .map(({ what, of, and }) => unequal(what, of, and));
}

/**
 * @param {string} what
 * @param {unknown} inPages
 * @param {unknown} inCompanion
 */
function unequal(what, inPages, inCompanion) {
  return `${what} is ${inPages} in ${PAGES}, but ${inCompanion} in ${COMPANION}. Make them equal.`;
}

/**
 * @param {Configs} configs
 * @returns {string[]}
 */
function objectProblems({ pages, companion }) {
  const bound = new Map(pages.durable_objects.bindings.map((one) => [one.name, one]));
  const own = new Map(companion.durable_objects.bindings.map((one) => [one.name, one]));
  const made = classesAfter(companion.migrations);
  const names = new Set([...bound.keys(), ...own.keys()]);
  return [...names].flatMap((name) => {
    const [theirs, ours] = [own.get(name), bound.get(name)];
    if (!ours) return [`${PAGES}: ${name} is not bound, but is in ${COMPANION}. Bind it.`];
    if (!theirs) return [`${COMPANION}: ${name} is not bound, but is in ${PAGES}. Bind it.`];
    const found = [];
    if (ours.class_name !== theirs.class_name) {
      found.push(unequal(`The class of ${name}`, ours.class_name, theirs.class_name));
    }
    if (ours.script_name !== companion.name) {
      found.push(
        `${PAGES}: ${name} has the script_name ${ours.script_name}, but the companion's name is ${companion.name}. Make them equal.`,
      );
    }
    if (!made.has(theirs.class_name)) {
      found.push(
        `${COMPANION}: no migration makes the class ${theirs.class_name}. Add one, with a new tag, whose new_sqlite_classes name it.`,
      );
    }
    return found;
  });
}

/**
 * @param {CompanionConfig["migrations"]} migrations
 * @returns {Set<string>} the classes that there are once all of them have run
 */
function classesAfter(migrations) {
  /** @type {Set<string>} */
  const classes = new Set();
  for (const { new_sqlite_classes, renamed_classes, deleted_classes } of migrations) {
    for (const name of new_sqlite_classes ?? []) classes.add(name);
    for (const { from, to } of renamed_classes ?? []) if (classes.delete(from)) classes.add(to);
    for (const name of deleted_classes ?? []) classes.delete(name);
  }
  return classes;
}

/**
 * What a deployment wants beyond right configurations.
 *
 * @param {Configs} configs
 * @param {string[] | undefined} secrets the names of those that the Pages project has; undefined where it does not say
 * @param {string[] | undefined} companionSecrets the same of the companion, which may not be there yet
 * @returns {string[]} as `inspect`
 */
export function unready({ pages, companion }, secrets, companionSecrets) {
  const [{ database_name, database_id }] = pages.d1_databases;
  const noOrigin = `${PAGES}: ORIGIN is empty, and nobody could use what is deployed. Put in the address of your Ship, which this lists: npx wrangler pages project list`;
  const noUsers = `${PAGES} and ${COMPANION}: ALLOWED_USERS is empty, and nobody could sign in. List who may, yourself first: your id is shown at https://api.github.com/users/<your login>`;
  const placeholder = `${PAGES} and ${COMPANION}: database_id is a placeholder. Put in the one that this prints: npx wrangler d1 create ${database_name}`;
  return [
    ...(database_id === PLACEHOLDER ? [placeholder] : []),
    ...(pages.vars.ORIGIN === "" ? [noOrigin] : []),
    ...(pages.vars.ALLOWED_USERS === "" ? [noUsers] : []),
    ...(secrets
      ? secretProblems([...secrets, ...Object.keys(pages.vars)])
      : [
          `The Pages project ${pages.name} cannot be asked for its secrets. Sign in: npx wrangler login. Where there is no such project yet: npx wrangler pages project create ${pages.name} --production-branch main`,
        ]),
    ...REQUIRED_OF_COMPANION.filter(
      (name) => !companionSecrets?.includes(name) && !(name in companion.vars),
    ).map(
      (name) =>
        `${name} is not set in the companion. Set it, the same as in the Pages project: npx wrangler secret put ${name} -c ${COMPANION}`,
    ),
  ];
}

/**
 * @param {string[]} given names
 * @returns {string[]}
 */
function secretProblems(given) {
  const localOnly = `${LOCAL_ONLY} is set, but is for your own machine. Remove it: npx wrangler pages secret delete ${LOCAL_ONLY}`;
  return [
    ...REQUIRED.filter((name) => !given.includes(name)).map(
      (name) => `${name} is not set. Set it: npx wrangler pages secret put ${name}`,
    ),
    ...(given.includes(LOCAL_ONLY) ? [localOnly] : []),
  ];
}

function main() {
  const { problems } = inspect(ROOT);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${PAGES} and ${COMPANION} are right and fit each other.`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main();
