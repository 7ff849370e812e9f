/** An owner who answers a failed agent has seen that it failed, even if their browser cannot say so. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { appendMessage, markUnread } from "../../app/sessions/conversation/messages.server";
import type { NewReport } from "../../app/sessions/protocol/object-answers";
import {
  answerLost,
  env,
  expectCountsKept,
  faultyDatabase,
  fireAlarm,
  freshMessage,
  inDatabase,
  inStorage,
  late,
  newSession,
  refused,
  settle,
  stalled,
  stopClock,
  tokenOf,
  withObjectEnv,
} from "./support";

stopClock();

let id: string;
let ada: string;
let hash: string;
beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // Each fault is logged, as it should be.
  ({ id, user_id: ada } = await newSession());
  hash = await tokenOf(id, ada);
});

/** Has the agent report, and the row follow. */
async function report(fields: Omit<NewReport, "key">) {
  vi.setSystemTime(Date.now() + 60_000);
  await sessionObject(env, id).report(hash, { key: crypto.randomUUID(), ...fields });
  await fireAlarm(id);
}

/** Has the owner write a message, a minute later. */
async function answer() {
  vi.setSystemTime(Date.now() + 60_000);
  expect(await appendMessage(env, ada, id, freshMessage())).toEqual({ outcome: "sent" });
}

/** @returns what the row says of what the owner has seen */
async function row() {
  await expectCountsKept();
  const { needs_you, seen_rev, seen_message } = (await inDatabase(id)).row!;
  return { needs_you, seen_rev, seen_message };
}

const UNSEEN = { needs_you: 1, seen_rev: 0, seen_message: 0 };
const ANSWERED = { needs_you: 0, seen_rev: 1, seen_message: 1 };

describe("a session whose agent has failed", () => {
  beforeEach(async () => {
    await report({ status: "failed", text: "It is broken." });
    expect(await row()).toEqual(UNSEEN);
  });

  test("does not need its owner any more once they have answered, and the row knows at once", async () => {
    await answer();
    expect((await inStorage(id)).alarm).toBe(Date.now());
    await fireAlarm(id);
    expect(await row()).toEqual(ANSWERED);
  });

  test("needs its owner when it fails again after the answer, and not when that is answered", async () => {
    await answer();
    await report({ status: "working" });
    await report({ status: "failed", text: "Still broken." });
    expect(await row()).toEqual({ needs_you: 1, seen_rev: 1, seen_message: 1 });
    await answer();
    await fireAlarm(id);
    expect(await row()).toEqual({ needs_you: 0, seen_rev: 3, seen_message: 3 });
  });

  test("that is marked as unread stays so, until it is answered again", async () => {
    await answer();
    await fireAlarm(id);
    await markUnread(env, ada, id);
    expect(await row()).toEqual(UNSEEN);
    await report({ text: "I try again." });
    expect(await row()).toEqual(UNSEEN);
    await answer();
    await fireAlarm(id);
    expect(await row()).toEqual({ needs_you: 0, seen_rev: 1, seen_message: 3 });
  });

  test("is seen only up to what there was when the owner answered", async () => {
    await answer();
    await report({ status: "working" });
    await report({ status: "failed", text: "Again." });
    expect(await row()).toEqual({ needs_you: 1, seen_rev: 1, seen_message: 1 });
  });

  test.each([
    ["is refused", refused],
    ["is lost on its way back", answerLost],
  ])("is answered once if the alarm's batch %s", async (_, fault) => {
    await answer();
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
    if (fault === answerLost) await markUnread(env, ada, id);
    await settle(id);
    expect(await row()).toEqual(fault === answerLost ? UNSEEN : ANSWERED);
  });

  test("stays marked as unread if the alarm's batch lands late", async () => {
    await answer();
    const { fault, land } = late();
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
    await settle(id);
    await markUnread(env, ada, id);
    await land();
    expect(await row()).toEqual(UNSEEN);
  });

  test("is answered if its object is aborted while the alarm waits for D1", async () => {
    await answer();
    const { fault, reached } = stalled();
    await withObjectEnv(id, { DB: faultyDatabase(fault) }, async () => {
      await runInDurableObject(sessionObject(env, id), (_, { storage }) => storage.setAlarm(1));
      await reached;
      await inStorage(id); // Resolves when its writes are stored.
      await abortAllDurableObjects();
    });
    await settle(id);
    expect(await row()).toEqual(ANSWERED);
  });

  test("is soon seen to be answered if that came while the alarm waited for D1", async () => {
    const { fault, reached, land } = stalled("way back");
    const alarm = withObjectEnv(id, { DB: faultyDatabase(fault) }, () => fireAlarm(id));
    await reached;
    const began = Date.now();
    await answer();
    land();
    await alarm;
    expect((await inStorage(id)).alarm).toBe(began + 2_000);
    await fireAlarm(id);
    expect(await row()).toEqual(ANSWERED);
  });

  test("is not answered by its agent, nor by a message that was sent before", async () => {
    const message = freshMessage();
    await appendMessage(env, ada, id, message);
    await fireAlarm(id);
    await markUnread(env, ada, id);
    await appendMessage(env, ada, id, message);
    await report({ text: "Hello?" });
    expect(await row()).toEqual(UNSEEN);
  });
});

test("a session whose agent waits needs its owner until the agent goes on; an answer marks nothing", async () => {
  await report({ status: "waiting" });
  await answer();
  expect((await inStorage(id)).alarm).toBe(Date.now() + 10_000);
  await fireAlarm(id);
  expect(await row()).toEqual(UNSEEN);
  await report({ status: "working" });
  expect(await row()).toEqual({ ...UNSEEN, needs_you: 0 });
});
