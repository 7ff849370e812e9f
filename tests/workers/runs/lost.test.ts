/** A runner of which nothing is heard: its run goes on when it comes back, and is judged by the alarm meanwhile. */
import { abortAllDurableObjects } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { RUNNER_CLOSED } from "../../../app/sessions/protocol/run-frames";
import { inStorage, stopClock } from "../support";
import { observeSockets, type RunnerSocket } from "./socket";
import { request, Work, words } from "./work";

const NOW = stopClock();
observeSockets();

const MINUTE = 60_000;

async function running(): Promise<{ work: Work; socket: RunnerSocket }> {
  const work = await Work.begin("First");
  return { work, socket: await work.running() };
}

async function ringAt(work: Work, after: number): Promise<void> {
  vi.setSystemTime(NOW + after);
  await work.ring();
}

test("[beat] an alarm is due within a minute from the begin on, and again with every alarm", async () => {
  const { work, socket } = await running();
  for (let minute = 0; minute < 5; minute++) {
    const due = await work.alarmIn();
    expect(due).toBeLessThanOrEqual(MINUTE);
    vi.setSystemTime(Date.now() + due);
    socket.ping();
    await work.ring();
    expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  }
});

test("[beat] no alarm comes soon when no run is running", async () => {
  const { work, socket } = await running();
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  await work.ring();
  await work.ring();
  expect(await work.alarmIn()).toBeGreaterThan(10 * MINUTE);
});

test("[beat] a run is judged after a restart, of which the object hears nothing", async () => {
  const { work } = await running();
  await inStorage(work.id);
  await abortAllDurableObjects();
  expect(await work.alarmIn()).toBeLessThanOrEqual(MINUTE);
  await ringAt(work, MINUTE);
  expect(await work.standing()).toEqual({ status: "lost", running: "run 1" });
});

test("[lost-60s] a run whose runner was not heard for a minute is lost, and not ended", async () => {
  const { work, socket } = await running();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  const { status_rev } = await work.state();

  await ringAt(work, MINUTE - 1);
  expect(await work.standing()).toEqual({ status: "waiting", running: "run 1" });
  await ringAt(work, MINUTE);

  expect(await work.standing()).toEqual({ status: "lost", running: "run 1" });
  expect(await work.asked()).toEqual({ a: "open" });
  expect((await work.state()).status_rev).toBe(status_rev + 1);
});

test("[lost-60s] what a runner has sent is no sign, a ping is", async () => {
  const { work, socket } = await running();
  vi.setSystemTime(NOW + 50_000);
  socket.ping();
  await ringAt(work, 109_999);
  expect(await work.standing()).toMatchObject({ status: "working" });
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [words("a", "Here")] });
  await ringAt(work, 110_000);
  expect(await work.standing()).toMatchObject({ status: "lost" });
});

test("[lost-60s] a run whose socket was closed is lost with the next alarm", async () => {
  const { work, socket } = await running();
  await socket.leave();
  expect(await work.standing()).toMatchObject({ status: "working" });
  expect(await work.alarmIn()).toBeLessThanOrEqual(MINUTE);
  await work.ring();
  expect(await work.standing()).toEqual({ status: "lost", running: "run 1" });
});

test("[lost-60s] a socket that only was opened is no sign of the run", async () => {
  const { work } = await running();
  vi.setSystemTime(NOW + 30_000);
  await work.open();
  await ringAt(work, MINUTE);
  expect(await work.standing()).toMatchObject({ status: "lost" });
});

test("[lost-60s] that nothing is heard of a runner without a run, nobody is told", async () => {
  const work = await Work.begin("First");
  await work.attached();
  const before = await work.standing();
  await ringAt(work, 10 * MINUTE);
  expect(await work.standing()).toEqual(before);
});

test("[lost-closes] the socket of a lost run is closed, and what still comes over it is dropped", async () => {
  const { work, socket } = await running();
  await ringAt(work, MINUTE);
  await socket.settle();
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.gone);
  await socket.arriveLate({ type: "items", run: "run 1", seq: 1, items: [words("a", "Late")] });
  await socket.arriveLate({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  expect(await work.standing()).toEqual({ status: "lost", running: "run 1" });
  expect((await work.shown()).items).toHaveLength(1);
});

test("[lost-goes-on] a lost run goes on when its process attaches again", async () => {
  const { work, socket } = await running();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [words("a", "Hel")] });
  await ringAt(work, 5 * MINUTE);
  const { status_rev } = await work.state();

  const again = await work.attached("process 1", { run: "run 1" });

  expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "running", seq: 1 } }]);
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
  expect((await work.state()).status_rev).toBe(status_rev + 1);
  await again.say({ type: "items", run: "run 1", seq: 2, items: [words("a", "Hello")] });
  expect((await again.next()).at(-1)).toEqual({ type: "kept", run: "run 1", seq: 2 });
});

test("[lost-goes-on] a lost run that asks something waits again when its process attaches", async () => {
  const { work, socket } = await running();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  await ringAt(work, MINUTE);
  await work.attached("process 1", { run: "run 1" });
  expect(await work.standing()).toEqual({ status: "waiting", running: "run 1" });
  expect((await work.shown()).session.asks).toBe("Run the tests?");
});

test("[lost-goes-on] a lost run is interrupted by another process", async () => {
  const { work } = await running();
  await ringAt(work, MINUTE);
  const other = await work.attached("process 2");
  expect(other.heard).toMatchObject([{ run: { id: "run 1", state: "ended" } }]);
  expect(await work.standing()).toEqual({ status: "interrupted", running: null });
});

test("[lost-goes-on] what a lost run asks can be answered, and its process learns it when it attaches", async () => {
  const { work, socket } = await running();
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
  await ringAt(work, MINUTE);
  expect(await work.answer("a", "yes")).toBe(true);
  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ answers: [{ key: "a", option: "yes" }] }]);
  expect(await work.standing()).toEqual({ status: "working", running: "run 1" });
});

test("[lost-stop] a run that is being stopped ends stopped when it is lost", async () => {
  const { work } = await running();
  expect(await work.stop("run 1")).toBe("stopping");
  await ringAt(work, MINUTE - 1);
  expect(await work.standing()).toMatchObject({ running: "run 1" });
  await ringAt(work, MINUTE);
  expect(await work.standing()).toEqual({ status: "stopped", running: null });
  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "ended", stop: true } }]);
});
