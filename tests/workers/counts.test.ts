/** The kept counts are right after everything that can happen to a session. */
import { expect, test, vi } from "vitest";
import { changeStatus, createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { listSessions } from "../../app/sessions/list/list.server";
import {
  env,
  expectCountsKept,
  fireAlarm,
  freshForm,
  freshMessage,
  freshPerson,
  inDatabase,
  loseRow,
  newRows,
  newSession,
  settle,
  stopClock,
  viewOf,
  withObjectEnv,
} from "./support";

const NOW = stopClock();

/** Expects these counts, and that all kept counts are right. */
async function expectCounts(userId: string, active: number, archived: number) {
  const { counts } = await listSessions(env.DB, userId, viewOf(), undefined, Date.now());
  expect(counts).toMatchObject({ active, archived, all: active + archived });
  await expectCountsKept();
}

test("creating counts, the same form sent again does not", async () => {
  const ada = freshPerson();
  await expectCounts(ada, 0, 0);
  const form = freshForm("octo", "cat");
  for (let sent = 0; sent < 3; sent++) await createSession(env, ada, form);
  await expectCounts(ada, 1, 0);
  await createSession(env, ada, freshForm("Octo", "CAT"));
  await createSession(env, ada, freshForm("octo", "dog"));
  await expectCounts(ada, 3, 0);
  const { repositories } = await listSessions(env.DB, ada, viewOf(), undefined, Date.now());
  expect(repositories).toEqual([
    { name: "octo/cat", count: 2 },
    { name: "octo/dog", count: 1 },
  ]);
});

test("archiving and restoring move the counts, once however often they are sent", async () => {
  const { id, user_id } = await newSession();
  for (const change of ["archive", "archive"] as const)
    await changeStatus(env, user_id, id, change);
  await expectCounts(user_id, 0, 1);
  for (const change of ["restore", "restore"] as const)
    await changeStatus(env, user_id, id, change);
  await expectCounts(user_id, 1, 0);
  await changeStatus(env, user_id, id, "keep");
  await expectCounts(user_id, 1, 0);
});

test("somebody else’s requests move nothing", async () => {
  const { id, user_id } = await newSession();
  const bob = freshPerson();
  await changeStatus(env, bob, id, "archive");
  await deleteSession(env, bob, id);
  await expectCounts(user_id, 1, 0);
  await expectCounts(bob, 0, 0);
});

test("deleting counts down, from either tab, and leaves no line behind", async () => {
  const ada = freshPerson();
  const [first, second] = [await newSession(ada), await newSession(ada)];
  await changeStatus(env, ada, first.id, "archive");
  await deleteSession(env, ada, first.id);
  await expectCounts(ada, 1, 0);
  for (let sent = 0; sent < 2; sent++) await deleteSession(env, ada, second.id);
  await expectCounts(ada, 0, 0);
  const left = env.DB.prepare("SELECT * FROM session_counts WHERE user_id = ?").bind(ada);
  expect((await left.all()).results).toEqual([]);
});

test("an alarm that finishes a deletion counts down", async () => {
  const { id, user_id } = await newSession();
  await env.SESSION_DO.get(env.SESSION_DO.idFromName(id)).prepare(user_id);
  await expectCounts(user_id, 1, 0);
  await fireAlarm(id);
  await expectCounts(user_id, 0, 0);
});

test("an alarm that puts a lost row back counts it", async () => {
  const { id, user_id } = await newSession();
  await settle(id);
  await loseRow(id);
  await expectCounts(user_id, 0, 0);
  await fireAlarm(id);
  await expectCounts(user_id, 1, 0);
});

test("an alarm that archives for idleness, or brings back what was written into, moves the counts", async () => {
  const { id, user_id } = await newSession();
  vi.setSystemTime(NOW + 60_000);
  await withObjectEnv(id, { AUTO_ARCHIVE_SECONDS: 60 }, () => fireAlarm(id));
  await expectCounts(user_id, 0, 1);
  vi.setSystemTime(NOW + 61_000);
  await appendMessage(env, user_id, id, freshMessage());
  await fireAlarm(id);
  expect((await inDatabase(id)).row?.status).toBe("active");
  await expectCounts(user_id, 1, 0);
});

test("many rows changed by one statement are all counted", async () => {
  const ada = freshPerson();
  await newRows(ada, 500, { repositories: 7 });
  await env.DB.prepare("UPDATE sessions SET status = 'archived' WHERE user_id = ? AND repo < ?")
    .bind(ada, "remix-run/remix-3")
    .run();
  await expectCounts(ada, 285, 215);
  await env.DB.prepare("DELETE FROM sessions WHERE user_id = ?").bind(ada).run();
  await expectCounts(ada, 0, 0);
});
