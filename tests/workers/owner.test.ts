/** Another person's sessions can be neither seen nor changed. */
import { expect, test } from "vitest";
import { write } from "../../app/platform/database.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { readConversation } from "../../app/sessions/conversation/conversation.server";
import {
  countMessages,
  findSession,
  findSessionWithHistory,
} from "../../app/sessions/session-queries.server";
import { deleteRows } from "../../app/sessions/lifecycle/lifecycle-statements.server";
import type { SessionRow } from "../../app/sessions/protocol/session";
import {
  env,
  everything,
  faultyEnv,
  freshMessage,
  freshPerson,
  inDatabase,
  loseRow,
  newRowWithoutObject,
  newSession,
  settle,
  stopClock,
  type Fault,
} from "./support";

stopClock();

/** Sessions that belong to somebody else, one for each state of row and object. */
const SESSIONS = {
  "an active session": async () => {
    const row = await newSession();
    await appendMessage(env, row.user_id, row.id, freshMessage());
    return row;
  },
  "an archived session": async () => {
    const row = await newSession();
    await changeStatus(env, row.user_id, row.id, "archive");
    return row;
  },
  "a session that is being deleted": async () => {
    const row = await newSession();
    await sessionObject(env, row.id).prepare(row.user_id);
    return row;
  },
  "a row without object": () => newRowWithoutObject(),
  "an object without row": async () => {
    const row = await newSession();
    await loseRow(row.id);
    return row;
  },
  "a deleted session": async () => {
    const row = await newSession();
    await deleteSession(env, row.user_id, row.id);
    return row;
  },
} satisfies Record<string, () => Promise<SessionRow>>;

const NOT_FOUND = { outcome: "not-found" };

const ACTIONS = {
  archive: [(id, bob) => changeStatus(env, bob, id, "archive"), NOT_FOUND],
  restore: [(id, bob) => changeStatus(env, bob, id, "restore"), NOT_FOUND],
  keep: [(id, bob) => changeStatus(env, bob, id, "keep"), NOT_FOUND],
  delete: [(id, bob) => deleteSession(env, bob, id), "not-found"],
  "write into": [
    (id, bob) => appendMessage(env, bob, id, freshMessage()),
    { outcome: "not-found" },
  ],
  find: [(id, bob) => findSession(env.DB, id, bob), {}],
  "read the history of": [(id, bob) => findSessionWithHistory(env.DB, id, bob), undefined],
  "count the messages of": [(id, bob) => countMessages(env, id, bob), 0],
} satisfies Record<string, [(id: string, bob: string) => Promise<unknown>, unknown]>;

const ATTEMPTS = Object.entries(ACTIONS).flatMap(([action, [attempt, answer]]) =>
  Object.entries(SESSIONS).map(([session, make]) => ({ action, attempt, answer, session, make })),
);

test.each(ATTEMPTS)(
  "nobody can $action $session of somebody else, or change anything by trying",
  async ({ attempt, answer, make }) => {
    const { id } = await make();
    const before = await everything(id);

    expect(await attempt(id, freshPerson())).toEqual(answer);

    expect(await everything(id)).toEqual(before);
  },
);

test.each(Object.entries(SESSIONS))("nobody can read the conversation of %s", async (_, make) => {
  const { id } = await make();
  const before = await everything(id);

  const conversation = await readConversation(env, id, freshPerson(), undefined);

  expect(conversation).toMatchObject({ items: [], messageCount: 0 });
  expect(await everything(id)).toEqual(before);
});

test.each([
  "an active session",
  "a session that is being deleted",
  "an object without row",
] as const)(
  "every method of the object of %s answers “foreign” to anyone but its owner, and changes nothing",
  async (session) => {
    const row = await SESSIONS[session]();
    const bob = freshPerson();
    const object = sessionObject(env, row.id);
    const before = await everything(row.id);

    const bobsRow = { ...row, user_id: bob };
    const answers = [
      await object.initialize(bobsRow),
      await object.snapshot(bob),
      await object.conversation(bob, undefined),
      await object.append(bob, freshMessage()),
      await object.prepare(bob),
      await object.prepare(bob, row),
      await object.prepare(bob, bobsRow),
      await object.wipe(bob),
    ];

    expect(answers).toEqual(answers.map(() => ({ state: "foreign" })));
    expect(await everything(row.id)).toEqual(before);
  },
);

test("a foreign person's delete never sends a write to D1", async () => {
  const { id } = await newSession();
  const sent: string[] = [];
  const watch: Fault = (call) => {
    sent.push("batch");
    return call();
  };

  expect(await deleteSession(faultyEnv({ batch: watch }), freshPerson(), id)).toBe("not-found");

  expect(sent).toEqual([]);
});

test("a foreign person's delete cannot keep a lost row from coming back", async () => {
  const row = await newSession();
  await loseRow(row.id);

  await deleteSession(env, freshPerson(), row.id);
  await settle(row.id);

  expect((await inDatabase(row.id)).row).toEqual(row);
});

test("the statements of a delete, were they sent for somebody else's row, change nothing", async () => {
  const { id } = await newSession();
  const before = await everything(id);

  await write(env.DB, deleteRows([id], freshPerson(), Date.now(), 60));

  expect(await everything(id)).toEqual(before);
});
