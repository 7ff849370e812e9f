/** Frames that no runner of ours sends: a close code and one sentence, nothing half kept, and nobody else is harmed. */
import { describe, expect, test, vi } from "vitest";
import {
  FRAME_BYTES,
  FRAME_NAME,
  FRAMES_PER_SECOND,
  RUNNER_CLOSED,
  type RunnerFrame,
} from "../../../app/sessions/protocol/run-frames";
import { utf8Bytes } from "../../../app/sessions/protocol/budgets";
import { everything, stopClock } from "../support";
import { observeSockets } from "./socket";
import { request, tool, Work, words } from "./work";

const NOW = stopClock();
observeSockets();

const GOOD = tool("good", "pending");
const LONG = "x".repeat(FRAME_NAME + 1);

/** @returns a frame of items, the second of which is wrong */
const items = (second: unknown, more: object = {}) => ({
  ...{ type: "items", run: "run 1", seq: 1, items: [GOOD, second] },
  ...more,
});

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

const BAD: Record<string, unknown> = {
  "an unknown kind": { type: "hello" },
  "no kind": { run: "run 1", seq: 1, items: [] },
  "a kind that is a number": { type: 7 },
  "a kind that every object has": { type: "constructor" },
  "a body that is null": null,
  "a body that is a list": [{ type: "items" }],
  "a body that is a text": "items",
  "a body that is a number": 7,
  "what is no JSON": Symbol.for("{"),
  "no text at all": Symbol.for(""),
  "deep JSON": Symbol.for(nested(100_000)),
  "deep JSON in an item": Symbol.for(
    `{"type":"items","run":"run 1","seq":1,"items":[{"key":"a","item":${nested(100_000)}}]}`,
  ),
  "a begin without a run": { type: "begin", turn: 2 },
  "a begin without a turn": { type: "begin", run: "run 2" },
  "a begin with a text as turn": { type: "begin", turn: "2", run: "run 2" },
  "a begin whose run has an id of 201 characters": { type: "begin", turn: 2, run: LONG },
  "a begin whose run is a number": { type: "begin", turn: 2, run: 2 },
  "items without a run": { type: "items", seq: 1, items: [GOOD] },
  "items without a number": { type: "items", run: "run 1", items: [GOOD] },
  "items with a text as number": { type: "items", run: "run 1", seq: "1", items: [GOOD] },
  "items with half a number": { type: "items", run: "run 1", seq: 1.5, items: [GOOD] },
  "items with a number below 0": { type: "items", run: "run 1", seq: -1, items: [GOOD] },
  "items with a number that jumps": { type: "items", run: "run 1", seq: 3, items: [GOOD] },
  "items with a huge number": { type: "items", run: "run 1", seq: 1e300, items: [GOOD] },
  "items that are missing": { type: "items", run: "run 1", seq: 1 },
  "items that are no list": { type: "items", run: "run 1", seq: 1, items: { 0: GOOD } },
  "an item that is null": items(null),
  "an item without a key": items({ item: GOOD.item }),
  "an item without content": items({ key: "a" }),
  "a key of 201 characters": items({ key: LONG, item: GOOD.item }),
  "an empty key": items({ key: "", item: GOOD.item }),
  "a key that is a number": items({ key: 7, item: GOOD.item }),
  "an item of an unknown kind": items({ key: "a", item: { kind: "secret", text: "x" } }),
  "an item of a kind that every object has": items({ key: "a", item: { kind: "toString" } }),
  "a text that is a number": items({ key: "a", item: { kind: "message", text: 7 } }),
  "a thought without a text": items({ key: "a", item: { kind: "thought" } }),
  "a tool's title that is a number": items({ key: "a", item: { kind: "tool", title: 7 } }),
  "a tool's status that is none": items({ key: "a", item: { kind: "tool", status: "maybe" } }),
  "a tool's content that is no list": items({ key: "a", item: { kind: "tool", content: "x" } }),
  "a request without options": items({ key: "a", item: { kind: "permission", title: "May I?" } }),
  "a request that answers itself": items({
    key: "a",
    item: { ...request("a").item, options: [], state: "answered", option: "yes", by: "Ada" },
  }),
  "fields that are a text": items(GOOD, { fields: "title" }),
  "a title that is a number": items(GOOD, { fields: { title: 7 } }),
  "an end without an outcome": { type: "end", run: "run 1", seq: 1 },
  "an end with an outcome that there is not": { type: "end", run: "run 1", seq: 1, outcome: "ok" },
  "an end with an outcome that only the object gives": {
    ...{ type: "end", run: "run 1", seq: 1, outcome: "interrupted" },
  },
  "an end without a number": { type: "end", run: "run 1", outcome: "done" },
  "a delta whose text is a number": {
    ...{ type: "delta", run: "run 1", key: "a", kind: "message", at: 0, text: 7 },
  },
  "a delta without a place": { type: "delta", run: "run 1", key: "a", kind: "message", text: "x" },
  "a delta of an unknown kind": {
    ...{ type: "delta", run: "run 1", key: "a", kind: "tool", at: 0, text: "x" },
  },
};

