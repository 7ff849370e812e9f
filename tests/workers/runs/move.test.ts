/** A session that is given to another runner, is deleted, or whose runner is disconnected. */
import { describe, expect, test, vi } from "vitest";
import { changeStatus } from "../../../app/sessions/lifecycle/lifecycle.server";
import { deleteSession } from "../../../app/sessions/lifecycle/deletion.server";
import { RUNNER_CLOSED } from "../../../app/sessions/protocol/run-frames";
import {
  env,
  inStorage,
  loseRow,
  NOTHING_STORED,
  settle,
  settled,
  stopClock,
  withObjectEnv,
} from "../support";
import { observeSockets, type RunnerSocket } from "./socket";
import { disconnectInD1, newComputer, request, Work, words, type Computer } from "./work";

const NOW = stopClock();
observeSockets();

async function asking(): Promise<{ work: Work; socket: RunnerSocket }> {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  await socket.next();
  return { work, socket };
}

/** Tells the object of a move. */
function told(work: Work, computer: Computer | undefined, assign: number) {
  const { runner = null, agent = null } = computer ?? {};
  return work.object.moved(work.user, { runner_id: runner, assign, agent });
}

describe("move", () => {
  test("[move-1] a session is free to be moved while no run is running", async () => {
    const work = await Work.begin("First");
    await work.attached();
    expect(await work.object.leave(work.user)).toMatchObject({ state: "ready", isFree: true });
    const socket = await work.attached();
    await socket.say({ type: "begin", turn: 1, run: "run 1" });
    await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
    expect(await work.object.leave(work.user)).toMatchObject({ state: "ready", isFree: true });
  });

  test("[move-1] a session whose run is running is not free, and the run goes on", async () => {
    const { work, socket } = await asking();
    expect(await work.object.leave(work.user)).toMatchObject({ state: "ready", isFree: false });
    expect(await work.standing()).toEqual({ status: "waiting", running: "run 1" });
    expect(await socket.next()).toEqual([]);
  });

  test.each<[string, (work: Work, socket: RunnerSocket) => unknown]>([
    ["was not heard for a minute", () => vi.setSystemTime(NOW + 60_000)],
    ["has closed its socket", (_, socket) => socket.leave()],
  ])("[move-1] a run whose runner %s is interrupted", async (_, lose) => {
    const { work, socket } = await asking();
    await lose(work, socket);
    expect(await work.object.leave(work.user)).toMatchObject({ state: "ready", isFree: true });
    expect((await work.shown()).runs.running).toBeNull();
    expect(await work.asked()).toEqual({ a: "expired" });
  });

  test("[move-3] a session that has moved has no place for the runner of before", async () => {
    const work = await Work.begin("First");
    const socket = await work.attached();
    const desktop = await newComputer(work.user, "Codex");
    await work.object.leave(work.user);
    expect(await told(work, desktop, await work.reassign(desktop))).toEqual({ state: "ready" });
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.moved);
    expect(await work.state()).toMatchObject({
      ...{ runner_id: desktop.runner, assign: 2, agent: "Codex" },
    });
    await socket.arriveLate({ type: "begin", turn: 1, run: "run 1" });
    expect(await work.standing()).toEqual({ status: "queued", running: null });
  });

  test("[move-3] one that was told of late changes nothing", async () => {
    const work = await Work.begin("First");
    const [desktop, server] = [await newComputer(work.user), await newComputer(work.user)];
    const second = await work.reassign(desktop);
    const third = await work.reassign(server);
    await told(work, server, third);
    const socket = await work.attached("process 1", { computer: server, assign: third });
    await told(work, desktop, second);
    await told(work, server, third);
    expect(await work.state()).toMatchObject({ runner_id: server.runner, assign: third });
    await socket.settle();
    expect(socket.isOpen).toBe(true);
  });

  test("[move-3] only the owner moves a session", async () => {
    const { work, socket } = await asking();
    const desktop = await newComputer("local:eve");
    const { runner, agent } = desktop;
    const moved = await work.object.moved("local:eve", { runner_id: runner, assign: 9, agent });
    expect(moved).toEqual({ state: "foreign" });
    expect(await work.object.leave("local:eve")).toEqual({ state: "foreign" });
    expect(await work.state()).toMatchObject({ runner_id: work.computer.runner, assign: 1 });
    await socket.settle();
    expect(socket.isOpen).toBe(true);
  });

  test("[move-between] a run that begins while the session is being moved is interrupted", async () => {
    const work = await Work.begin("First", "Second");
    const socket = await work.attached();
    await work.object.leave(work.user);
    await socket.say({ type: "begin", turn: 1, run: "run 1" });
    await socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
    const desktop = await newComputer(work.user);
    await told(work, desktop, await work.reassign(desktop));

    expect(await work.asked()).toEqual({ a: "expired" });
    expect((await work.shown()).runs).toEqual({ running: null, handled: 1 });
    const other = await work.attached("process 2", { computer: desktop, assign: 2 });
    expect(other.heard).toMatchObject([
      { handled: 1, messages: [{ id: 2 }], run: { id: "run 1", state: "ended" } },
    ]);
  });

  test("[move-alarm] a move of which the object was not told is adopted by its alarm", async () => {
    const { work, socket } = await asking();
    const desktop = await newComputer(work.user, "Codex");
    await work.reassign(desktop);
    await work.ring();
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.moved);
    expect(await work.state()).toMatchObject({
      ...{ runner_id: desktop.runner, assign: 2, agent: "Codex" },
    });
    expect((await work.shown()).runs.running).toBeNull();
    expect(await work.asked()).toEqual({ a: "expired" });
  });

  test("[move-alarm] while a run is running, the alarm that adopts is due within a minute", async () => {
    const { work } = await asking();
    await work.ring();
    const desktop = await newComputer(work.user);
    await work.reassign(desktop);
    expect(await work.alarmIn()).toBeLessThanOrEqual(60_000);
  });

  test("[move] a session that nobody works on any more hands nothing over", async () => {
    const work = await Work.begin("First");
    const socket = await work.attached();
    await told(work, undefined, await work.reassign(undefined));
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.moved);
    expect(await work.state()).toMatchObject({ runner_id: null, assign: 2, agent: null });
    expect((await work.shown()).runs).toEqual({ running: null, handled: null });
    expect(await work.standing()).toEqual({ status: null, running: null });
  });

  test("[heal] a row that was lost comes back with its runner", async () => {
    const work = await Work.begin("First");
    const desktop = await newComputer(work.user, "Codex");
    await told(work, desktop, await work.reassign(desktop));
    await loseRow(work.id);
    await work.ring();
    expect(await work.inD1()).toMatchObject({
      ...{ runner_id: desktop.runner, assign: 2, agent: "Codex" },
    });
  });

  test("[heal] a row with an earlier assignment gets that of the object", async () => {
    const { work, socket } = await asking();
    const { runner_id, agent } = await work.inD1();
    await env.DB.prepare(
      "UPDATE sessions SET runner_id = NULL, assign = 0, agent = NULL WHERE id = ?",
    )
      .bind(work.id)
      .run();
    await work.ring();
    expect(await work.inD1()).toMatchObject({ runner_id, assign: 1, agent });
    await socket.settle();
    expect(socket.isOpen).toBe(true);
    expect((await work.shown()).runs.running?.id).toBe("run 1");
  });
});

