// @ts-check
/** Databases of many rows, created once a day and reused. Only rows are created; their Durable Objects are empty. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "../scripts/lib/project.mjs";
import { ROOT } from "../scripts/lib/processes.mjs";
import { FOLDER } from "./servers.mjs";
import { numberOf, opened, sizeOf } from "./storage.mjs";

/** How many sessions each of the people has whose lists are measured. */
const PEOPLE = [50, 2_000, 10_000];
/** How many sessions everybody else has. */
const OF_OTHERS = 100;

/** Miniflare's folder for D1, inside its state folder. */
const DATABASES = "v3/d1/miniflare-D1DatabaseObject";

const DAY = 24 * 60 * 60 * 1000;

/**
 * @typedef {import("libsql").Database} Database
 * @typedef {{ name: string, sessions: number, counts: number }} Person  the name to sign in with, and the
 *   number of sessions and of lines of kept counts
 * @typedef {{ state: string, people: Person[], bytesPerSession: number }} Seeded  a folder of local data
 */

/** @param {number} sessions @returns {string} the name of the person with this number of sessions */
function nameOf(sessions) {
  return `with-${sessions}`;
}

/**
 * Creates a database with this number of sessions, unless there is one from today.
 *
 * @param {number} rows
 * @returns {Promise<Seeded>}
 */
export async function seeded(rows) {
  const state = join(FOLDER, `${rows}`);
  const people = PEOPLE.filter((sessions) => sessions < rows);
  const stamp = join(state, "seeded");
  const wanted = madeFrom();
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
    console.log(`Making a database of ${rows.toLocaleString("en")} sessions.`);
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state, { recursive: true });
    await migrate(state);
    opened(join(state, DATABASES), (database) => fill(database, rows, people));
    writeFileSync(stamp, wanted);
  }
  return opened(join(state, DATABASES), (database) => ({
    state,
    people: people.map((sessions) => personOf(database, sessions)),
    bytesPerSession: Math.round(sizeOf(database) / rows),
  }));
}

