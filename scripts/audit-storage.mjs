// @ts-check
/**
 * `npm run audit:storage`: compares the local database with the storage of every Durable Object and lists each breach of
 * what must hold once everything has settled (docs/decisions/0002). Reads only, also while the app is running.
 *
 *     npm run audit:storage -- [--state DIR]
 */
import Database from "libsql";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/processes.mjs";

/** Where Miniflare keeps things, under the state folder. */
const DATABASES = "v3/d1/miniflare-D1DatabaseObject";
const OBJECTS = "v3/do/ship-sessions-SessionDO";
/** Holds no database or object of its own: its table `_cf_ALARM` says when to ring which object. */
const SCHEDULE = "metadata.sqlite";
const NOT_OURS = /^(_cf_|__miniflare_|sqlite_)/;
/** How long to wait for a database that is being written, in milliseconds. */
const LOCK_TIMEOUT = 5_000;

/** What can be wrong with a session, or with the kept counts of a person and repository, in the words that it is told in. */
export const BREACHES = {
  "row-of-deleted": "was deleted, but has a row",
  "object-of-deleted": "was deleted, but its object has state",
  "deletion-unfinished": "is still being deleted",
  "object-without-row": "has an object with state, but no row",
  "events-without-row": "has a history, but no row",
  "owners-differ": "has a row and an object of different owners",
  "activity-differs": "has another last activity in its row than in its object",
  "count-differs": "has another message count in its row than in its object",
  "tokens-differ": "has another number of agents' tokens in its row than in its object",
  "messages-miscounted": "has an object that holds more or fewer messages than it counts",
  "alarm-missing": "has an object with state, but without an alarm",
  "name-differs": "has an object that was made under another id",
  "tables-left": "has an object without state that still has tables",
  "kept-count-differs": "has another kept count than sessions",
};

/**
 * @typedef {{ id: string, user_id: string, last_activity: number, message_count: number }} Facts
 *   what row and object both know of a session; times are epoch milliseconds
 * @typedef {Facts & { repo_owner: string, repo_name: string, repo: string, status: string, agent_tokens: number | null }} Row
 * @typedef {object} StoredObject
 * @property {string} file  the object's own id, by which Miniflare names its file
 * @property {string | undefined} name  what the object's id was made from
 * @property {string[]} tables  that the app has made
 * @property {(Facts & { deleting: number }) | undefined} state  undefined in an empty object
 * @property {string[]} messageKeys  the client key of every message
 * @property {number} tokens  how many agents' tokens there are
 * @property {number | undefined} alarm  epoch milliseconds
 * @typedef {object} Storage
 * @property {Row[]} rows
 * @property {string[]} tombstones  the ids of deleted sessions
 * @property {{ session_id: string, kind: string, at: number }[]} events
 * @property {StoredObject[]} objects
 * @property {KeptCount[]} counts
 * @typedef {{ user_id: string, repo: string, active: number, archived: number }} KeptCount
 *   how many sessions a person has on a repository, '' for all, by the table of such counts
 * @typedef {{ id: string, breach: keyof typeof BREACHES, detail?: string }} Violation
 */

/**
 * Reads everything that the app has stored under a state folder of Miniflare.
 *
 * @param {string} state
 * @returns {Storage}
 * @throws where there is no local data, or more than one database that holds sessions
 */
export function readStorage(state) {
  const databases = sqliteFiles(join(state, DATABASES)).filter((file) =>
    reading(file, (all) => ownTables(all).includes("deleted_sessions")),
  );
  const [database, another] = databases;
  if (!database) throw new Error(`No local data in ${state}. Start the app first: npm start`);
  if (another) throw new Error(`More than one database holds sessions: ${databases.join(", ")}`);
  const alarms = readAlarms(join(state, OBJECTS, SCHEDULE));
  return {
    ...reading(database, readDatabase),
    objects: sqliteFiles(join(state, OBJECTS)).map((file) => readObject(file, alarms)),
  };
}

/** @typedef {<Line>(sql: string) => Line[]} ReadAll  all lines that a query answers */

