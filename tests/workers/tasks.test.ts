/** The task that a session is created with: it becomes the first message, once, whatever fails on the way. */
import { describe, expect, test } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { changeStatus, createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { findSessionWithHistory } from "../../app/sessions/session-queries.server";
import { appEnv, Browser } from "./app";
import { settleBulks as settleDuties } from "./bulk-support";
import {
  answerLost,
  env,
  faultyDatabase,
  faultyEnv,
  fireAlarm,
  freshForm,
  freshMessage,
  freshPerson,
  inDatabase,
  inStorage,
  late,
  listedIds,
  NOTHING_STORED,
  refused,
  settle,
  settled,
  stopClock,
  withObjectEnv,
} from "./support";

const NOW = stopClock();

const TASK = { author: "Ada", text: "# Fix the login\n\nIt fails twice." };
const MESSAGE = { id: 1, role: "user", author: "Ada", text: TASK.text, created_at: NOW };

/** @returns a form with the task, and its person */
function formWithTask() {
  return { ada: freshPerson(), form: { ...freshForm(), branch: "fix/login", task: TASK } };
}

/** Creates a session with the task while its object cannot be reached. @returns its owner and id */
async function listedWithTask() {
  const { ada, form } = formWithTask();
  const { outcome } = await createSession(faultyEnv({ initialize: refused }), ada, form);
  expect(outcome).toBe("listed");
  return { ada, form, id: (await listedIds(ada))[0]! };
}

test("a task is the first message, gives the session its title, and leaves D1", async () => {
  const { ada, form } = formWithTask();

  expect(await createSession(env, ada, form)).toMatchObject({
    outcome: "created",
    session: { heading: "Fix the login", branch: "fix/login", message_count: 1 },
  });

  const id = (await listedIds(ada))[0]!;
  expect((await inStorage(id)).messages).toEqual([expect.objectContaining(MESSAGE)]);
  const { row } = await inDatabase(id);
  expect(await settled(id)).toBe("row, ready with 1");
  expect((await inDatabase(id)).row, "the alarm changes nothing").toEqual(row);
});

test("the same form sent again adds no message, before and after the task has left D1", async () => {
  const { ada, form } = formWithTask();
  for (let sent = 0; sent < 2; sent++) {
    expect((await createSession(env, ada, form)).outcome).toBe("created");
  }
  const id = (await listedIds(ada))[0]!;
  expect(await settled(id)).toBe("row, ready with 1");
  expect((await createSession(env, ada, form)).outcome).toBe("created");
  expect(await settled(id)).toBe("row, ready with 1");
});

test.each([
  ["another task", { task: { ...TASK, text: "Something else" } }],
  ["no task", { task: undefined }],
  ["another branch", { branch: "main" }],
  ["no branch", { branch: undefined }],
])("the same key with %s is told that it was used, and changes nothing", async (_, change) => {
  const { ada, form } = formWithTask();
  await createSession(env, ada, form);
  const id = (await listedIds(ada))[0]!;

  expect((await createSession(env, ada, { ...form, ...change })).outcome).toBe("key-used");
  expect(await settled(id)).toBe("row, ready with 1");
  expect((await createSession(env, ada, { ...form, ...change })).outcome).toBe("key-used");
});

describe("while the object cannot be reached, a task", () => {
  test("waits in D1, is read with the row, and is taken later", async () => {
    const { ada, id } = await listedWithTask();
    expect((await inDatabase(id)).task).toEqual(TASK);
    expect(await findSessionWithHistory(env.DB, id, ada)).toMatchObject({ task: TASK });
    expect(await findSessionWithHistory(env.DB, id, freshPerson())).toBeUndefined();
    expect(await inStorage(id)).toEqual(NOTHING_STORED);

    await settleDuties(ada);

    expect((await inStorage(id)).messages).toMatchObject([MESSAGE]);
    expect(await settled(id)).toBe("row, ready with 1");
  });

  test("is on the page of the newest messages, and not on an earlier part", async () => {
    const ada = await new Browser().signIn();
    const key = crypto.randomUUID();
    const fields = { key, repoOwner: "octo", repoName: "cat", task: "Fix the login" };
    const { SESSION_DO } = faultyEnv({ initialize: refused });
    const noObject = new Browser({ ...appEnv, SESSION_DO });
    for (const [name, value] of ada.cookies) noObject.cookies.set(name, value);
    await noObject.post("/dashboard/new", fields);
    const list = await (await ada.get("/dashboard?status=active")).text();
    const [path = ""] = /\/session\/[0-9a-f-]{36}/.exec(list) ?? [];

    const said = /<li\b[^>]*>(?:(?!<\/li>).)*Fix the login/s;
    expect(await (await ada.get(path)).text()).toMatch(said);
    expect(await (await ada.get(`${path}?before=1`)).text()).not.toMatch(said);
  });

  test("comes before a message that reaches the object first", async () => {
    const { ada, id } = await listedWithTask();

    await appendMessage(env, ada, id, freshMessage("And hurry"));

    expect((await inStorage(id)).messages.map(({ text }) => text)).toEqual([
      TASK.text,
      "And hurry",
    ]);
    expect(await settled(id)).toBe("row, ready with 2");
  });

  test("does not bring a session back that was archived meanwhile", async () => {
    const { ada, id } = await listedWithTask();
    await changeStatus(env, ada, id, "archive");

    await settleDuties(ada);

    expect(await settled(id)).toBe("row, ready with 1");
    expect((await inDatabase(id)).row?.status).toBe("archived");
  });

  test("is not said to be stored if another one is, or may be", async () => {
    const { ada, form, id } = await listedWithTask();
    const faulty = faultyEnv({ initialize: refused });
    const other = { ...form, task: { ...TASK, text: "Something else" } };

    expect((await createSession(faulty, ada, other)).outcome).toBe("unavailable");
    await createSession(env, ada, form);
    await settled(id);
    expect((await createSession(faulty, ada, other)).outcome).toBe("unavailable");
  });

  test("is deleted with its session", async () => {
    const { ada, id } = await listedWithTask();
    expect(await deleteSession(env, ada, id)).toBe("deleted");
    expect(await settled(id)).toBe("tombstone, empty");
    await settleDuties(ada);
    expect(await settled(id)).toBe("tombstone, empty");
  });
});

test("an object that was set up without the task takes it by its alarm, and the next alarm deletes it", async () => {
  const { id } = await listedWithTask();
  const { row } = await inDatabase(id);
  await sessionObject(env, id).initialize(row!);
  expect((await inStorage(id)).messages).toEqual([]);

  await fireAlarm(id);
  expect((await inStorage(id)).messages).toMatchObject([MESSAGE]);
  expect((await inDatabase(id)).task).toEqual(TASK);

  await fireAlarm(id);
  expect((await inDatabase(id)).task).toBeUndefined();
  expect(await settled(id)).toBe("row, ready with 1");
});

test.each([
  ["is refused", refused],
  ["is lost on its way back", answerLost],
])("an alarm whose batch %s takes the task once all the same", async (_, fault) => {
  const { id } = await listedWithTask();
  await sessionObject(env, id).initialize((await inDatabase(id)).row!);
  for (let alarms = 0; alarms < 2; alarms++) {
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
  }
  expect(await settled(id)).toBe("row, ready with 1");
});

test("an alarm's batch that lands after the task was taken does not take it out of the count", async () => {
  const { id } = await listedWithTask();
  await sessionObject(env, id).initialize((await inDatabase(id)).row!);
  const { fault, land } = late();
  await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
  await settle(id);

  await land();

  expect(await settled(id)).toBe("row, ready with 1");
});

test("a tombstone leaves no task of a form that is sent again", async () => {
  const { ada, form } = formWithTask();
  await createSession(env, ada, form);
  const id = (await listedIds(ada))[0]!;
  await deleteSession(env, ada, id);

  expect(await createSession(env, ada, form)).toEqual({ outcome: "deleted" });
  expect((await inDatabase(id)).task).toBeUndefined();
});

test("a row that is healed has the task's title and the branch", async () => {
  const { ada, form } = formWithTask();
  await createSession(env, ada, form);
  const id = (await listedIds(ada))[0]!;
  await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();

  await fireAlarm(id);

  expect((await inDatabase(id)).row).toMatchObject({
    heading: "Fix the login",
    branch: "fix/login",
  });
});
