import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describe as told, findViolations, readStorage } from "../../scripts/audit-storage.mjs";
import { ROOT } from "../../scripts/lib/processes.mjs";

const OBJECT = "00".repeat(32);
const ID = randomUUID();
const OTHER_ID = randomUUID();

const ROW = `INSERT INTO sessions (id, user_id, repo_owner, repo_name, last_activity, created_at, message_count)
  VALUES ('${ID}', 'local:anna', 'remix-run', 'remix', 2000, 1000, 1)`;
const EVENT = `INSERT INTO session_events (session_id, kind, at) VALUES ('${ID}', 'created', 1000)`;
const TOMBSTONE = `INSERT INTO deleted_sessions VALUES ('${ID}', 'local:anna', 3000, 1000)`;
const NAME = `CREATE TABLE __miniflare_do_name (id INTEGER, name TEXT);
  INSERT INTO __miniflare_do_name VALUES (1, '${ID}');`;
const TABLES = `
  CREATE TABLE state (
    id TEXT, user_id TEXT, repo_owner TEXT, repo_name TEXT, created_at INTEGER,
    last_activity INTEGER, message_count INTEGER, generation TEXT, deleting INTEGER, alarm_at INTEGER
  );
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY, role TEXT, author TEXT, text TEXT, created_at INTEGER, client_key TEXT
  );`;
const STATE = `INSERT INTO state VALUES
  ('${ID}', 'local:anna', 'remix-run', 'remix', 1000, 2000, 1, 'g', 0, 9000);`;
const MESSAGE = `INSERT INTO messages VALUES (1, 'user', 'anna', 'Hello', 2000, 'key');`;
const SETTLED_OBJECT = NAME + TABLES + STATE + MESSAGE;
const WITH_AGENT = `${SETTLED_OBJECT}
  CREATE TABLE agent_tokens (id INTEGER PRIMARY KEY); INSERT INTO agent_tokens VALUES (1);`;
const ALARM = `INSERT INTO _cf_ALARM VALUES ('${OBJECT}', 9000000000)`;

let folder: string;
let opened: Database.Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ship-audit-"));
  opened = [];
});
afterEach(() => {
  for (const database of opened) database.close();
  rmSync(folder, { recursive: true });
});

/** Stores one session as Miniflare does; row and object agree unless the arguments say otherwise. */
function store({
  rows = `${ROW}; ${EVENT}`,
  object = SETTLED_OBJECT,
  alarm = ALARM,
}: { rows?: string; object?: string; alarm?: string } = {}) {
  const databases = join(folder, "v3/d1/miniflare-D1DatabaseObject");
  const objects = join(folder, "v3/do/ship-sessions-SessionDO");
  mkdirSync(databases, { recursive: true });
  mkdirSync(objects, { recursive: true });
  const migrations = readdirSync(join(ROOT, "migrations")).sort();
  const schema = migrations.map((name) => readFileSync(join(ROOT, "migrations", name), "utf8"));
  write(join(databases, "database.sqlite"), [...schema, rows].join("\n"));
  write(
    join(objects, "metadata.sqlite"),
    `CREATE TABLE _cf_ALARM (actor_id TEXT, scheduled_time INTEGER); ${alarm}`,
  );
  return write(join(objects, `${OBJECT}.sqlite`), object);
}

/** Writes a file as a running workerd does: the data stays in the write-ahead log. @returns the file */
function write(file: string, sql: string): string {
  const database = new Database(file);
  opened.push(database);
  database.pragma("journal_mode = WAL");
  database.exec(sql);
  return file;
}

function audit() {
  return findViolations(readStorage(folder));
}

/** Runs `npm run audit:storage`. */
function auditCommand(state = folder) {
  const args = ["scripts/audit-storage.mjs", "--state", state];
  return spawnSync("node", args, { cwd: ROOT, encoding: "utf8" });
}

test("a settled session has no violations", () => {
  store();
  expect(audit()).toEqual([]);
});

test.each([
  ["a session without messages, its object still empty", { object: "", alarm: "" }],
  [
    "a session with an agent",
    { rows: `${ROW}; UPDATE sessions SET agent_tokens = 1`, object: WITH_AGENT },
  ],
  ["a session whose agents were never counted", { object: WITH_AGENT }],
  ["a deleted session", { rows: TOMBSTONE, object: "", alarm: "" }],
  ["an object that was emptied, its name left by Miniflare", { object: NAME, alarm: "" }],
])("%s breaks nothing", (_case, stored) => {
  store(stored);
  expect(audit()).toEqual([]);
});

