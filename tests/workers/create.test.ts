import { expect, test } from "vitest";
import {
  appendMessage,
  changeStatus,
  createSession,
  deleteSession,
} from "../../app/sessions/lifecycle.server";
import { listSessions } from "../../app/sessions/queries.server";
import { insertSession } from "../../app/sessions/rows.server";
import { write } from "../../app/platform/database.server";
import {
  env,
  everything,
  freshForm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  newSession,
  NOTHING_STORED,
  stopClock,
} from "./support";

const NOW = stopClock();

async function idsOf(userId: string): Promise<string[]> {
  const { sessions } = await listSessions(env.DB, userId, "active", undefined);
  return sessions.map(({ id }) => id);
}

test("a new session has its row, the first line of its history and its object", async () => {
  const ada = freshPerson();

  const result = await createSession(env, ada, freshForm("remix-run", "indie-stack"));

  expect(result.outcome).toBe("created");
  const [id] = await idsOf(ada);
  const { row, tombstone, events } = await inDatabase(id!);
  expect(result).toEqual({ outcome: "created", session: row });
  expect(row).toEqual({
    id,
    user_id: ada,
    repo_owner: "remix-run",
    repo_name: "indie-stack",
    status: "active",
    created_at: NOW,
    last_activity: NOW,
    archived_at: null,
    message_count: 0,
    archived_by: null,
    kept_at: null,
    agent_status: null,
    agent_at: null,
    agent_message: 0,
    seen_message: 0,
  });
  expect(tombstone).toBeUndefined();
  expect(events).toEqual([{ kind: "created", at: NOW }]);

  const { tables, state, messages } = await inStorage(id!);
  expect(tables).toEqual(["agent_reports", "agent_tokens", "messages", "state"]);
  expect(messages).toEqual([]);
  expect(state).toMatchObject({
    id,
    user_id: ada,
    repo_owner: "remix-run",
    repo_name: "indie-stack",
    created_at: NOW,
    last_activity: NOW,
    message_count: 0,
    deleting: 0,
  });
});

test("a new object looks after its row within 5 seconds", async () => {
  const { id } = await newSession();

  const { alarm, state } = await inStorage(id);

  expect(alarm).toBe(NOW + 5_000);
  expect(state!.alarm_at).toBe(alarm);
});

test("the same form sent ten times at once makes one session", async () => {
  const ada = freshPerson();
  const form = freshForm();

  const results = await Promise.all(
    Array.from({ length: 10 }, () => createSession(env, ada, form)),
  );

  const ids = await idsOf(ada);
  expect(ids).toHaveLength(1);
  const { row, events } = await inDatabase(ids[0]!);
  for (const result of results) expect(result).toEqual({ outcome: "created", session: row });
  expect(events).toEqual([{ kind: "created", at: NOW }]);
});

test("the same form sent again leaves the session as it has become", async () => {
  const ada = freshPerson();
  const form = freshForm();
  await createSession(env, ada, form);
  const [id] = await idsOf(ada);
  await appendMessage(env, ada, id!, freshMessage());
  await changeStatus(env, ada, id!, "archive");
  const before = await everything(id!);

  const again = await createSession(env, ada, form);

  expect(again).toMatchObject({ outcome: "created", session: { id, status: "archived" } });
  expect(await everything(id!)).toEqual(before);
});

test("a form's key used again for another repository says so, and makes nothing", async () => {
  const ada = freshPerson();
  const form = freshForm("remix-run", "remix");
  await createSession(env, ada, form);
  const [id] = await idsOf(ada);
  const before = await everything(id!);

  for (const repository of [
    { owner: "remix-run", name: "examples" },
    { owner: "someone-else", name: "remix" },
  ]) {
    const result = await createSession(env, ada, { ...form, repository });
    expect(result).toMatchObject({ outcome: "key-used", session: { id, repo_name: "remix" } });
  }

  expect(await idsOf(ada)).toEqual([id]);
  expect(await everything(id!)).toEqual(before);
});

test("a form sent again after its session was deleted says so, and makes nothing", async () => {
  const ada = freshPerson();
  const form = freshForm();
  await createSession(env, ada, form);
  const [id] = await idsOf(ada);
  await deleteSession(env, ada, id!);
  const { tombstone } = await inDatabase(id!);

  expect(await createSession(env, ada, form)).toEqual({ outcome: "deleted" });

  expect(await inDatabase(id!)).toEqual({ row: undefined, tombstone, events: [] });
  expect(await inStorage(id!)).toEqual(NOTHING_STORED);
});

test("a tombstone alone keeps the statements that make a session from making it", async () => {
  const { id, user_id } = await newSession();
  await deleteSession(env, user_id, id);

  const unlimited = { perMinute: 0, active: 0 };
  const insert = insertSession(id, user_id, { owner: "a", name: "b" }, Date.now(), unlimited);
  await write(env.DB, insert);

  const { row, events } = await inDatabase(id);
  expect({ row, events }).toEqual({ row: undefined, events: [] });
});

test("a repository can have several sessions", async () => {
  const ada = freshPerson();

  for (let count = 0; count < 3; count++) await createSession(env, ada, freshForm("a", "b"));

  expect(new Set(await idsOf(ada)).size).toBe(3);
});

test("the id is a UUID of person and key: two people with the same key have two sessions", async () => {
  const [ada, bob, form] = [freshPerson(), freshPerson(), freshForm()];

  await createSession(env, ada, form);
  await createSession(env, bob, form);

  const [adas, bobs] = [await idsOf(ada), await idsOf(bob)];
  for (const ids of [adas, bobs]) {
    expect(ids).toEqual([
      expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
    ]);
  }
  expect(adas).not.toEqual(bobs);
});