/** @returns {string} identifies how a database was created: its schema, this file, and the day, because rows age */
function madeFrom() {
  const folder = join(ROOT, "migrations");
  const files = readdirSync(folder).map((name) => join(folder, name));
  const hash = createHash("sha256");
  for (const file of [...files, fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
  return `${hash.digest("hex")} ${Math.floor(Date.now() / DAY)}`;
}

/** @param {Database} database @param {number} sessions @returns {Person} */
function personOf(database, sessions) {
  const name = nameOf(sessions);
  const where = `user_id = 'local:${name}'`;
  const counts = numberOf(database, `SELECT count(*) FROM session_counts WHERE ${where}`);
  return { name, sessions, counts };
}

/**
 * @param {Database} database
 * @param {number} rows
 * @param {number[]} people
 */
function fill(database, rows, people) {
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN");
  // Triggers and indexes would take most of the time: they are dropped, and created again after the inserts.
  const keepers = /** @type {{ type: string, name: string, sql: string }[]} */ (
    database
      .prepare(
        `SELECT type, name, sql FROM sqlite_master
         WHERE tbl_name = 'sessions' AND type IN ('index', 'trigger') AND sql IS NOT NULL`,
      )
      .all()
  );
  for (const { type, name } of keepers) database.exec(`DROP ${type} ${name}`);
  for (const sessions of people) insert(database, `'local:${nameOf(sessions)}'`, sessions);
  const others = rows - people.reduce((sum, sessions) => sum + sessions, 0);
  insert(database, `'local:other-' || (i / ${OF_OTHERS})`, others);
  database.exec(COUNTS_AND_EVENTS);
  for (const { sql } of keepers) database.exec(sql);
  checkCounts(database, nameOf(people[0] ?? 0));
  database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

/**
 * Inserts realistic sessions: half of them on twelve busy repositories, the others on many; last active between just
 * now and the time at which idle sessions are archived; one in five archived, unless the person has fewer than a
 * hundred; one in three with an agent.
 *
 * @param {Database} database
 * @param {string} person an SQL expression
 * @param {number} sessions
 */
function insert(database, person, sessions) {
  const archived = sessions < OF_OTHERS ? "FALSE" : "i % 5 = 4";
  const repositories = Math.ceil(Math.min(sessions, 10_000) / 34);
  database.exec(`
    INSERT INTO sessions
      (id, user_id, repo_owner, repo_name, status, last_activity, created_at, archived_at, archived_by,
        message_count, agent_status, status_rev, agent_at, agent_message, seen_message, agent_tokens, auto_title)
    WITH RECURSIVE
      n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${sessions - 1}),
      drawn AS (
        SELECT i, abs(random()) % ${29 * DAY + DAY / 2} AS idle, abs(random()) % ${60 * DAY} AS age,
          abs(random()) % 400 AS messages, ${archived} AS archived,
          CASE i % 2 WHEN 0 THEN i / 2 % 12 ELSE 12 + i / 2 % ${repositories} END AS repository
        FROM n)
    SELECT
      lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-5' || substr(hex(randomblob(2)), 2) ||
        '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
      ${person},
      CASE repository % 3 WHEN 0 THEN 'acme' WHEN 1 THEN 'Northwind-labs' ELSE 'contoso' END,
      'service-' || repository,
      iif(archived, 'archived', 'active'),
      ${Date.now()} - idle, ${Date.now()} - idle - age, iif(archived, ${Date.now()} - idle / 2, NULL),
      iif(archived, iif(i % 2, 'owner', 'idle'), NULL),
      messages,
      iif(i % 3, NULL, CASE i % 24 WHEN 0 THEN 'failed' WHEN 3 THEN 'waiting' WHEN 6 THEN 'done' ELSE 'working' END),
      i % 3 = 0,
      iif(i % 3, NULL, ${Date.now()} - idle),
      iif(i % 3, 0, messages), iif(i % 2, messages, 0), i % 3 = 0,
      iif(i % 4, CASE i % 5 WHEN 0 THEN 'Mend the parser' WHEN 1 THEN 'Add tests for the login of new people'
        ELSE 'Find out why the page of bills is slow since version ' || i % 7 END || ', part ' || i, NULL)
    FROM drawn`);
}

const COUNTS = `
  SELECT user_id, '' AS repo, '' AS repo_shown, sum(status = 'active') AS active, sum(status = 'archived') AS archived,
    sum(needs_you) AS needs_you
  FROM sessions GROUP BY user_id
  UNION ALL
  SELECT user_id, repo, min(repo_owner || '/' || repo_name), sum(status = 'active'), sum(status = 'archived'), 0
  FROM sessions GROUP BY user_id, repo`;

const COUNTS_AND_EVENTS = `
  INSERT INTO session_counts (user_id, repo, repo_shown, active, archived, needs_you) ${COUNTS};
  INSERT INTO session_events (session_id, kind, at) SELECT id, 'created', created_at FROM sessions;`;

/**
 * Checks that one person's counts are what the triggers would produce, by deleting all of that person's sessions and
 * inserting them again in a transaction that is rolled back.
 *
 * @param {Database} database
 * @param {string} name
 * @throws if they differ
 */
function checkCounts(database, name) {
  const of = `WHERE user_id = 'local:${name}'`;
  const counts = () =>
    JSON.stringify(database.prepare(`SELECT * FROM session_counts ${of} ORDER BY repo`).all());
  const seeded = counts();
  database.exec(`
    SAVEPOINT counting;
    CREATE TEMP TABLE kept AS SELECT id, repo_owner, repo_name, status, agent_status, status_rev FROM sessions ${of};
    DELETE FROM sessions ${of}`);
  const without = counts();
  database.exec(`
    INSERT INTO sessions
      (id, user_id, repo_owner, repo_name, status, agent_status, status_rev, last_activity, created_at)
    SELECT id, 'local:${name}', repo_owner, repo_name, status, agent_status, status_rev, 0, 0 FROM kept`);
  const counted = counts();
  database.exec("ROLLBACK TO counting; RELEASE counting");
  if (without !== "[]" || counted !== seeded)
    throw new Error(`The counts of ${name} are not those that the triggers keep.`);
}
