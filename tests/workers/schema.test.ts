/** Objects with the storage of an earlier version: they can be read as they are, and are upgraded by a write. */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { hashToken } from "../../app/platform/token.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { connectAgent } from "../../app/sessions/agents/agent-tokens.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import {
  readConversation,
  readMessages,
} from "../../app/sessions/conversation/conversation.server";
import { countMessages } from "../../app/sessions/session-queries.server";
import {
  env,
  fireAlarm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  newRowWithoutObject,
  NOTHING_STORED,
  settled,
  stopClock,
} from "./support";
import { observeSockets, RunnerSocket } from "./runs/socket";

const NOW = stopClock();
observeSockets();

/** The schema of the first version, copied from its code. */
const FIRST = `
      CREATE TABLE state (
        id TEXT NOT NULL, user_id TEXT NOT NULL, repo_owner TEXT NOT NULL, repo_name TEXT NOT NULL,
        created_at INTEGER NOT NULL, last_activity INTEGER NOT NULL, message_count INTEGER NOT NULL,
        generation TEXT NOT NULL, deleting INTEGER NOT NULL, alarm_at INTEGER NOT NULL
      );
      CREATE TABLE messages (
        id INTEGER PRIMARY KEY, role TEXT NOT NULL, author TEXT NOT NULL,
        text TEXT NOT NULL, created_at INTEGER NOT NULL, client_key TEXT NOT NULL UNIQUE
      );`;

const AGENT_TABLES = `
  CREATE TABLE agent_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE,
    form_key TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, used_at INTEGER,
    window_at INTEGER NOT NULL DEFAULT 0, window_count INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE agent_reports (client_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;`;

/** The schema of the version that introduced agents. */
const WITH_AGENTS = `
      CREATE TABLE state (
        id TEXT NOT NULL, user_id TEXT NOT NULL, repo_owner TEXT NOT NULL, repo_name TEXT NOT NULL,
        created_at INTEGER NOT NULL, last_activity INTEGER NOT NULL, message_count INTEGER NOT NULL,
        generation TEXT NOT NULL, deleting INTEGER NOT NULL, alarm_at INTEGER NOT NULL,
        agent_status TEXT, agent_at INTEGER, agent_message INTEGER NOT NULL DEFAULT 0
      );
      CREATE TABLE messages (
        id INTEGER PRIMARY KEY, role TEXT NOT NULL, author TEXT NOT NULL,
        text TEXT NOT NULL, created_at INTEGER NOT NULL, client_key TEXT NOT NULL UNIQUE
      );
      ${AGENT_TABLES}`;

/** The first schema, upgraded to the second. */
const FIRST_WITH_AGENTS = `${FIRST}
      ALTER TABLE state ADD COLUMN agent_status TEXT;
      ALTER TABLE state ADD COLUMN agent_at INTEGER;
      ALTER TABLE state ADD COLUMN agent_message INTEGER NOT NULL DEFAULT 0;
      ${AGENT_TABLES}`;

/** The schema of the version that introduced items, whose numbers of changes were unique. */
const WITH_ITEMS = `${FIRST_WITH_AGENTS}
      ALTER TABLE state ADD COLUMN schema_version INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE messages ADD COLUMN tree TEXT;
      ALTER TABLE messages ADD COLUMN tree_version INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN window_at INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN window_count INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN branch TEXT;
      ALTER TABLE state ADD COLUMN auto_title TEXT;
      ALTER TABLE state ADD COLUMN status_rev INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN answered_at INTEGER;
      ALTER TABLE state ADD COLUMN answered_message INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN answered_rev INTEGER NOT NULL DEFAULT 0;
      CREATE TABLE items (
      id INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL, message INTEGER,
      run TEXT, key TEXT, author TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
      body TEXT
      );
      CREATE UNIQUE INDEX items_key ON items (key) WHERE key IS NOT NULL;
      CREATE INDEX items_requests ON items (id) WHERE kind = 'permission';
      ALTER TABLE state ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
      ALTER TABLE state ADD COLUMN unplaced INTEGER NOT NULL DEFAULT 0;`;

const TOKEN = `ship_${"7".repeat(64)}`;

