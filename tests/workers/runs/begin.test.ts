/** How a message is handed to a run: once, and in order. */
import { expect, test } from "vitest";
import { RUNNER_CLOSED } from "../../../app/sessions/protocol/run-frames";
import { stopClock, tokenOf } from "../support";
import { observeSockets } from "./socket";
import { Work } from "./work";

stopClock();
observeSockets();

test("[begin] the oldest message that waits is handed to a run", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.attached();
  await socket.next();
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  expect(await socket.next()).toEqual([{ type: "begun", run: "run 1" }]);
  const { session, runs } = await work.shown();
  expect(runs).toEqual({ running: { id: "run 1", isStopping: false }, handled: 1 });
  expect(session.agent_status).toBe("working");
});

test("[begin] the next message is handed over when the run has ended", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running("run 1");
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  await socket.say({ type: "begin", turn: 2, run: "run 2" });
  expect((await socket.next()).at(-1)).toEqual({ type: "begun", run: "run 2" });
  expect((await work.shown()).runs).toMatchObject({ running: { id: "run 2" }, handled: 2 });
});

test("[begin] what agents have written in between is no turn", async () => {
  const work = await Work.begin("First");
  const hash = await tokenOf(work.id, work.user);
  await work.object.report(hash, { text: "An agent's words", key: "1" });
  await work.write("Third");
  const socket = await work.attached();
  expect(socket.heard).toMatchObject([{ messages: [{ id: 1 }, { id: 3 }] }]);
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  await socket.say({ type: "begin", turn: 3, run: "run 3" });
  expect((await socket.next()).at(-1)).toEqual({ type: "begun", run: "run 3" });
});

test("[begin-again] the same begin is answered again while its run is running", async () => {
  const work = await Work.begin("First");
  const socket = await work.running("run 1");
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [] });
  const before = await work.state();
  await socket.next();
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  expect(await socket.next()).toEqual([{ type: "begun", run: "run 1" }]);
  expect(await work.state()).toEqual(before);
  await socket.say({ type: "items", run: "run 1", seq: 2, items: [] });
  expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 2 }]);
});

test.each<[string, { turn: number; run: string }]>([
  ["for a message that is not the oldest", { turn: 2, run: "run 1" }],
  ["for a message that there is not", { turn: 7, run: "run 1" }],
  ["for no message", { turn: 0, run: "run 1" }],
])("[begin-else] a begin %s is not expected, and changes nothing", async (_, begin) => {
  const work = await Work.begin("First", "Second");
  const socket = await work.attached();
  const before = await work.state();
  await socket.say({ type: "begin", ...begin });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.state()).toEqual(before);
  expect(await work.standing()).toEqual({ status: "queued", running: null });
});

test.each<[string, { turn: number; run: string }]>([
  ["for the same message with another id", { turn: 1, run: "run 9" }],
  ["for the next message", { turn: 2, run: "run 2" }],
])("[begin-else] a begin %s is not expected while a run is running", async (_, begin) => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running("run 1");
  await socket.say({ type: "begin", ...begin });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect((await work.shown()).runs).toMatchObject({ running: { id: "run 1" }, handled: 1 });
});

test("[begin-else] a run that has ended does not begin again", async () => {
  const work = await Work.begin("First");
  const socket = await work.running("run 1");
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.standing()).toEqual({ status: "done", running: null });
});

test("[4008] a runner that did what was not expected attaches again, and its run goes on", async () => {
  const work = await Work.begin("First");
  const socket = await work.running("run 1");
  await socket.say({ type: "items", run: "run 1", seq: 2, items: [] });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.standing()).toMatchObject({ running: "run 1" });

  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "running", seq: 0 } }]);
});

test("[messages] a message of the owner's comes to the runner at once, in its order", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await work.write("Second");
  await work.write("Third");
  expect(await socket.next()).toMatchObject([
    { type: "messages", messages: [{ id: 2, text: "Second", author: "Ada" }] },
    { type: "messages", messages: [{ id: 3, text: "Third" }] },
  ]);
  expect((await work.shown()).runs.handled).toBe(1);
});

test("[messages] what a token's agent writes does not come to the runner", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const hash = await tokenOf(work.id, work.user);
  await work.object.report(hash, { text: "Words", key: "1" });
  expect(await socket.next()).toEqual([]);
});

test("[queued] a message waits visibly until it is handed over", async () => {
  const work = await Work.begin();
  expect((await work.standing()).status).toBeNull();
  await work.write("First");
  expect(await work.standing()).toEqual({ status: "queued", running: null });
  const socket = await work.running();
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  await work.write("Second");
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  expect(await work.standing()).toEqual({ status: "queued", running: null });
});

test("[withdraw] a message that waits is taken back: no run gets it, and the runner is told", async () => {
  const work = await Work.begin("First", "Second", "Third");
  const socket = await work.running();
  expect(await work.object.withdraw(work.user, 2)).toEqual({ state: "ready", isWithdrawn: true });
  expect(await socket.next()).toEqual([{ type: "withdrawn", message: 2 }]);
  const { items } = await work.shown();
  const withdrawn = items.map((item) => "message" in item && item.message.withdrawn === true);
  expect(withdrawn, "it stays, and says so").toEqual([false, true, false]);

  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  const again = await work.attached();
  expect(again.heard).toMatchObject([{ messages: [{ id: 3 }] }]);
  await again.say({ type: "begin", turn: 3, run: "run 3" });
  expect((await again.next()).at(-1)).toEqual({ type: "begun", run: "run 3" });
});

test("[withdraw] a begin for a message that was taken back meanwhile is not expected", async () => {
  const work = await Work.begin("First");
  const socket = await work.attached("process 1");
  await work.object.withdraw(work.user, 1);
  await socket.say({ type: "begin", turn: 1, run: "run 1" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);

  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ type: "attached", messages: [] }]);
});

test("[withdraw] with the last message that waits, nothing is queued any more", async () => {
  const work = await Work.begin("First");
  const { status_rev } = await work.state();
  await work.object.withdraw(work.user, 1);
  expect((await work.standing()).status).not.toBe("queued");
  expect((await work.state()).status_rev).toBe(status_rev + 1);
});

test("[withdraw] only what waits is taken back, once, by its owner", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  const hash = await tokenOf(work.id, work.user);
  await work.object.report(hash, { text: "An agent's words", key: "1" });
  const taken = (isWithdrawn: boolean) => ({ state: "ready", isWithdrawn });
  expect(await work.object.withdraw(work.user, 1), "handed over").toEqual(taken(false));
  expect(await work.object.withdraw(work.user, 3), "an agent's").toEqual(taken(false));
  expect(await work.object.withdraw(work.user, 9), "nobody's").toEqual(taken(false));
  expect(await work.object.withdraw("local:eve", 2)).toEqual({ state: "foreign" });
  expect(await work.object.withdraw(work.user, 2)).toEqual(taken(true));
  expect(await work.object.withdraw(work.user, 2), "pressed twice").toEqual(taken(true));
  expect(await socket.next()).toEqual([{ type: "withdrawn", message: 2 }]);
});

test("[withdraw] that a message is taken back is no sign of a runner that is lost", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  await socket.leave();
  await work.ring();
  expect((await work.standing()).status).toBe("lost");
  await work.object.withdraw(work.user, 2);
  expect((await work.standing()).status).toBe("lost");
});
