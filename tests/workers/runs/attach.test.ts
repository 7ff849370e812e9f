/** How a runner attaches to a session: which sockets it takes the place of, and what becomes of the run. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { RUNNER_CLOSED, type RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import { SessionDO } from "../../../durable-objects/session/session-do";
import { env, inStorage, NOTHING_STORED, stopClock } from "../support";
import { observeSockets, RunnerSocket } from "./socket";
import { newComputer, request, Work, words, type Computer } from "./work";

stopClock();
observeSockets();

test("[attached] a runner that attaches is told what waits, oldest first", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.attached();
  expect(socket.heard).toMatchObject([
    {
      ...{ type: "attached", handled: 0, answers: [], acpSession: null },
      messages: [
        { id: 1, text: "First" },
        { id: 2, text: "Second" },
      ],
    },
  ]);
});

test("[attached] what agents have written with a token does not wait for a run", async () => {
  const work = await Work.begin("First");
  await work.running();
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(socket.heard).toMatchObject([{ handled: 1, messages: [] }]);
});

test("[attached] a runner that comes back is told how far its run is kept, and what was answered", async () => {
  const work = await Work.begin("First", "Second");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a"), request("b")] });
  await before.say({
    ...{ type: "items", run: "run 1", seq: 2, items: [words("c", "Hello")] },
    fields: { acpSession: "acp 7" },
  });
  expect(await work.answer("b", "no")).toBe(true);

  const socket = await work.attached("process 1", { run: "run 1" });

  expect(socket.heard).toMatchObject([
    {
      type: "attached",
      handled: 1,
      messages: [{ id: 2, text: "Second" }],
      run: { id: "run 1", state: "running", seq: 2, stop: false },
      answers: [{ key: "b", option: "no" }],
      acpSession: "acp 7",
    },
  ]);
});

test("[attached] a run that is being stopped says so to a runner that comes back", async () => {
  const work = await Work.begin("First");
  await work.running();
  expect(await work.stop("run 1")).toBe("stopping");
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(socket.heard).toMatchObject([
    { type: "attached", run: { id: "run 1", state: "running", seq: 0, stop: true } },
  ]);
});

test("[acp-session] the agent's own session is kept for each runner", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say({
    ...{ type: "items", run: "run 1", seq: 1, items: [] },
    fields: { acpSession: "of the laptop" },
  });
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
  const desktop = await newComputer(work.user);

  const assign = await work.reassign(desktop);
  const other = await work.attached("process 9", { computer: desktop, assign });
  expect(other.heard).toMatchObject([{ type: "attached", acpSession: null }]);

  const back = await work.attached("process 1", { assign: await work.reassign(work.computer) });
  expect(back.heard).toMatchObject([{ type: "attached", acpSession: "of the laptop" }]);
});

test("[attached-first] nothing comes over a socket before it is attached", async () => {
  const work = await Work.begin("First");
  const socket = await work.open();
  await work.write("Second");
  expect(await socket.next()).toEqual([]);

  await socket.say({ type: "attach", instance: "process 1" });
  await work.write("Third");
  const [attached, messages] = await socket.next();
  expect(attached).toMatchObject({ type: "attached", messages: [{ id: 1 }, { id: 2 }] });
  expect(messages).toMatchObject({ type: "messages", messages: [{ id: 3, text: "Third" }] });
});

test.each<[string, RunnerFrame]>([
  ["begin", { type: "begin", turn: 1, run: "run 1" }],
  ["items", { type: "items", run: "run 1", seq: 1, items: [words("a", "Too early")] }],
  ["end", { type: "end", run: "run 1", seq: 1, outcome: "done" }],
  ["delta", { type: "delta", run: "run 1", key: "a", kind: "message", at: 0, text: "Too early" }],
])(
  "[attach-first] “%s” before a socket is attached closes that socket, and does nothing",
  async (_, frame) => {
    const work = await Work.begin("First", "Second");
    const linked = await work.running();
    const page = await work.page();
    const socket = await work.open();
    await socket.say(frame);
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
    expect(socket.heard).toEqual([]);
    expect((await page.heard()).slice(1)).toEqual([]);
    expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
    await linked.say({ type: "items", run: "run 1", seq: 1, items: [] });
    expect(await linked.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
  },
);

test("[attach-first] a socket attaches once: again it is closed, and the run goes on", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say({ type: "attach", instance: "process 2" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "running" } }]);
});

test("[attach-frame] a socket that only was opened takes nobody's place and changes nothing", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const before = await inStorage(work.id);

  const idle = await work.open();
  await idle.settle();

  expect(await inStorage(work.id)).toEqual(before);
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [words("a", "Here")] });
  expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
  expect(idle.isOpen).toBe(true);
});

test("[attach-older] another socket of the same process takes the place of the one before", async () => {
  const work = await Work.begin("First");
  const before = await work.running();
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(before.closedWith).toEqual(RUNNER_CLOSED.gone);
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });

  await before.arriveLate({ type: "items", run: "run 1", seq: 1, items: [words("a", "Late")] });
  await before.arriveLate({ type: "end", run: "run 1", seq: 1, outcome: "failed" });
  expect(await work.items()).toEqual({});
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });

  await socket.next();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [] });
  expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
});

test("[attach-older] another process takes the place of the one before, whose run is interrupted", async () => {
  const work = await Work.begin("First", "Second");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });

  const socket = await work.attached("process 2");

  expect(before.closedWith).toEqual(RUNNER_CLOSED.replaced);
  expect(socket.heard).toMatchObject([
    {
      ...{ type: "attached", handled: 1, messages: [{ id: 2 }] },
      run: { id: "run 1", state: "ended", seq: 1 },
    },
  ]);
  expect(await work.asked()).toEqual({ a: "expired" });
});

test("[attach-older] also sockets that only were opened before are closed", async () => {
  const work = await Work.begin();
  const opened = await work.open();
  await work.attached("process 1");
  expect(opened.closedWith).toBeDefined();
  await opened.arriveLate({ type: "attach", instance: "process 2" });
  const state = await work.attached("process 1");
  expect(state.isOpen).toBe(true);
});

test("[attach-older] an attach that comes after a newer socket was opened does not close that one", async () => {
  const work = await Work.begin("First");
  const older = await work.open();
  const newer = await work.open();
  await older.say({ type: "attach", instance: "process 1" });
  expect(older.heard).toMatchObject([{ type: "attached" }]);
  expect(newer.isOpen).toBe(true);

  await newer.say({ type: "attach", instance: "process 2" });
  expect(newer.heard).toMatchObject([{ type: "attached" }]);
  expect(older.closedWith).toEqual(RUNNER_CLOSED.replaced);
});

test("[attach-older] an attach that comes when a newer socket is attached already does nothing", async () => {
  const work = await Work.begin("First");
  const older = await work.open();
  const newer = await work.running("run 1", "process 2");

  await older.arriveLate({ type: "attach", instance: "process 1" });
  await older.settle();

  expect(older.heard).toEqual([]);
  expect(newer.isOpen).toBe(true);
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  await newer.say({ type: "items", run: "run 1", seq: 1, items: [] });
  expect(await newer.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
});

test("[attach-run] a process goes on with its run", async () => {
  const work = await Work.begin("First");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(await work.asked()).toEqual({ a: "open" });
  expect(await work.answer("a", "yes")).toBe(true);
  expect((await socket.next()).at(-1)).toEqual({
    ...{ type: "answer", run: "run 1", key: "a", option: "yes" },
  });
});

test.each<[string, { instance?: string; run?: string; isOther?: true }]>([
  ["the same process, which holds none", {}],
  ["the same process, which holds another", { run: "run 2" }],
  ["another process, which names it", { instance: "process 2", run: "run 1" }],
  ["another process, which holds none", { instance: "process 2" }],
])("[attach-run] a run is interrupted by %s", async (_, { instance, run }) => {
  const work = await Work.begin("First");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  const { status_rev } = await work.state();

  const socket = await work.attached(instance, { run });

  expect(socket.heard).toMatchObject([{ run: { id: "run 1", state: "ended" } }]);
  expect(await work.standing()).toEqual({ status: "interrupted", running: null });
  expect(await work.asked()).toEqual({ a: "expired" });
  expect((await work.state()).status_rev).toBe(status_rev + 1);
});

test("[attach-run] a run that was asked for and did not begin is asked for again", async () => {
  const work = await Work.begin("First");
  await work.attached("process 1");
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(socket.heard).toMatchObject([{ type: "attached", handled: 0, messages: [{ id: 1 }] }]);
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  expect((await socket.next()).at(-1)).toEqual({ type: "begun", run: "run 1" });
});

test("[attach-deleting] a session that is being deleted has no place for a runner", async () => {
  const work = await Work.begin("First");
  const socket = await work.open();
  // As if it had been opened a moment later: sockets that were open are closed by the deletion itself.
  await runInDurableObject(work.object, (_, { storage }) => {
    storage.sql.exec("UPDATE state SET deleting = 1");
  });
  await socket.say({ type: "attach", instance: "process 1" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.deleted);
  expect(socket.heard).toEqual([]);
});

test("[attach-empty] an empty object leaves it to the gate, and stores nothing", async () => {
  const work = await Work.begin();
  const id = crypto.randomUUID();
  const socket = await RunnerSocket.open(id, { ...work.computer, assign: 1 });
  await socket.say({ type: "attach", instance: "process 1" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.empty);
  expect(await inStorage(id)).toEqual(NOTHING_STORED);
});

async function moved(work: Work): Promise<Computer> {
  const desktop = await newComputer(work.user);
  const assign = await work.reassign(desktop);
  const { runner, agent } = desktop;
  await work.object.moved(work.user, { runner_id: runner, assign, agent });
  return desktop;
}

test("[attach-moved] a socket of an assignment that is over is told that the session has moved", async () => {
  const work = await Work.begin("First");
  const desktop = await moved(work);
  const late = await work.attached("process 1", { assign: 1 });
  expect(late.closedWith).toEqual(RUNNER_CLOSED.moved);
  expect(late.heard).toEqual([]);
  const socket = await work.attached("process 9", { computer: desktop, assign: 2 });
  expect(socket.heard).toMatchObject([{ type: "attached", messages: [{ id: 1 }] }]);
});

test("[adopt] an attach of a newer assignment ends the run of the one before", async () => {
  const work = await Work.begin("First", "Second");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  const desktop = await newComputer(work.user, "Codex");
  const assign = await work.reassign(desktop);

  const socket = await work.attached("process 1", { computer: desktop, assign, run: "run 1" });

  expect(before.closedWith).toEqual(RUNNER_CLOSED.moved);
  expect(socket.heard).toMatchObject([
    { type: "attached", handled: 1, messages: [{ id: 2 }], run: { id: "run 1", state: "ended" } },
  ]);
  expect(await work.asked()).toEqual({ a: "expired" });
  expect(await work.state()).toMatchObject({
    runner_id: desktop.runner,
    assign: 2,
    agent: "Codex",
  });
});

test("[memory] a run goes on after the object was restarted, which closes all sockets", async () => {
  const work = await Work.begin("First", "Second");
  const before = await work.running();
  await before.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  await inStorage(work.id); // Resolves when its writes are stored.

  await abortAllDurableObjects();

  const socket = await work.attached("process 1", { run: "run 1" });
  expect(socket.heard).toMatchObject([
    { messages: [{ id: 2 }], run: { id: "run 1", state: "running", seq: 1, stop: false } },
  ]);
  expect(await work.answer("a", "yes")).toBe(true);
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
  expect(await socket.next()).toContainEqual({ type: "kept", run: "run 1", seq: 2 });
});

test("[memory] an object that has slept knows its sockets again", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const waiting = await work.open();

  const woken = (frame: object, from: RunnerSocket) =>
    runInDurableObject(work.object, (_, ctx) => {
      new SessionDO(ctx, env).webSocketMessage(from.server, JSON.stringify(frame));
    }).then(() => socket.settle());
  await woken({ type: "items", run: "run 1", seq: 1, items: [words("a", "Hello")] }, socket);
  expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);

  await woken({ type: "attach", instance: "process 1", run: "run 1" }, waiting);
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.gone);
  await woken({ type: "items", run: "run 1", seq: 2, items: [] }, socket);
  expect(await waiting.next()).toMatchObject([{ type: "attached", run: { seq: 1 } }]);
});

test("[n] whichever attaches last, what counts is which was opened last", async () => {
  const work = await Work.begin("First");
  const [oldest, middle, newest] = [await work.open(), await work.open(), await work.open()];
  await middle.say({ type: "attach", instance: "process 2" });
  await oldest.settle();
  expect(oldest.closedWith, "of a process that is not known").toEqual(RUNNER_CLOSED.gone);
  await oldest.arriveLate({ type: "attach", instance: "process 1" });
  expect(middle.isOpen).toBe(true);
  await newest.say({ type: "attach", instance: "process 3" });
  expect(newest.heard).toMatchObject([{ type: "attached" }]);
  await middle.settle();
  expect(middle.closedWith).toEqual(RUNNER_CLOSED.replaced);
});