/** @param {ReadAll} all */
function readDatabase(all) {
  return {
    rows: /** @type {Row[]} */ (all("SELECT * FROM sessions")),
    tombstones: /** @type {{ id: string }[]} */ (all("SELECT id FROM deleted_sessions")).map(
      ({ id }) => id,
    ),
    events: /** @type {Storage["events"]} */ (
      all("SELECT session_id, kind, at FROM session_events")
    ),
    counts: /** @type {KeptCount[]} */ (
      all("SELECT user_id, repo, active, archived FROM session_counts")
    ),
  };
}

/**
 * @param {string} file
 * @param {Map<string, number>} alarms
 * @returns {StoredObject}
 */
function readObject(file, alarms) {
  const id = basename(file, ".sqlite");
  return reading(file, (all) => {
    const tables = ownTables(all);
    /** @type {{ name: string }[]} */
    const names = hasTable(all, "__miniflare_do_name")
      ? all("SELECT name FROM __miniflare_do_name")
      : [];
    /** @type {StoredObject["state"][]} */
    const states = tables.includes("state") ? all("SELECT * FROM state") : [];
    /** @type {{ client_key: string }[]} */
    const messages = tables.includes("messages") ? all("SELECT client_key FROM messages") : [];
    const tokens = tables.includes("agent_tokens") ? all("SELECT id FROM agent_tokens").length : 0;
    return {
      file: id,
      name: names[0]?.name,
      tables,
      state: states[0],
      messageKeys: messages.map(({ client_key }) => client_key),
      tokens,
      alarm: alarms.get(id),
    };
  });
}

/**
 * @param {string} file
 * @returns {Map<string, number>} by object, when Miniflare will ring it
 */
function readAlarms(file) {
  if (!existsSync(file)) return new Map();
  return reading(file, (all) => {
    /** @type {{ actor_id: string, at: number }[]} */
    const alarms = all("SELECT actor_id, scheduled_time / 1000000 AS at FROM _cf_ALARM");
    return new Map(alarms.map(({ actor_id, at }) => [actor_id, at]));
  });
}

/**
 * Reads one SQLite file, all queries from the same moment, its write-ahead log included.
 *
 * @template Result
 * @param {string} file
 * @param {(all: ReadAll) => Result} read
 * @returns {Result}
 */
function reading(file, read) {
  const database = new Database(`${pathToFileURL(file)}?mode=ro`, { timeout: LOCK_TIMEOUT });
  try {
    database.exec("BEGIN");
    return read((sql) => /** @type {never[]} */ (database.prepare(sql).all()));
  } finally {
    database.close();
  }
}

/** @param {string} folder */
function sqliteFiles(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== SCHEDULE);
  return names.map((name) => join(folder, name));
}

/** @param {ReadAll} all */
function ownTables(all) {
  /** @type {{ name: string }[]} */
  const tables = all("SELECT name FROM sqlite_master WHERE type = 'table'");
  return tables.map(({ name }) => name).filter((name) => !NOT_OURS.test(name));
}

/**
 * @param {ReadAll} all
 * @param {string} name
 */
function hasTable(all, name) {
  return all(`SELECT 1 FROM sqlite_master WHERE name = '${name}'`).length > 0;
}

/**
 * Compares rows, tombstones, history and objects. A row whose object is empty is right: it has no messages yet.
 *
 * @param {Storage} storage
 * @returns {Violation[]}
 */
export function findViolations({ rows, tombstones, events, objects, counts }) {
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const deleted = new Set(tombstones);
  const withHistory = new Set(events.map((event) => event.session_id));
  return [
    ...tombstones.filter((id) => rowOf.has(id)).map((id) => violation(id, "row-of-deleted")),
    ...[...withHistory]
      .filter((id) => !rowOf.has(id))
      .map((id) => violation(id, "events-without-row")),
    ...objects.flatMap((object) => violationsOf(object, rowOf, deleted)),
    ...miscounts(rows, counts),
  ];
}

/**
 * Compares the kept counts with the sessions that there are.
 *
 * @param {Row[]} rows
 * @param {KeptCount[]} counts
 * @returns {Violation[]}
 */