/** @returns a session with two messages, and a token if the schema has tokens, stored in that schema */
async function oldSession(schema: string): Promise<{ id: string; userId: string }> {
  const { id, user_id, repo_owner, repo_name, created_at } = await newRowWithoutObject({
    last_activity: NOW + 2,
    message_count: 2,
  });
  const tokenHash = await hashToken(TOKEN);
  await runInDurableObject(sessionObject(env, id), async (_, { storage }) => {
    const { sql } = storage;
    sql.exec(schema);
    sql.exec(
      `INSERT INTO state (id, user_id, repo_owner, repo_name, created_at, last_activity,
         message_count, generation, deleting, alarm_at)
       VALUES (?, ?, ?, ?, ?, ?, 2, ?, 0, ?)`,
      ...[id, user_id, repo_owner, repo_name, created_at, NOW + 2, "generation", NOW + 86_400_000],
    );
    for (const [text, key] of [
      ["*First*", "a"],
      ["Second", "b"],
    ]) {
      const insert =
        "INSERT INTO messages (role, author, text, created_at, client_key) VALUES (?, ?, ?, ?, ?)";
      sql.exec(insert, "user", "Ada", text, NOW, key);
    }
    if (schema.includes("agent_tokens")) {
      const insert =
        "INSERT INTO agent_tokens (name, hash, form_key, created_at) VALUES (?, ?, ?, ?)";
      sql.exec(insert, "Builder", tokenHash, "form", NOW);
    }
    await storage.setAlarm(NOW + 86_400_000);
  });
  return { id, userId: user_id };
}

/** @returns an object's tables, with their definitions and contents */
function storageOf(id: string) {
  return runInDurableObject(sessionObject(env, id), (_, { storage: { sql } }) =>
    sql
      .exec("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'")
      .toArray()
      .map((table) => [table, sql.exec(`SELECT * FROM ${table.name as string}`).toArray()]),
  );
}

/** @returns the names of an object's columns by table, whatever their order */
function columnsOf(id: string) {
  return runInDurableObject(sessionObject(env, id), (_, { storage: { sql } }) =>
    ["state", "messages", "agent_tokens", "agent_reports"].map((table) =>
      sql.exec(`SELECT name FROM pragma_table_info('${table}') ORDER BY name`).toArray(),
    ),
  );
}

describe.each([
  ["before agents could report in", FIRST, 0],
  ["when agents could report in", WITH_AGENTS, 1],
  ["before agents, and used since", FIRST_WITH_AGENTS, 1],
])("storage made %s", (_, schema, tokens) => {
  test("is read as it is, and no read changes it", async () => {
    const { id, userId } = await oldSession(schema);
    const before = await storageOf(id);

    expect(await readConversation(env, id, userId, undefined)).toMatchObject({
      state: "ready",
      items: [
        { id: 1, seq: 0, message: { id: 1, content: [{ p: [{ em: ["First"] }] }] } },
        { id: 2, seq: 0, message: { id: 2, content: [{ p: ["Second"] }] } },
      ],
      messageCount: 2,
      agent: null,
      tokens: Array.from({ length: tokens }, () => ({ id: 1, name: "Builder", used_at: null })),
    });
    expect(await readMessages(env, id, userId, 1)).toMatchObject([{ id: 2, text: "Second" }]);
    expect(await countMessages(env, id, userId)).toBe(2);
    expect(await sessionObject(env, id).read("no token’s hash", 0, 0)).toEqual({
      state: "refused",
    });
    expect(await sessionObject(env, id).snapshot(freshPerson())).toEqual({ state: "foreign" });

    expect(await storageOf(id)).toEqual(before);
  });

  test.each<[string, (id: string, userId: string) => Promise<unknown>]>([
    ["message", (id, userId) => sessionObject(env, id).append(userId, freshMessage("Third"))],
    ["token", (id, userId) => connectAgent(env, userId, id, { name: "Reviewer", key: "form 2" })],
    ["alarm", (id) => fireAlarm(id)],
  ])("is upgraded by the next %s, and nothing is lost", async (_, write) => {
    const { id, userId } = await oldSession(schema);
    const fresh = await newRowWithoutObject();
    await sessionObject(env, fresh.id).initialize(fresh);

    await write(id, userId);

    expect(await columnsOf(id)).toEqual(await columnsOf(fresh.id));
    const { state, messages } = await inStorage(id);
    expect(state?.schema_version).toBe((await inStorage(fresh.id)).state?.schema_version);
    expect(messages.slice(0, 2)).toMatchObject([{ text: "*First*" }, { text: "Second" }]);
  });

  test("keeps working: it accepts messages and reports, wakes, settles and is deleted", async () => {
    const { id, userId } = await oldSession(schema);
    await changeStatus(env, userId, id, "archive");
    const answer = await connectAgent(env, userId, id, { name: "Reviewer", key: "form 2" });
    if (!("token" in answer)) throw new Error(answer.outcome);
    const hash = await hashToken(answer.token);

    await sessionObject(env, id).append(userId, freshMessage("Third"));
    await sessionObject(env, id).report(hash, { text: "Fourth", status: "done", key: "1" });

    expect(await settled(id)).toBe("row, ready with 4");
    expect((await inDatabase(id)).row).toMatchObject({ message_count: 4, agent_status: "done" });
    expect(await sessionObject(env, id).read(hash, 3, 0)).toMatchObject({ messages: [{ id: 4 }] });
    expect(await deleteSession(env, userId, id)).toBe("deleted");
    expect(await inStorage(id)).toEqual(NOTHING_STORED);
  });

  if (tokens === 0) return;
  test("keeps the tokens that work", async () => {
    const { id } = await oldSession(schema);
    const hash = await hashToken(TOKEN);

    const report = { text: "Third", status: "working", key: "1" } as const;
    expect(await sessionObject(env, id).report(hash, report)).toEqual({
      state: "ready",
      message: 3,
    });
  });
});

