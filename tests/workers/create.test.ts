import { describe, expect, test, vi } from "vitest";
import { personObject } from "../../app/platform/durable-objects.server";
import { changeStatus, createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { insertSession } from "../../app/sessions/lifecycle/create-statements.server";
import { write } from "../../app/platform/database.server";
import { fireAlarmOf, settleBulks as settleDuties, storedBy } from "./bulk-support";
import {
  env,
  everything,
  faultyEnv,
  freshForm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  listedIds,
  newRowWithoutObject,
  newSession,
  NOTHING_STORED,
  refused,
  stopClock,
  withEnvOf,
} from "./support";

const NOW = stopClock();

test("a new session has its row, the first line of its history and its object", async () => {
  const ada = freshPerson();

  const result = await createSession(env, ada, freshForm("remix-run", "indie-stack"));

  expect(result.outcome).toBe("created");
  const [id] = await listedIds(ada);
  const { row, tombstone, events } = await inDatabase(id!);
  expect(result).toEqual({ outcome: "created", session: row });
  expect(row).toEqual({
    id,
    user_id: ada,
    repo_owner: "remix-run",
    repo_name: "indie-stack",
    repo: "remix-run/indie-stack",
    title: null,
    auto_title: null,
    heading: null,
    branch: null,
    search_words: " remix-run/indie-stack indie-stack ",
    needs_you: 0,
    status_rev: 0,
    seen_rev: 0,
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
    asks: null,
    runner_id: null,
    assign: 0,
    agent: null,
    agent_tokens: 0,
  });
  expect(tombstone).toBeUndefined();
  expect(events).toEqual([{ kind: "created", at: NOW }]);

  const { tables, state, messages } = await inStorage(id!);
  expect(tables).toEqual([
    ...["agent_reports", "agent_sessions", "agent_tokens", "items", "items_key", "items_open"],
    ...["items_seq", "messages", "runs", "state"],
  ]);
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

test("an object that could not be reached is made later, though nobody sends the form again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const ada = freshPerson();
  const unreachable = faultyEnv({ initialize: refused });
  expect((await createSession(unreachable, ada, freshForm())).outcome).toBe("listed");
  const [id] = await listedIds(ada);
  await withEnvOf(
    () => personObject(env, ada),
    { SESSION_DO: unreachable.SESSION_DO },
    () => fireAlarmOf(ada),
  );
  expect(await inStorage(id!)).toEqual(NOTHING_STORED);

  await settleDuties(ada);

  const { state, alarm } = await inStorage(id!);
  expect(state).toMatchObject({ id, user_id: ada });
  expect(alarm).not.toBeNull();
  expect(await storedBy(ada)).toEqual({ tables: [], alarm: null });
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

  const ids = await listedIds(ada);
  expect(ids).toHaveLength(1);
  const { row, events } = await inDatabase(ids[0]!);
  for (const result of results) expect(result).toEqual({ outcome: "created", session: row });
  expect(events).toEqual([{ kind: "created", at: NOW }]);
});

test("the same form sent again leaves the session as it has become", async () => {
  const ada = freshPerson();
  const form = freshForm();
  await createSession(env, ada, form);
  const [id] = await listedIds(ada);
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
  const [id] = await listedIds(ada);
  const before = await everything(id!);

  for (const repository of [
    { owner: "remix-run", name: "examples" },
    { owner: "someone-else", name: "remix" },
  ]) {
    const result = await createSession(env, ada, { ...form, repository });
    expect(result).toMatchObject({ outcome: "key-used", session: { id, repo_name: "remix" } });
  }

  expect(await listedIds(ada)).toEqual([id]);
  expect(await everything(id!)).toEqual(before);
});

test("a form sent again after its session was deleted says so, and makes nothing", async () => {
  const ada = freshPerson();
  const form = freshForm();
  await createSession(env, ada, form);
  const [id] = await listedIds(ada);
  await deleteSession(env, ada, id!);
  const { tombstone } = await inDatabase(id!);

  expect(await createSession(env, ada, form)).toEqual({ outcome: "deleted" });

  expect(await inDatabase(id!)).toEqual({ row: undefined, tombstone, events: [] });
  expect(await inStorage(id!)).toEqual(NOTHING_STORED);
});

test("a tombstone alone keeps the statements that make a session from making it", async () => {
  const { id, user_id } = await newSession();
  await deleteSession(env, user_id, id);

  const unlimited = { perMinute: 0, active: 0, onRepository: 0 };
  const insert = insertSession(
    id,
    user_id,
    { repository: { owner: "a", name: "b" }, task: { author: "Ada", text: "Do it" } },
    Date.now(),
    unlimited,
  );
  await write(env.DB, insert);

  const { row, events } = await inDatabase(id);
  expect({ row, events }).toEqual({ row: undefined, events: [] });
});

describe("a form for a repository that has two active sessions", () => {
  /** @returns a person with two active sessions on octo/cat, and the sessions' ids, the older one first */
  async function withTwo(): Promise<{ ada: string; ids: string[] }> {
    const ada = freshPerson();
    for (const last_activity of [NOW - 2_000, NOW - 1_000]) {
      const repository = { repo_owner: "octo", repo_name: "cat" };
      await newRowWithoutObject({ user_id: ada, last_activity, ...repository });
    }
    return { ada, ids: (await listedIds(ada)).reverse() };
  }
  const unaware = (owner = "octo", name = "cat") => ({ ...freshForm(owner, name), another: false });

  test("makes nothing, and is told of them", async () => {
    const { ada, ids } = await withTwo();
    const result = await createSession(env, ada, unaware("Octo", "Cat"));
    expect(result).toMatchObject({
      outcome: "has-active",
      active: { repository: "Octo/Cat", count: 2, sessions: [{ id: ids[1] }, { id: ids[0] }] },
    });
    expect(await listedIds(ada)).toHaveLength(2);
  });

  test("makes another where the person knows of them", async () => {
    const { ada } = await withTwo();
    const form = unaware();
    await createSession(env, ada, form);
    const result = await createSession(env, ada, { ...form, another: true });
    expect(result.outcome).toBe("created");
    expect(await listedIds(ada)).toHaveLength(3);
    // The session exists now, so the same form leads to it, even without `another`.
    expect(await createSession(env, ada, form)).toEqual(result);
  });

  test("is not told of what is archived, of another repository or somebody else’s", async () => {
    const { ada, ids } = await withTwo();
    const bob = freshPerson();
    await changeStatus(env, ada, ids[0]!, "archive");
    for (const [person, form] of [
      [ada, unaware()],
      [ada, unaware("octo", "dog")],
      [bob, unaware()],
    ] as const) {
      expect((await createSession(env, person, form)).outcome).toBe("created");
    }
  });

  test("makes two of a hundred that are sent at once unaware", async () => {
    const ada = freshPerson();
    const forms = Array.from({ length: 100 }, () => unaware());
    const results = await Promise.all(forms.map((form) => createSession(env, ada, form)));
    expect(results.filter(({ outcome }) => outcome === "created")).toHaveLength(2);
    expect(results.filter(({ outcome }) => outcome === "has-active")).toHaveLength(98);
  });
});

test("a repository can have several sessions", async () => {
  const ada = freshPerson();

  for (let count = 0; count < 3; count++) await createSession(env, ada, freshForm("a", "b"));

  expect(new Set(await listedIds(ada)).size).toBe(3);
});

test("the id is a UUID of person and key: two people with the same key have two sessions", async () => {
  const [ada, bob, form] = [freshPerson(), freshPerson(), freshForm()];

  await createSession(env, ada, form);
  await createSession(env, bob, form);

  const [adas, bobs] = [await listedIds(ada), await listedIds(bob)];
  for (const ids of [adas, bobs]) {
    expect(ids).toEqual([
      expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
    ]);
  }
  expect(adas).not.toEqual(bobs);
});
