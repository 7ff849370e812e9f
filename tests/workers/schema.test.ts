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

const NOW = stopClock();

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
