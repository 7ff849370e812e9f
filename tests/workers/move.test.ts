/** Giving a session to another runner: object, row and object agree afterwards, wherever it breaks off. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { openSocket } from "../../app/platform/http/socket.server";
import { appendMessage } from "../../app/sessions/conversation/messages.server";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { moveSession, type MoveTarget } from "../../app/sessions/lifecycle/move.server";
import type { Assignment, SessionRow } from "../../app/sessions/protocol/session";
import { captureLog } from "./app";
import {
  answerLost,
  env,
  everything,
  faultyEnv,
  fireAlarm,
  freshMessage,
  freshPerson,
  inDatabase,
  inOrder,
  inStorage,
  late,
  newRowWithoutObject,
  newRunner,
  newSession,
  passes,
  refused,
  settle,
  settled,
  standing,
  stopClock,
  type Fault,
} from "./support";

const NOW = stopClock();
const DAY = 24 * 60 * 60_000;
const NOBODY: MoveTarget = { runner_id: null, agent: null };

let ada: string;
let id: string;
let laptop: { runner_id: string; agent: string };
let desktop: { runner_id: string; agent: string };

beforeEach(async () => {
  captureLog();
  ada = freshPerson();
  laptop = { runner_id: (await newRunner(ada)).id, agent: "Claude Code" };
  desktop = { runner_id: (await newRunner(ada)).id, agent: "Codex" };
  id = await sessionAt(laptop);
});

/** @returns the id of a session of Ada's with a message, on which one of these works */
async function sessionAt(target: MoveTarget): Promise<string> {
  const row = await newRowWithoutObject({ user_id: ada, ...target, assign: 1 });
  await sessionObject(env, row.id).initialize(row);
  await appendMessage(env, ada, row.id, freshMessage());
  await settle(row.id);
  return row.id;
}

function move(target: MoveTarget, withEnv = env, session = id) {
  return moveSession(withEnv, ada, session, target);
}

const assignment = ({ runner_id, assign, agent }: Assignment) => ({ runner_id, assign, agent });

/** @returns who works on the session, by its row and by its object */
async function assigned(session = id): Promise<{ row: Assignment; object: Assignment }> {
  const { row, state } = await everything(session);
  return { row: assignment(row!), object: assignment(state!) };
}

/** @returns what `assigned` returns where row and object agree */
function both(target: MoveTarget, assign: number) {
  return { row: { ...target, assign }, object: { ...target, assign } };
}

/** The runner of the session begins a run. @returns how its socket was closed, once it is */
async function run({ runner_id: runner, agent } = laptop, assign = 1) {
  const listener = { user: ada, runner, assign: `${assign}`, agent };
  const upgrade = new Request("https://ship.example/", { headers: { Upgrade: "websocket" } });
  const { webSocket } = await openSocket(upgrade, () => sessionObject(env, id), listener);
  const socket = webSocket!;
  const heard = new Promise<void>((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      if ((data as string).includes('"begun"')) resolve();
    });
  });
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener("close", ({ code }) => resolve(code)),
  );
  socket.accept();
  socket.send(JSON.stringify({ type: "attach", instance: "process 1" }));
  socket.send(JSON.stringify({ type: "begin", turn: 1, run: "run 1" }));
  await heard;
  return { closed };
}

async function status() {
  return (await inStorage(id)).state!.agent_status;
}