describe("disconnect", () => {
  test("[token] a runner that is disconnected has no place, and its run is interrupted", async () => {
    const { work, socket } = await asking();
    await disconnectInD1(work.computer);
    const answer = await work.object.disconnectRunner(work.user, work.computer.runner);
    expect(answer).toEqual({ state: "ready" });
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.revoked);
    expect((await work.shown()).runs.running).toBeNull();
    expect(await work.asked()).toEqual({ a: "expired" });
    await socket.arriveLate({ type: "items", run: "run 1", seq: 2, items: [words("b", "Late")] });
    expect((await work.shown()).items).toHaveLength(3);
  });

  test("[token] an alarm finds out that a runner was disconnected", async () => {
    const { work, socket } = await asking();
    await disconnectInD1(work.computer);
    await work.ring();
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.revoked);
    expect((await work.shown()).runs.running).toBeNull();
    expect(await work.asked()).toEqual({ a: "expired" });
  });

  test("[token] a run of a disconnected runner that is not heard of is interrupted, too", async () => {
    const { work, socket } = await asking();
    await socket.leave();
    await work.object.disconnectRunner(work.user, work.computer.runner);
    expect((await work.shown()).runs.running).toBeNull();
  });

  test("[token] an alarm finds out that its owner may not use this Ship any more", async () => {
    const work = await Work.of("github:77", "First");
    const socket = await work.running();
    await withObjectEnv(work.id, { ALLOWED_USERS: "github-other" }, () => work.ring());
    await socket.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.revoked);
    expect(await work.standing()).toEqual({ status: "interrupted", running: null });
  });

  test("[token] that another runner was disconnected concerns nobody here", async () => {
    const { work, socket } = await asking();
    const desktop = await newComputer(work.user);
    await work.object.disconnectRunner(work.user, desktop.runner);
    await socket.settle();
    expect(socket.isOpen).toBe(true);
    expect(await work.standing()).toEqual({ status: "waiting", running: "run 1" });
  });

  test("[token] only the owner disconnects", async () => {
    const { work, socket } = await asking();
    const answer = await work.object.disconnectRunner("local:eve", work.computer.runner);
    expect(answer).toEqual({ state: "foreign" });
    await socket.settle();
    expect(socket.isOpen).toBe(true);
  });
});