function miscounts(rows, counts) {
  /** @type {Map<string, { active: number, archived: number }>} */
  const counted = new Map();
  for (const { user_id, repo, status } of rows) {
    for (const id of [`${user_id} `, `${user_id} ${repo}`]) {
      const { active, archived } = counted.get(id) ?? { active: 0, archived: 0 };
      counted.set(id, {
        active: active + (status === "active" ? 1 : 0),
        archived: archived + (status === "archived" ? 1 : 0),
      });
    }
  }
  const kept = new Map(counts.map((count) => [`${count.user_id} ${count.repo}`, count]));
  const none = { active: 0, archived: 0 };
  return [...new Set([...kept.keys(), ...counted.keys()])].flatMap((id) => {
    const [is, shouldBe] = [kept.get(id) ?? none, counted.get(id) ?? none];
    if (is.active === shouldBe.active && is.archived === shouldBe.archived) return [];
    const detail = `${is.active} and ${is.archived} kept, ${shouldBe.active} and ${shouldBe.archived} there`;
    return [violation(id.trim(), "kept-count-differs", detail)];
  });
}

/**
 * @param {StoredObject} object
 * @param {Map<string, Row>} rowOf
 * @param {Set<string>} deleted
 * @returns {Violation[]}
 */
function violationsOf({ file, name, tables, state, messageKeys, tokens, alarm }, rowOf, deleted) {
  if (!state)
    return tables.length > 0 ? [violation(name ?? file, "tables-left", tables.join())] : [];
  const { id } = state;
  /** @type {Violation[]} */
  const found = [];
  if (name !== undefined && name !== id) found.push(violation(id, "name-differs", name));
  if (alarm === undefined) found.push(violation(id, "alarm-missing"));
  if (messageKeys.length !== state.message_count) {
    found.push(
      violation(
        id,
        "messages-miscounted",
        `${messageKeys.length} held, ${state.message_count} counted`,
      ),
    );
  }
  const row = rowOf.get(id);
  if (deleted.has(id)) found.push(violation(id, "object-of-deleted"));
  else if (state.deleting) found.push(violation(id, "deletion-unfinished"));
  else if (!row) found.push(violation(id, "object-without-row"));
  else {
    found.push(...differences(row, state));
    if (row.agent_tokens !== null && row.agent_tokens !== tokens) {
      const detail = `${row.agent_tokens} in the row, ${tokens} in the object`;
      found.push(violation(id, "tokens-differ", detail));
    }
  }
  return found;
}

/**
 * @param {Facts} row
 * @param {Facts} state
 * @returns {Violation[]}
 */
function differences(row, state) {
  const compared = /** @type {const} */ ([
    ["user_id", "owners-differ"],
    ["last_activity", "activity-differs"],
    ["message_count", "count-differs"],
  ]);
  return compared
    .filter(([fact]) => row[fact] !== state[fact])
    .map(([fact, breach]) =>
      violation(row.id, breach, `${row[fact]} in the row, ${state[fact]} in the object`),
    );
}

/**
 * @param {string} id
 * @param {Violation["breach"]} breach
 * @param {string} [detail]
 * @returns {Violation}
 */
function violation(id, breach, detail) {
  return detail === undefined ? { id, breach } : { id, breach, detail };
}

/**
 * @param {Violation} violation
 * @returns {string} as a person reads it
 */
export function describe({ id, breach, detail }) {
  return `${id} ${BREACHES[breach]}${detail === undefined ? "" : ` (${detail})`}`;
}

function main() {
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  const storage = readStorage(values.state ?? join(ROOT, ".wrangler/state"));
  const violations = findViolations(storage);
  for (const found of violations) console.log(describe(found));
  const { rows, tombstones, events, objects } = storage;
  const full = objects.filter((object) => object.state).length;
  console.log(`rows                ${rows.length}
tombstones          ${tombstones.length}
events              ${events.length}
objects with state  ${full}
empty objects       ${objects.length - full}
violations          ${violations.length}`);
  if (violations.length === 0) return;
  console.log("\nAlarms may not have rung yet: look again when the app has run for a minute.");
  process.exitCode = 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