describe("a session", () => {
  test("moves to another runner, which its row and its object know at once", async () => {
    const before = (await inDatabase(id)).row!;
    const session: SessionRow = { ...before, ...desktop, assign: 2 };
    expect(await move(desktop)).toEqual({ outcome: "done", session });
    expect((await inDatabase(id)).row).toEqual(session);
    expect(await assigned()).toEqual(both(desktop, 2));
    expect(await settled(id)).toBe("row, ready with 1");
  });

  test("moves to none and back, and to another agent of its runner", async () => {
    for (const [index, target] of [NOBODY, laptop, { ...laptop, agent: "Codex" }].entries()) {
      expect(await move(target)).toMatchObject({ outcome: "done" });
      expect(await assigned()).toEqual(both(target, index + 2));
    }
  });

  test("that is there already is not moved again, and loses no run", async () => {
    await run();
    expect(await move(laptop)).toMatchObject({ outcome: "done", session: { assign: 1 } });
    expect(await assigned()).toEqual(both(laptop, 1));
    expect(await status()).toBe("working");
  });

  test("that the same form moves a second time meanwhile is moved once", async () => {
    const again: Fault = async (call) => {
      const answer = await call();
      expect(await move(desktop)).toMatchObject({ outcome: "done" });
      return answer;
    };
    const moved = await move(desktop, faultyEnv({ leave: again }));
    expect(moved).toMatchObject({ outcome: "done", session: { assign: 2 } });
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test("moves also while it is archived, and stays so", async () => {
    await changeStatus(env, ada, id, "archive");
    expect(await move(desktop)).toMatchObject({ outcome: "done", session: { status: "archived" } });
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test("whose object was never made moves by its row, from which the object is made", async () => {
    const row = await newRowWithoutObject({ user_id: ada });
    expect(await move(laptop, env, row.id)).toMatchObject({ outcome: "done" });
    expect(await standing(row.id)).toBe("row, empty");
    await sessionObject(env, row.id).initialize((await inDatabase(row.id)).row!);
    expect(await assigned(row.id)).toEqual(both(laptop, 1));
  });

  test("on which a run is running stays, and the run goes on", async () => {
    await run();
    const before = await everything(id);
    expect(await move(desktop)).toEqual({ outcome: "busy" });
    expect(await everything(id)).toEqual(before);
    expect(await status()).toBe("working");
  });

  test("whose runner is lost moves, and its run is interrupted", async () => {
    const { closed } = await run();
    vi.setSystemTime(Date.now() + 10 * DAY); // Beyond every sign of life, which has the platform's clock.
    expect(await move(desktop)).toMatchObject({ outcome: "done" });
    expect(await closed).toBe(1000);
    expect(await assigned()).toEqual(both(desktop, 2));
    expect(await status()).toBe("interrupted");
  });

  test("moved twice at once is with the one of which both its row and its object say so", async () => {
    const server = { runner_id: (await newRunner(ada)).id, agent: "Codex" };
    await Promise.all([move(desktop), move(server), move(NOBODY)]);
    await settle(id);
    const { row, object } = await assigned();
    expect(object).toEqual(row);
    expect(row.assign).toBe(4);
  });
});

describe("what is refused changes nothing:", () => {
  let before: Awaited<ReturnType<typeof everything>>;
  beforeEach(async () => void (before = await everything(id)));

  async function expectUnchanged() {
    expect(await everything(id)).toEqual(before);
  }

  test.each<[string, () => Promise<string>]>([
    ["is nobody's", () => Promise.resolve(crypto.randomUUID())],
    ["is somebody else's", async () => (await newRunner(freshPerson())).id],
    ["was not used for 90 days", async () => (await newRunner(ada, Date.now() - 90 * DAY)).id],
  ])("a runner that %s", async (_, make) => {
    const target = { runner_id: await make(), agent: "Codex" };
    expect(await move(target)).toEqual({ outcome: "no-such-runner" });
    await expectUnchanged();
  });

  test("a runner that is disconnected while the session is being moved", async () => {
    const disconnect: Fault = async (call) => {
      await env.DB.prepare("DELETE FROM runners WHERE id = ?").bind(desktop.runner_id).run();
      return call();
    };
    expect(await move(desktop, faultyEnv({ leave: disconnect }))).toEqual({
      outcome: "no-such-runner",
    });
    await expectUnchanged();
  });

  test("the runner that the session is with, once it was disconnected", async () => {
    await env.DB.prepare("DELETE FROM runners WHERE id = ?").bind(laptop.runner_id).run();
    expect(await move(laptop)).toEqual({ outcome: "no-such-runner" });
    await expectUnchanged();
  });

  test("somebody else's session, and one that there is none of", async () => {
    const eve = freshPerson();
    const hers = { runner_id: (await newRunner(eve)).id, agent: "Codex" };
    expect(await moveSession(env, eve, id, hers)).toEqual({ outcome: "not-found" });
    expect(await moveSession(env, eve, id, NOBODY)).toEqual({ outcome: "not-found" });
    expect(await move(desktop, env, crypto.randomUUID())).toEqual({ outcome: "not-found" });
    await expectUnchanged();
  });

  test("a session that was deleted, or is being deleted", async () => {
    const { id: deleted } = await newSession(ada);
    await deleteSession(env, ada, deleted);
    expect(await move(desktop, env, deleted)).toEqual({ outcome: "not-found" });
    expect(await standing(deleted)).toBe("tombstone, empty");
    await sessionObject(env, id).prepare(ada);
    before = await everything(id);
    expect(await move(desktop)).toEqual({ outcome: "not-found" });
    await expectUnchanged();
  });

  test("more than 120 changes within a minute, of which moves are some", async () => {
    for (let moves = 0; moves < 60; moves++) {
      await move(NOBODY);
      await move(laptop);
    }
    before = await everything(id);
    vi.setSystemTime(NOW + 20_000);
    expect(await move(desktop)).toEqual({ outcome: "too-fast", wait: 40_000 });
    expect(await changeStatus(env, ada, id, "keep")).toMatchObject({ outcome: "too-fast" });
    await expectUnchanged();
    vi.setSystemTime(NOW + 60_000);
    expect(await move(desktop)).toMatchObject({ outcome: "done" });
  });
});

describe("a move", () => {
  test.each<[string, Parameters<typeof faultyEnv>[0]]>([
    ["D1 does not answer", { batch: refused }],
    ["the object does not answer", { leave: refused }],
    ["D1 does not answer any more", { batch: inOrder(passes, refused) }],
  ])("has not happened where %s, and sent again it does", async (_, faults) => {
    const before = await everything(id);
    expect(await move(desktop, faultyEnv(faults))).toEqual({ outcome: "unavailable" });
    expect(await everything(id)).toEqual(before);
    expect(await move(desktop)).toMatchObject({ outcome: "done" });
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test("of which D1's answer is lost has happened once, and sent again tells the object", async () => {
    const faulty = faultyEnv({ batch: inOrder(passes, answerLost) });
    expect(await move(desktop, faulty)).toEqual({ outcome: "unavailable" });
    expect(await assigned()).toEqual({ ...both(laptop, 1), row: { ...desktop, assign: 2 } });
    expect(await move(desktop)).toMatchObject({ outcome: "done", session: { assign: 2 } });
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test.each<[string, Fault]>([
    ["is not told", refused],
    ["loses its answer", answerLost],
  ])("whose object %s has happened, and the next alarm makes up for it", async (_, moved) => {
    expect(await move(desktop, faultyEnv({ moved }))).toMatchObject({ outcome: "done" });
    await fireAlarm(id);
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test("whose object is not told is taken over by the socket of the new runner", async () => {
    await move(desktop, faultyEnv({ moved: refused }));
    await run(desktop, 2);
    expect(await assigned()).toEqual(both(desktop, 2));
    expect(await status()).toBe("working");
  });

  test("that lands after the next one has the last word, in the row and in the object", async () => {
    const { fault, land } = late();
    expect(await move(desktop, faultyEnv({ batch: inOrder(passes, fault) }))).toEqual({
      outcome: "unavailable",
    });
    expect(await move(NOBODY)).toMatchObject({ outcome: "done" });
    await land();
    await fireAlarm(id);
    expect(await assigned()).toEqual(both(desktop, 3));
  });

  test("that lands after a run has begun interrupts it, visibly", async () => {
    const { fault, land } = late();
    await move(desktop, faultyEnv({ batch: inOrder(passes, fault) }));
    const { closed } = await run();
    await land();
    await fireAlarm(id);
    expect(await closed).toBe(4009);
    expect(await status()).toBe("interrupted");
    expect(await assigned()).toEqual(both(desktop, 2));
  });

  test("that lands after the session was deleted brings nothing back", async () => {
    const { fault, land } = late();
    await move(desktop, faultyEnv({ batch: inOrder(passes, fault) }));
    await deleteSession(env, ada, id);
    const before = await everything(id);
    await land();
    expect(await everything(id)).toEqual(before);
  });

  test("whose object is told late takes nothing back", async () => {
    const { fault, land } = late();
    await move(desktop, faultyEnv({ moved: fault }));
    await move(NOBODY);
    await land();
    expect(await assigned()).toEqual(both(NOBODY, 3));
  });

  test("after D1 was restored from a backup is newer than what the object knows", async () => {
    await move(desktop);
    await move(NOBODY);
    await env.DB.prepare("UPDATE sessions SET runner_id = ?, agent = ?, assign = 1 WHERE id = ?")
      .bind(laptop.runner_id, laptop.agent, id)
      .run();
    expect(await move(desktop)).toMatchObject({ outcome: "done", session: { assign: 4 } });
    expect(await assigned()).toEqual(both(desktop, 4));
  });
});