function textOf(frame: unknown): string {
  return typeof frame === "symbol" ? Symbol.keyFor(frame)! : JSON.stringify(frame);
}

/** Expects that an object goes on serving: the run goes on, and a page hears of it. */
async function expectGoesOn(work: Work): Promise<void> {
  const page = await work.page();
  const socket = await work.attached("process 1", { run: "run 1" });
  expect(socket.heard).toMatchObject([{ run: { id: "run 1", state: "running", seq: 0 } }]);
  await socket.say({ type: "items", run: "run 1", seq: 1, items: [words("a", "Hello")] });
  expect((await socket.next()).at(-1)).toEqual({ type: "kept", run: "run 1", seq: 1 });
  expect((await page.heard()).at(-1)).toMatchObject({
    type: "items",
    agent: { status: "working" },
  });
}

function expectOneSentence({ reason }: { reason: string }): void {
  expect(reason).toMatch(/^[A-Z“][^.]*\.$/);
  expect(utf8Bytes(reason)).toBeLessThanOrEqual(123);
}

describe("on a runner's socket", () => {
  test.each(Object.entries(BAD))("%s closes it, and nothing of it is kept", async (_, frame) => {
    const work = await Work.begin("First", "Second");
    const page = await work.page();
    const socket = await work.running();
    const before = await everything(work.id);
    const seen = await work.shown();
    const heard = (await page.heard()).length;

    await socket.say(textOf(frame));

    expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
    expectOneSentence(socket.closedWith!);
    expect(await everything(work.id)).toEqual(before);
    expect(await work.shown()).toEqual(seen);
    expect(await page.heard()).toHaveLength(heard);
    expect(await page.isOpen()).toBe(true);
    await expectGoesOn(work);
  });

  test("binary frames close it", async () => {
    const work = await Work.begin("First");
    const socket = await work.running();
    const frame: RunnerFrame = { type: "items", run: "run 1", seq: 1, items: [GOOD] };
    await socket.say(new TextEncoder().encode(JSON.stringify(frame)).buffer);
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.binary);
    expectOneSentence(socket.closedWith!);
    expect(await work.items()).toEqual({});
    await expectGoesOn(work);
  });

  test("a frame of 300 KiB closes it", async () => {
    const work = await Work.begin("First");
    const socket = await work.running();
    const text = "x".repeat(300 * 1024);
    await socket.say({ type: "items", run: "run 1", seq: 1, items: [GOOD, words("a", text)] });
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.tooLarge);
    expectOneSentence(socket.closedWith!);
    expect(await work.items()).toEqual({});
    await expectGoesOn(work);
  });

  test("[sizes] a frame may have 256 KiB of UTF-8, and not a byte more", async () => {
    const work = await Work.begin("First");
    const socket = await work.running();
    const frame = (text: string): string =>
      JSON.stringify({ type: "items", run: "run 1", seq: 1, items: [words("a", text)] });
    const room = FRAME_BYTES - utf8Bytes(frame(""));
    const fits = `${"é".repeat(Math.floor(room / 2))}${room % 2 ? "x" : ""}`;
    await socket.say(frame(`${fits}x`));
    expect(socket.closedWith).toEqual(RUNNER_CLOSED.tooLarge);

    const again = await work.attached("process 1", { run: "run 1" });
    await again.next();
    await again.say(frame(fits));
    expect(await again.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
  });

  test(
    "1,000 frames within a second close it, and what was kept before is kept whole",
    { timeout: 30_000 },
    async () => {
      const work = await Work.begin("First");
      const page = await work.page();
      const socket = await work.running();
      const frames = Array.from({ length: 1000 }, (_, index): RunnerFrame => {
        const item = tool(`${index}`, "completed");
        return { type: "items", run: "run 1", seq: index + 1, items: [item] };
      });

      await socket.say(...frames);

      expect(socket.closedWith).toEqual(RUNNER_CLOSED.tooMany);
      expectOneSentence(socket.closedWith!);
      expect(await page.isOpen()).toBe(true);
      vi.setSystemTime(NOW + 2_000);
      const again = await work.attached("process 1", { run: "run 1" });
      const [attached] = again.heard;
      const seq = attached?.type === "attached" ? attached.run!.seq : -1;
      expect(seq).toBeLessThanOrEqual(FRAMES_PER_SECOND);
      expect(seq).toBeGreaterThan(FRAMES_PER_SECOND - 10);
      const { items: stored } = (await work.object.items(work.user, 0)) as { items: unknown[] };
      expect(stored.length, "a batch of items").toBe(100);
      await again.say({ type: "items", run: "run 1", seq: seq + 1, items: [GOOD] });
      expect((await again.next()).at(-1)).toEqual({ type: "kept", run: "run 1", seq: seq + 1 });
    },
  );

  test("500 frames in each second are taken", { timeout: 30_000 }, async () => {
    const work = await Work.begin("First");
    const socket = await work.running();
    vi.setSystemTime(NOW + 10_000);
    for (let second = 0; second < 2; second++) {
      vi.setSystemTime(NOW + 20_000 + second * 1_000);
      await socket.say(
        ...Array.from({ length: FRAMES_PER_SECOND }, (_, index): RunnerFrame => {
          return {
            ...{ type: "delta", run: "run 1", key: "a", kind: "message" },
            ...{ at: index, text: "x" },
          };
        }),
      );
    }
    expect(socket.isOpen).toBe(true);
  });

  test("the heartbeat is answered, and is no frame", async () => {
    const work = await Work.begin("First");
    const socket = await work.running();
    await socket.settle(); // Sends "ping", and waits for "pong".
    expect(socket.isOpen).toBe(true);
  });
});