test.each<[string, Parameters<typeof store>[0]]>([
  ["row-of-deleted", { rows: `${ROW}; ${TOMBSTONE}`, object: "" }],
  ["object-of-deleted", { rows: TOMBSTONE }],
  ["deletion-unfinished", { object: SETTLED_OBJECT + "UPDATE state SET deleting = 1" }],
  ["deletion-unfinished", { rows: "", object: SETTLED_OBJECT + "UPDATE state SET deleting = 1" }],
  ["object-without-row", { rows: "" }],
  ["events-without-row", { rows: EVENT, object: "" }],
  ["owners-differ", { object: SETTLED_OBJECT + "UPDATE state SET user_id = 'local:ben'" }],
  ["activity-differs", { object: SETTLED_OBJECT + "UPDATE state SET last_activity = 1999" }],
  ["count-differs", { rows: `${ROW}; UPDATE sessions SET message_count = 2` }],
  ["tokens-differ", { rows: `${ROW}; UPDATE sessions SET agent_tokens = 2`, object: WITH_AGENT }],
  ["messages-miscounted", { object: NAME + TABLES + STATE }],
  ["alarm-missing", { alarm: "" }],
  [
    "name-differs",
    { object: SETTLED_OBJECT + `UPDATE __miniflare_do_name SET name = '${OTHER_ID}'` },
  ],
  ["tables-left", { object: NAME + TABLES }],
])("%s is found, and nothing else", (breach, stored) => {
  store(stored);
  expect(audit()).toMatchObject([{ id: ID, breach }]);
});

test.each([
  ["a count too high", "UPDATE session_counts SET active = 2 WHERE repo <> ''"],
  [
    "a session counted in the wrong tab",
    "UPDATE session_counts SET active = 0, archived = 1 WHERE repo <> ''",
  ],
  ["a count that is missing", "DELETE FROM session_counts WHERE repo <> ''"],
])("%s is found, and nothing else", (_, miscount) => {
  store({ rows: `${ROW}; ${EVENT}; ${miscount}` });
  expect(audit()).toMatchObject([
    { id: "local:anna remix-run/remix", breach: "kept-count-differs" },
  ]);
});

test("a count without sessions is found", () => {
  const count = "INSERT INTO session_counts VALUES ('local:ben', '', '', 0, 1, 2)";
  store({ rows: `${ROW}; ${EVENT}; ${count}` });
  expect(audit().map(told)).toEqual([
    "local:ben has another kept count than sessions (0 active, 1 archived, 2 in need kept, 0 active, 0 archived, 0 in need there)",
  ]);
});

test("a task that nobody will take is found", () => {
  const task = (id: string) => `INSERT INTO tasks VALUES ('${id}', 'Anna', 'Fix it')`;
  store({ rows: `${ROW}; ${EVENT}; ${task(ID)}; ${task(OTHER_ID)}` });
  expect(audit()).toEqual([
    { id: OTHER_ID, breach: "task-without-row" },
    { id: ID, breach: "task-left" },
  ]);
});

test("a violation is described as text", () => {
  const differing = {
    id: ID,
    breach: "count-differs",
    detail: "2 in the row, 1 in the object",
  } as const;
  expect(told(differing)).toBe(
    `${ID} has another message count in its row than in its object (2 in the row, 1 in the object)`,
  );
});

test("data that a killed server left in its write-ahead logs is read, and stays as it is", () => {
  const stored = relative(folder, store());
  const killed = join(folder, "killed");
  cpSync(join(folder, "v3"), join(killed, "v3"), {
    recursive: true,
    filter: (file) => !file.endsWith("-shm"),
  });
  const files = [join(killed, stored), join(killed, `${stored}-wal`)] as const;
  const [file, log] = files.map((name) => readFileSync(name));
  expect([file!.includes(ID), log!.includes(ID)]).toEqual([false, true]);

  const { stdout } = auditCommand(killed);
  expect(stdout).toMatch(/objects with state +1\n.*\nviolations +0/);
  expect(files.map((name) => readFileSync(name))).toEqual([file, log]);
});

test("the command lists violations and fails; without one it succeeds", () => {
  const object = store({ object: SETTLED_OBJECT + "UPDATE state SET deleting = 1" });
  const unsettled = auditCommand();
  expect(unsettled.stdout).toContain(`${ID} is still being deleted`);
  expect(unsettled.status).toBe(1);

  write(object, "UPDATE state SET deleting = 0");
  const settled = auditCommand();
  expect(settled.stdout).toMatch(/violations +0/);
  expect(settled.status).toBe(0);
});

test("a folder without local data is told so", () => {
  expect(() => readStorage(folder)).toThrow("Start the app first");
});