describe("delete", () => {
  test("[delete] the sockets of a session that is being deleted are closed, and its run is over", async () => {
    const { work, socket } = await asking();
    const waiting = await work.open();
    await work.object.prepare(work.user);
    await socket.settle();
    await waiting.settle();
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.deleted);
    expect(waiting.closedWith).toEqual(RUNNER_CLOSED.deleted);
    await socket.arriveLate({ type: "items", run: "run 1", seq: 2, items: [words("b", "Late")] });
    await socket.arriveLate({ type: "end", run: "run 1", seq: 2, outcome: "done" });
    expect((await inStorage(work.id)).messages).toHaveLength(2);
    expect(await settled(work.id)).toBe("tombstone, empty");
  });

  test("[delete] nothing is handed over any more when the deletion has begun", async () => {
    const work = await Work.begin("First");
    const socket = await work.attached();
    await work.object.prepare(work.user);
    await socket.arriveLate({ type: "begin", turn: 1, run: "run 1" });
    const { state } = await inStorage(work.id);
    expect(state).toMatchObject({ deleting: 1, handled: 0 });
  });

  test("[delete] frames that come to an object that was wiped store nothing", async () => {
    const { work, socket } = await asking();
    expect(await deleteSession(env, work.user, work.id)).toBe("deleted");
    await socket.arriveLate({ type: "items", run: "run 1", seq: 2, items: [words("b", "Late")] });
    await socket.arriveLate({ type: "attach", instance: "process 1" });
    expect(await inStorage(work.id)).toEqual(NOTHING_STORED);
  });
});

describe("archive", () => {
  test("[archive] the end of a run does not bring back a session that was archived meanwhile", async () => {
    const { work, socket } = await asking();
    vi.setSystemTime(NOW + 1_000);
    await changeStatus(env, work.user, work.id, "archive");
    vi.setSystemTime(NOW + 2_000);
    await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
    await settle(work.id);
    expect(await work.inD1()).toMatchObject({ status: "archived" });
  });
});