describe("on a socket that is not attached", () => {
  test.each(Object.entries(BAD))("%s changes nothing for the one that is", async (_, frame) => {
    const work = await Work.begin("First", "Second");
    const socket = await work.running();
    const before = await everything(work.id);
    const stranger = await work.open();
    await stranger.say(textOf(frame));
    expect(await stranger.next()).toEqual([]);
    expect(await everything(work.id)).toEqual(before);
    await socket.say({ type: "items", run: "run 1", seq: 1, items: [GOOD] });
    expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
  });

  test.each<[string, unknown]>([
    ["without an instance", { type: "attach" }],
    ["whose instance is a number", { type: "attach", instance: 7 }],
    ["whose instance is empty", { type: "attach", instance: "" }],
    ["whose instance has 201 characters", { type: "attach", instance: LONG }],
    ["whose run is a number", { type: "attach", instance: "process 1", run: 7 }],
    ["whose run has 201 characters", { type: "attach", instance: "process 1", run: LONG }],
  ])("an attach %s closes it, and takes nobody's place", async (_, frame) => {
    const work = await Work.begin("First");
    const socket = await work.running();
    const stranger = await work.open();
    await stranger.say(textOf(frame));
    expect(stranger.closedWith).toEqual(RUNNER_CLOSED.unexpected);
    expect(stranger.heard).toEqual([]);
    await socket.say({ type: "items", run: "run 1", seq: 1, items: [GOOD] });
    expect(await socket.next()).toEqual([{ type: "kept", run: "run 1", seq: 1 }]);
  });
});

describe("on a page's socket", () => {
  test("frames of a runner close it, and do nothing", async () => {
    const work = await Work.begin("First");
    const page = await work.page();
    page.say(JSON.stringify({ type: "attach", instance: "process 1" }));
    expect(await page.closed).toMatchObject({ code: 4008 });
    expect(await work.standing()).toEqual({ status: "queued", running: null });
  });
});
