/** What a session is called, and whether it needs its owner. */
import { beforeEach, describe, expect, test } from "vitest";
import { write } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { markRead, markUnread } from "../../app/sessions/conversation/messages.server";
import { changeStatus, renameSession } from "../../app/sessions/lifecycle/lifecycle.server";
import type { NewReport } from "../../app/sessions/protocol/object-answers";
import { endsWhenSeen, type AgentStatus } from "../../app/sessions/protocol/session";
import { markSeen, markUnseen } from "../../app/sessions/session-table.server";
import {
  env,
  expectCountsKept,
  fireAlarm,
  freshPerson,
  inDatabase,
  listedIds,
  loseRow,
  newRowWithoutObject,
  newSession,
  stopClock,
  tokenOf,
} from "./support";

const NOW = stopClock();

let id: string;
let ada: string;
let hash: string;
beforeEach(async () => {
  ({ id, user_id: ada } = await newSession());
  hash = await tokenOf(id, ada);
});

/** Has the agent report, and the row follow. */
async function report(fields: Omit<NewReport, "key">) {
  const answer = await sessionObject(env, id).report(hash, { key: crypto.randomUUID(), ...fields });
  expect(answer.state).toBe("ready");
  await fireAlarm(id);
  await expectCountsKept();
}

async function row() {
  return (await inDatabase(id)).row!;
}

/** @returns how many of the owner's sessions need them, as it is kept */
async function kept(): Promise<number> {
  const query = "SELECT needs_you FROM session_counts WHERE user_id = ? AND repo = ''";
  return (await env.DB.prepare(query).bind(ada).first<number>("needs_you")) ?? 0;
}

test("the owner's title is shown, an agent's is the automatic one, and history notes a rename", async () => {
  expect((await row()).heading).toBeNull();
  await report({ title: "Look at the tests" });
  expect(await row()).toMatchObject({ heading: "Look at the tests", title: null });

  await renameSession(env, ada, id, "Mine");
  await renameSession(env, ada, id, "Mine");
  await report({ title: "Mend the tests", status: "working" });
  expect(await row()).toMatchObject({ heading: "Mine", auto_title: "Mend the tests" });

  await renameSession(env, ada, id, null);
  expect(await row()).toMatchObject({ heading: "Mend the tests", title: null });
  const renames = (await inDatabase(id)).events.filter(({ kind }) => kind === "renamed");
  expect(renames).toEqual([
    { kind: "renamed", at: NOW },
    { kind: "renamed", at: NOW },
  ]);
});

test("a title that is the automatic one goes on following it", async () => {
  await report({ title: "Look at the tests" });
  await renameSession(env, ada, id, "Look at the tests");
  await report({ title: "Mend the tests" });
  expect((await row()).heading).toBe("Mend the tests");
});

test("only the owner renames a session, or marks it", async () => {
  const eve = freshPerson();
  const before = await row();
  expect(await renameSession(env, eve, id, "Hers")).toEqual({ outcome: "not-found" });
  expect(await markUnread(env, eve, id)).toEqual({ outcome: "not-found" });
  await markRead(env, eve, id, { message: 9, rev: 9 });
  expect(await row()).toEqual(before);
});

describe("a session", () => {
  test("needs its owner while its agent waits, whether that was seen or not", async () => {
    await report({ status: "waiting" });
    expect([(await row()).needs_you, await kept()]).toEqual([1, 1]);
    await markRead(env, ada, id, { message: 0, rev: 1 });
    expect([(await row()).needs_you, await kept()]).toEqual([1, 1]);
    await report({ status: "working" });
    expect([(await row()).needs_you, await kept()]).toEqual([0, 0]);
  });

  test("that failed needs its owner until that was seen, and again when it is marked unread", async () => {
    await report({ status: "failed" });
    expect([(await row()).needs_you, await kept()]).toEqual([1, 1]);
    await markRead(env, ada, id, { message: 0, rev: 1 });
    expect([(await row()).needs_you, await kept()]).toEqual([0, 0]);
    await markUnread(env, ada, id);
    expect([(await row()).needs_you, await kept()]).toEqual([1, 1]);
    await report({ status: "working" });
    await report({ status: "failed" });
    expect([(await row()).needs_you, await kept(), (await row()).status_rev]).toEqual([1, 1, 3]);
  });

  test("is seen up to what there is, not what will be", async () => {
    await report({ status: "working" });
    await markRead(env, ada, id, { message: 99, rev: 99 });
    await report({ status: "failed" });
    expect((await row()).needs_you).toBe(1);
  });

  test("does not need its owner while it is archived, nor once it is deleted", async () => {
    await report({ status: "waiting" });
    await changeStatus(env, ada, id, "archive");
    expect([(await row()).needs_you, await kept()]).toEqual([0, 0]);
    await changeStatus(env, ada, id, "restore");
    expect([(await row()).needs_you, await kept()]).toEqual([1, 1]);
    await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
    await expectCountsKept();
    expect(await kept()).toBe(0);
  });

  test("whose row is healed while its agent waits is counted again", async () => {
    await report({ status: "waiting" });
    await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
    await fireAlarm(id);
    expect(await kept()).toBe(1);
    await expectCountsKept();
  });
});

describe("a session needs its owner", () => {
  const WHEN: Record<AgentStatus, "always" | "until seen" | "never"> = {
    queued: "never",
    working: "never",
    waiting: "always",
    lost: "always",
    done: "never",
    failed: "until seen",
    stopped: "never",
    refused: "until seen",
    limit: "until seen",
    interrupted: "until seen",
  };

  test.each(Object.entries(WHEN) as [AgentStatus, string][])(
    "by the status %s: %s",
    async (agent_status, when) => {
      const status_rev = 2;
      const eve = freshPerson();
      const of = { user_id: eve, agent_status, status_rev, seen_rev: 1, agent_at: NOW };
      const { id } = await newRowWithoutObject(of);
      const needs = async () => {
        await expectCountsKept();
        const listed = await listedIds(eve, { status: "needs-you" });
        expect(listed).toEqual((await inDatabase(id)).row!.needs_you ? [id] : []);
        return listed.length > 0;
      };

      const unseen = await needs();
      await write(env.DB, [markSeen(id, eve, { message: 0, rev: status_rev })]);
      const seen = await needs();
      expect([unseen, seen]).toEqual([when !== "never", when === "always"]);
      expect(endsWhenSeen(agent_status)).toBe(when === "until seen");

      await write(env.DB, [markUnseen(id, eve)]);
      expect(await needs()).toBe(unseen);
      await changeStatus(env, eve, id, "archive");
      expect(await needs()).toBe(false);
      await changeStatus(env, eve, id, "restore");
      expect(await needs()).toBe(unseen);
      await loseRow(id);
      await expectCountsKept();
    },
  );
});

test("the same status said again is no change", async () => {
  await report({ status: "done" });
  await report({ status: "done", text: "As I said" });
  expect(await row()).toMatchObject({ status_rev: 1, message_count: 1 });
});
