/** How many rows D1 writes, which is what it charges for; each entry of an index counts as one. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import { moveSession } from "../../app/sessions/lifecycle/move.server";
import type { NewReport } from "../../app/sessions/protocol/object-answers";
import type { AgentStatus } from "../../app/sessions/protocol/session";
import {
  env,
  faultyDatabase,
  faultyEnv,
  fireAlarm,
  freshForm,
  freshMessage,
  freshPerson,
  listedIds,
  newRunner,
  newSession,
  settle,
  stopClock,
  tokenOf,
  withObjectEnv,
  type Fault,
} from "./support";

stopClock();

/** A "fault" that only adds up how many rows batches write. */
function meter() {
  const written = { rows: 0 };
  const count: Fault = async (call) => {
    const results = await call();
    for (const { meta } of results as D1Result[]) written.rows += meta.rows_written;
    return results;
  };
  return { written, count };
}

/** Runs the alarm of a session's object. @returns how many rows it writes */
async function rowsOfAlarm(id: string): Promise<number> {
  const { written, count } = meter();
  await withObjectEnv(id, { DB: faultyDatabase(count) }, () => fireAlarm(id));
  return written.rows;
}

/** Creates a session. @returns how many rows that writes, then its first alarm, then its second */
async function rowsOfCreating(form: { task?: { author: string; text: string }; branch?: string }) {
  const ada = freshPerson();
  const { written, count } = meter();
  await createSession(faultyEnv({ batch: count }), ada, { ...freshForm(), ...form });
  const id = (await listedIds(ada))[0]!;
  return [written.rows, await rowsOfAlarm(id), await rowsOfAlarm(id)];
}

test.each([
  ["without agents", false],
  ["with an agent", true],
])(
  "a message of a session %s writes the row and its entries in the two indexes by activity",
  async (_, hasAgent) => {
    const { id, user_id } = await newSession();
    if (hasAgent) await tokenOf(id, user_id);
    await settle(id);

    await appendMessage(env, user_id, id, freshMessage());

    expect(await rowsOfAlarm(id)).toBe(3);
    expect(await rowsOfAlarm(id), "nothing new").toBe(0);
  },
);

test("so does a report, unless the session begins or ceases to need its owner", async () => {
  const { id, user_id } = await newSession();
  const hash = await tokenOf(id, user_id);
  await settle(id);
  const rowsOf = async (report: Omit<NewReport, "key">) => {
    await sessionObject(env, id).report(hash, { key: crypto.randomUUID(), ...report });
    return rowsOfAlarm(id);
  };

  expect(await rowsOf({ status: "working" })).toBe(3);
  expect(await rowsOf({ text: "Words" })).toBe(3);
  expect(await rowsOf({ title: "A title", status: "done", text: "And words" })).toBe(3);

  expect(await rowsOf({ status: "waiting", text: "Yes?" }), "and their count and index").toBe(5);
  expect(await rowsOf({ text: "Hello?" }), "and their index").toBe(4);
  expect(await rowsOf({ status: "working" }), "and their count").toBe(4);

  expect(await rowsOf({ status: "failed", text: "Broken" }), "and their count and index").toBe(5);
  await appendMessage(env, user_id, id, freshMessage());
  expect(await rowsOfAlarm(id), "and their count").toBe(4);
  await appendMessage(env, user_id, id, freshMessage());
  expect(await rowsOfAlarm(id)).toBe(3);
});

test("that a runner is lost writes the row, its entry in the index of those that need their owner, and their count", async () => {
  const { id, user_id } = await newSession();
  const object = sessionObject(env, id);
  await object.moved(user_id, { runner_id: "laptop", assign: 1, agent: "Codex" });
  await env.DB.prepare("UPDATE sessions SET runner_id = ?, assign = 1, agent = ? WHERE id = ?")
    .bind("laptop", "Codex", id)
    .run();
  await settle(id);

  await appendMessage(env, user_id, id, freshMessage());
  expect(await rowsOfAlarm(id), "that a message waits is written with it").toBe(3);
  await setStatus(id, "lost");
  expect(await rowsOfAlarm(id)).toBe(3);
  await setStatus(id, "working");
  expect(await rowsOfAlarm(id), "no entry any more").toBe(2);
  await setStatus(id, "stopped");
  expect(await rowsOfAlarm(id), "the row alone").toBe(1);
});

/** Changes the agents' status of a session's object, without activity. */
async function setStatus(id: string, status: AgentStatus): Promise<void> {
  await runInDurableObject(sessionObject(env, id), (_, { storage }) => {
    storage.sql.exec("UPDATE state SET agent_status = ?, status_rev = status_rev + 1", status);
  });
}

test("a session that is moved writes its row alone, and the count of changes", async () => {
  const { id, user_id } = await newSession();
  await settle(id);
  const { id: runner_id } = await newRunner(user_id);
  const { written, count } = meter();
  await moveSession(faultyEnv({ batch: count }), user_id, id, { runner_id, agent: "Codex" });
  expect(written.rows).toBe(2);
  expect(await rowsOfAlarm(id)).toBe(0);
});

test("a task writes one row more, and another when it is taken out of D1; a branch none", async () => {
  const task = { author: "Ada", text: "Fix the login" };
  expect(await rowsOfCreating({})).toEqual([16, 0, 0]);
  expect(await rowsOfCreating({ task })).toEqual([17, 1, 0]);
  expect(await rowsOfCreating({ task, branch: "fix/login" })).toEqual([17, 1, 0]);
});
