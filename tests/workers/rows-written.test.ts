/** How many rows D1 writes, which is what it charges for; each entry of an index counts as one. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appendMessage, markRead } from "../../app/sessions/conversation/messages.server";
import { createSession } from "../../app/sessions/lifecycle/lifecycle.server";
import type { NewReport } from "../../app/sessions/protocol/object-answers";
import {
  env,
  faultyDatabase,
  faultyEnv,
  fireAlarm,
  freshForm,
  freshMessage,
  freshPerson,
  listedIds,
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

describe.each(["without agents", "with an agent"])("in a session %s", (agents) => {
  let id: string;
  let ada: string;
  let hash: string;
  beforeEach(async () => {
    ({ id, user_id: ada } = await newSession());
    if (agents === "with an agent") hash = await tokenOf(id, ada);
    await settle(id);
  });

  /** Has the agent report a second later. @returns how many rows the alarm then writes */
  async function rowsOf(report: Omit<NewReport, "key">): Promise<number> {
    vi.setSystemTime(Date.now() + 1_000);
    await sessionObject(env, id).report(hash, { key: crypto.randomUUID(), ...report });
    return rowsOfAlarm(id);
  }

  test("a message writes the row and its entries in the two indexes by activity", async () => {
    await appendMessage(env, ada, id, freshMessage());
    expect(await rowsOfAlarm(id)).toBe(3);
    expect(await rowsOfAlarm(id), "nothing new").toBe(0);
  });

  test.runIf(agents === "with an agent")(
    "so does a report, unless the session begins or ceases to need its owner",
    async () => {
      expect(await rowsOf({ status: "working" })).toBe(3);
      expect(await rowsOf({ text: "Words" })).toBe(3);
      expect(await rowsOf({ title: "A title", status: "done", text: "And words" })).toBe(3);

      expect(await rowsOf({ status: "waiting", text: "Yes?" }), "and count, and index").toBe(5);
      expect(await rowsOf({ text: "Hello?" }), "and the index of those that need them").toBe(4);
      expect(await rowsOf({ status: "working" }), "and the count").toBe(4);

      expect(await rowsOf({ status: "failed", text: "Broken" })).toBe(5);
      await appendMessage(env, ada, id, freshMessage());
      expect(await rowsOfAlarm(id), "answered").toBe(4);

      await markRead(env, ada, id, { message: 9, rev: 9 });
      await appendMessage(env, ada, id, freshMessage());
      expect(await rowsOfAlarm(id)).toBe(3);
    },
  );
});

test("a task writes one row more, and another when it is taken out of D1; a branch none", async () => {
  const task = { author: "Ada", text: "Fix the login" };
  expect(await rowsOfCreating({})).toEqual([16, 0, 0]);
  expect(await rowsOfCreating({ task })).toEqual([17, 1, 0]);
  expect(await rowsOfCreating({ task, branch: "fix/login" })).toEqual([17, 1, 0]);
});
