/** What the owner does to a run: stop it, and answer what it asks. */
import { describe, expect, test, vi } from "vitest";
import { stopClock, tokenOf } from "../support";
import { observeSockets, type RunnerSocket } from "./socket";
import { request, tool, Work } from "./work";

const NOW = stopClock();
observeSockets();

const LOST = 60_000;

async function asking(...keys: string[]): Promise<{ work: Work; socket: RunnerSocket }> {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  if (keys.length > 0) {
    const items = keys.map((key) => request(key));
    await socket.say({ type: "items", run: "run 1", seq: 1, items });
  }
  await socket.next();
  return { work, socket };
}

describe("stop", () => {
  test("[stop] the runner is told, and the page says that it is being stopped until it has ended", async () => {
    const { work, socket } = await asking();
    expect(await work.stop("run 1")).toBe("stopping");
    expect(await socket.next()).toEqual([{ type: "stop", run: "run 1" }]);
    expect((await work.shown()).runs.running).toEqual({ id: "run 1", isStopping: true });

    await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "stopped" });
    expect((await work.shown()).runs).toMatchObject({ running: null, handled: 1 });
  });

  test("[stop] open pages hear at once that it is being stopped", async () => {
    const { work } = await asking();
    const page = await work.page();
    await work.stop("run 1");
    expect((await page.heard()).at(-1)).toMatchObject({
      runs: { running: { id: "run 1", isStopping: true } },
    });
  });

  test("[stop] what the run has asked is not asked any more", async () => {
    const { work } = await asking("a", "b");
    await work.answer("a", "yes");
    await work.stop("run 1");
    expect(await work.asked()).toEqual({ a: "answered", b: "expired" });
    expect((await work.shown()).session.asks).toBeNull();
  });

  test("[stop] sent again it changes nothing", async () => {
    const { work } = await asking();
    await work.stop("run 1");
    const before = await work.shown();
    expect(await work.stop("run 1")).toBe("stopping");
    expect(await work.shown()).toEqual(before);
  });

  test("[stop] another end than the one that was asked for is an end, too", async () => {
    const { work, socket } = await asking();
    await work.stop("run 1");
    await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
    expect((await work.shown()).runs.running).toBeNull();
  });

  test("[items-stop] what a run asks while it is being stopped is expired from the beginning", async () => {
    const { work, socket } = await asking();
    await work.stop("run 1");
    const items = [request("a"), tool("b", "failed")];
    await socket.say({ type: "items", run: "run 1", seq: 1, items });
    expect((await socket.next()).at(-1)).toEqual({ type: "kept", run: "run 1", seq: 1 });
    expect(await work.asked()).toEqual({ a: "expired" });
    expect(await work.items()).toMatchObject({ b: { status: "failed" } });
    expect((await work.shown()).session.asks).toBeNull();
  });

  test("[stop-names] a run that is not the running one is over already, and the other goes on", async () => {
    const { work, socket } = await asking();
    await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
    expect(await work.stop("run 1"), "none is running").toBe("over");
    await socket.say({ type: "begin", turn: 2, run: "run 2" });
    await socket.next();

    expect(await work.stop("run 1"), "another one is running").toBe("over");
    expect(await work.stop("run 3"), "there never was such a run").toBe("over");

    expect(await socket.next()).toEqual([]);
    expect((await work.shown()).runs.running).toEqual({ id: "run 2", isStopping: false });
  });

  test("[stop-names] only the owner stops", async () => {
    const { work } = await asking();
    expect(await work.object.stop("local:eve", "run 1")).toEqual({ state: "foreign" });
    expect((await work.shown()).runs.running).toEqual({ id: "run 1", isStopping: false });
  });

  test.each<[string, (work: Work, socket: RunnerSocket) => unknown]>([
    [
      "was judged to be lost",
      async (work) => {
        vi.setSystemTime(NOW + LOST);
        await work.ring();
      },
    ],
    ["was not heard for a minute", () => vi.setSystemTime(NOW + LOST)],
    ["has closed its socket", (_, socket) => socket.leave()],
  ])("[stop-lost] a run whose runner %s ends at once", async (_, lose) => {
    const { work, socket } = await asking("a");
    await lose(work, socket);
    expect(await work.stop("run 1")).toBe("stopped");
    expect((await work.shown()).runs).toEqual({ running: null, handled: 1 });
    expect((await work.shown()).session.agent_status, "the second message waits").toBe("queued");
    expect(await work.asked()).toEqual({ a: "expired" });

    const again = await work.attached("process 1", { run: "run 1" });
    expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "ended" } }]);
  });

  test("[stop-lost] with nothing waiting, the status is stopped", async () => {
    const work = await Work.begin("First");
    await (await work.running()).leave();
    expect(await work.stop("run 1")).toBe("stopped");
    expect(await work.standing()).toEqual({ status: "stopped", running: null });
  });
});

describe("answer", () => {
  test("[answer] the runner is told what the owner has chosen", async () => {
    const { work, socket } = await asking("a", "b");
    expect(await work.standing()).toMatchObject({ status: "waiting" });
    expect(await work.answer("b", "no")).toBe(true);
    expect(await socket.next()).toEqual([{ type: "answer", run: "run 1", key: "b", option: "no" }]);
    expect(await work.standing(), "the other one is open").toMatchObject({ status: "waiting" });
    await work.answer("a", "yes");
    expect(await work.standing()).toMatchObject({ status: "working" });
  });

  test("[answer-first] the first answer wins, and the runner hears of no other", async () => {
    const { work, socket } = await asking("a");
    expect(await work.answer("a", "no")).toBe(true);
    expect(await work.answer("a", "yes")).toBe(false);
    expect(await work.answer("a", "no")).toBe(false);
    expect(await socket.next()).toHaveLength(1);
    expect(await work.items()).toMatchObject({ a: { state: "answered", option: "no", by: "Ada" } });
  });

  test("[answer-option] only an option of the request is an answer", async () => {
    const { work, socket } = await asking("a");
    expect(await work.answer("a", "always")).toBe(false);
    expect(await work.answer("a", "")).toBe(false);
    expect(await socket.next()).toEqual([]);
    expect(await work.asked()).toEqual({ a: "open" });
  });

  test("[answer-stop] a run that is being stopped takes no answer", async () => {
    const { work, socket } = await asking("a");
    await work.stop("run 1");
    await socket.next();
    expect(await work.answer("a", "yes")).toBe(false);
    expect(await socket.next()).toEqual([]);
  });

  test("[answer-over] a run that is over takes no answer", async () => {
    const { work, socket } = await asking("a");
    await work.attached("process 2");
    expect(await work.answer("a", "yes")).toBe(false);
    expect(await work.asked()).toEqual({ a: "expired" });
    expect(socket.isOpen).toBe(false);
  });

  test("[answer-run] an answer to an agent with a token is not told to the runner", async () => {
    const { work, socket } = await asking();
    const hash = await tokenOf(work.id, work.user);
    await work.object.report(hash, { item: request("a").item as never, key: "a" });
    const { items } = await work.shown();
    const asked = items.find((item) => "body" in item && item.body.kind === "permission");
    const answer = await work.object.answer(work.user, asked!.id, "yes", "Ada");
    expect(answer).toMatchObject({ state: "ready", isTaken: true });
    expect(await socket.next()).toEqual([]);
  });
});
