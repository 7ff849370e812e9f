// @ts-check
/** Reads what Miniflare has stored for Ship: the database and every session's Durable Object. */
import Database from "libsql";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Miniflare's folders inside the state folder. */
const DATABASES = "v3/d1/miniflare-D1DatabaseObject";
const OBJECTS = "v3/do/ship-sessions-SessionDO";
/** Not an object's file: its table `_cf_ALARM` has the time of each object's alarm. */
const SCHEDULE = "metadata.sqlite";
const NOT_OURS = /^(_cf_|__miniflare_|sqlite_)/;
/** How long to wait for a database that is being written, in milliseconds. */
const LOCK_TIMEOUT = 5_000;

/**
 * @typedef {{ id: string, user_id: string, last_activity: number, message_count: number }} Facts
 *   what row and object both store of a session; times are epoch milliseconds
 * @typedef {Facts & { repo_owner: string, repo_name: string, repo: string, status: string, needs_you: number, agent_tokens: number | null }} Row
 * @typedef {object} StoredObject
 * @property {string} file  the object's id, which is the name of Miniflare's file
 * @property {string | undefined} name  the name that the object's id was derived from
 * @property {string[]} tables  those that the app created
 * @property {(Facts & { deleting: number }) | undefined} state  undefined in an empty object
 * @property {string[]} messageKeys  the idempotency key of every message
 * @property {number} tokens  how many agents' tokens there are
 * @property {number | undefined} alarm  epoch milliseconds
 * @typedef {object} Storage
 * @property {Row[]} rows
 * @property {string[]} tombstones  the ids of deleted sessions
 * @property {{ session_id: string, kind: string, at: number }[]} events
 * @property {string[]} tasks  the ids of the sessions whose task no object has taken, as far as D1 knows
 * @property {StoredObject[]} objects
 * @property {KeptCount[]} counts
 * @typedef {{ user_id: string, repo: string, active: number, archived: number, needs_you: number }} KeptCount
 *   a line of the table of kept counts: a person's sessions on a repository, or on all of them if it is ''
 */

/**
 * Reads everything that the app has stored.
 *
 * @param {string} state the state folder of Miniflare
 * @returns {Storage}
 * @throws {Error} if there is no local data, or more than one database with sessions
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

/** @typedef {<Line>(sql: string) => Line[]} ReadAll  returns all lines of a query */

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
    tasks: /** @type {{ session_id: string }[]} */ (all("SELECT session_id FROM tasks")).map(
      ({ session_id }) => session_id,
    ),
    counts: /** @type {KeptCount[]} */ (
      all("SELECT user_id, repo, active, archived, needs_you FROM session_counts")
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
 * @returns {Map<string, number>} each object's next alarm, epoch milliseconds
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
 * Reads one SQLite file, its write-ahead log included, with all queries in one transaction.
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