test("storage made when items were new keeps its requests, and holds runs that use the same keys", async () => {
  const { id, userId } = await oldSession(WITH_ITEMS);
  await runInDurableObject(sessionObject(env, id), (_, { storage: { sql } }) => {
    sql.exec("UPDATE state SET schema_version = 7, seq = 3, placed = 2, unplaced = 2");
    const options = [{ id: "yes", name: "Yes", kind: "allow_once" }];
    const asks = { kind: "permission", title: "Push?", options, state: "open" };
    sql.exec(
      `INSERT INTO items (id, seq, kind, key, author, created_at, updated_at, body)
       VALUES (3, 3, 'permission', 'agent 1 a', 'Builder', ?, ?, ?)`,
      ...[NOW, NOW, JSON.stringify(asks)],
    );
  });
  const object = sessionObject(env, id);
  const laptop = { runner_id: "laptop", assign: 1, agent: "Codex" };
  await object.moved(userId, laptop);
  const socket = await RunnerSocket.open(id, { ...laptop, runner: "laptop", user: userId });
  await socket.say({ type: "attach", instance: "process 1" });
  for (const turn of [1, 2]) {
    const run = `run ${turn}`;
    const tool = { kind: "tool", title: "Read it" } as const;
    await socket.say(
      { type: "begin", turn, run },
      { type: "items", run, seq: 1, items: [{ key: "a", item: tool }] },
      { type: "items", run, seq: 2, items: [{ key: "a", item: { ...tool, status: "completed" } }] },
      { type: "end", run, seq: 3, outcome: "done" },
    );
  }

  expect(socket.closedWith).toBeUndefined();
  const answer = await object.answer(userId, 3, "yes", "Ada");
  expect(answer).toMatchObject({ state: "ready", isTaken: true });
  expect(await object.conversation(userId, undefined)).toMatchObject({
    items: [
      { message: { id: 1 } },
      { message: { id: 2 } },
      { id: 3, body: { state: "answered" } },
      { run: "run 1", key: "a", body: { status: "completed" } },
      { run: "run 2", key: "a", body: { status: "completed" } },
    ],
    session: { agent_status: "done" },
  });
});

test("storage of a later version, whose deployment was rolled back, is used as it is", async () => {
  const row = await newRowWithoutObject();
  const object = sessionObject(env, row.id);
  await object.initialize(row);
  await runInDurableObject(object, (_, { storage: { sql } }) => {
    sql.exec("ALTER TABLE state ADD COLUMN later TEXT; UPDATE state SET schema_version = 1000");
  });

  await object.append(row.user_id, freshMessage());

  const { state, messages } = await inStorage(row.id);
  expect(state?.schema_version).toBe(1000);
  expect(messages).toHaveLength(1);
});
