/** What happens in a run, frame by frame: each is kept once, in order, and texts are streamed to open pages. */
import { expect, test } from "vitest";
import { MESSAGE_BYTES } from "../../../app/sessions/protocol/budgets";
import { ITEM_BYTES } from "../../../app/sessions/protocol/item";
import { runMessageKey } from "../../../app/sessions/protocol/message";
import { RUNNER_CLOSED, type RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import { stopClock } from "../support";
import { observeSockets } from "./socket";
import { request, tool, Work, words } from "./work";

const NOW = stopClock();
observeSockets();

const items = (seq: number, ...list: ReturnType<typeof words>[]): RunnerFrame => ({
  ...{ type: "items", run: "run 1", seq, items: list },
});

const kept = (seq: number) => ({ type: "kept", run: "run 1", seq });

const NOTICE = { kind: "notice", severity: "info", text: "Started" } as const;

test("[items-seq] frames are kept in their order, and each is answered", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, { key: "a", item: NOTICE }, tool("b", "pending")));
  await socket.say(items(2, tool("b", "completed"), { key: "c", item: NOTICE }));
  expect(await socket.next()).toEqual([kept(1), kept(2)]);
  const { items: shown } = await work.shown();
  const ofRun = shown.flatMap((item) => ("body" in item ? [item] : []));
  expect(ofRun.map(({ run, key }) => [run, key])).toEqual([
    ["run 1", "a"],
    ["run 1", "b"],
    ["run 1", "c"],
  ]);
  expect(ofRun[1]!.body).toMatchObject({ title: "Tool b", status: "completed" });
});

test("[items-seq] a frame that was kept before changes nothing, and is answered by how far the run is kept", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, tool("a", "pending")));
  await socket.say(items(2, tool("a", "completed")));
  const before = await work.shown();
  await socket.next();

  await socket.say(items(1, tool("a", "failed"), tool("z", "pending")));
  await socket.say(items(2, { key: "z", item: NOTICE }));
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "failed" });

  expect(await socket.next()).toEqual([kept(2), kept(2), kept(2)]);
  expect(await work.shown()).toEqual(before);
});

test.each<[string, RunnerFrame]>([
  ["a number is missing", items(3, tool("x", "pending"))],
  ["the end comes before its turn", { type: "end", run: "run 1", seq: 3, outcome: "done" }],
  ["it is of a run that is not running", { ...items(2), run: "run 2" }],
  ["the end is of another run", { type: "end", run: "run 2", seq: 2, outcome: "done" }],
])("[items-else] nothing is kept of a frame if %s", async (_, frame) => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, tool("a", "pending")));
  const before = await work.shown();
  await socket.say(frame);
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.shown()).toEqual(before);
});

test("[items-else] nothing is kept where no run ever began", async () => {
  const work = await Work.begin("First");
  const socket = await work.attached();
  await socket.say(items(1, tool("a", "pending")));
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.items()).toEqual({});
});

test("[items-else] the tail of a run that was ended by another is not kept", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  await work.object.stop(work.user, "run 1");
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "stopped" });
  await socket.say({ type: "begin", turn: 2, run: "run 2" });
  await socket.say(items(2, tool("a", "pending")));
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.items()).toEqual({});
  expect(await work.standing()).toMatchObject({ running: "run 2" });
});

test("[end] the last frame ends the run with its outcome", async () => {
  for (const outcome of ["done", "failed", "stopped", "refused", "limit"] as const) {
    const work = await Work.begin("First");
    const socket = await work.running();
    const { status_rev } = await work.state();
    await socket.say(items(1, tool("a", "pending")));
    await socket.say({ type: "end", run: "run 1", seq: 2, outcome });
    expect(await socket.next()).toEqual([kept(1), kept(2)]);
    expect(await work.standing()).toEqual({ status: outcome, running: null });
    expect((await work.state()).status_rev).toBe(status_rev + 1);
    const again = await work.attached("process 1", { run: "run 1" });
    expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "ended", seq: 2 } }]);
  }
});

test("[end] after the end no frame of the run is expected, and attaching tells that it is over", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const end = { type: "end", run: "run 1", seq: 1, outcome: "done" } as const;
  await socket.say(end);
  const before = await work.shown();
  await socket.say({ ...end, outcome: "failed" });
  expect(socket.closedWith).toEqual(RUNNER_CLOSED.unexpected);
  expect(await work.shown()).toEqual(before);
  const again = await work.attached("process 1", { run: "run 1" });
  expect(again.heard).toMatchObject([{ run: { id: "run 1", state: "ended", seq: 1 } }]);
});

test("[end-expires] what a run has asked is not asked any more when it has ended", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, request("a"), request("b")));
  expect(await work.answer("a", "yes")).toBe(true);
  expect((await work.standing()).status).toBe("waiting");
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
  expect(await work.asked()).toEqual({ a: "answered", b: "expired" });
  expect((await work.standing()).status).toBe("done");
  expect((await work.shown()).session.asks).toBeNull();
  expect(await work.answer("b", "yes")).toBe(false);
});

test("[upsert] what a run reports of the same key is the same item; of a call of a tool only what has changed", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, tool("a", "pending")));
  const [, first] = (await work.shown()).items;
  const content = [{ type: "output" as const, text: "42" }];
  await socket.say(items(2, { key: "a", item: { kind: "tool", status: "completed", content } }));
  const [, second, ...more] = (await work.shown()).items;
  expect(more).toEqual([]);
  expect(second).toMatchObject({
    id: first!.id,
    body: { title: "Tool a", status: "completed", content },
  });
  expect(second!.seq).toBeGreaterThan(first!.seq);
});

test("[upsert] the same key in another run is another item", async () => {
  const work = await Work.begin("First", "Second");
  const socket = await work.running();
  await socket.say(items(1, words("a", "Of the first"), { key: "b", item: NOTICE }));
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
  await socket.say({ type: "begin", turn: 2, run: "run 2" });
  await socket.say({
    ...{ type: "items", run: "run 2", seq: 1 },
    items: [words("a", "Of the second"), { key: "b", item: NOTICE }],
  });
  const { items: shown } = await work.shown();
  const keys = shown.map((item) => ("message" in item ? item.message.client_key : item.run));
  expect(keys.slice(2)).toEqual([
    ...[runMessageKey("run 1", "a"), "run 1"],
    ...[runMessageKey("run 2", "a"), "run 2"],
  ]);
});

test("[upsert] a request is never asked again: what was answered stays, whatever is sent with its key", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, request("a")));
  await work.answer("a", "no");
  await socket.say(items(2, request("a"), request("a", "Now?")));
  expect(await work.asked()).toEqual({ a: "answered" });
  const { a } = await work.items();
  expect(a).toMatchObject({ title: "Run the tests?", option: "no" });
});

test("[text] a text grows, in one message of the agent's", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, words("a", "Hel")));
  await socket.say(items(2, tool("b", "pending"), words("a", "Hello, **world**")));
  const { items: shown, session } = await work.shown();
  expect(shown).toHaveLength(3);
  const [, text] = shown;
  expect(text).toMatchObject({
    message: {
      ...{ id: 2, role: "agent", author: "Claude Code", length: 16, created_at: NOW },
      client_key: runMessageKey("run 1", "a"),
    },
  });
  expect(session).toMatchObject({ message_count: 2, agent_message: 2 });
  const stored = await work.object.messages(work.user, 1);
  expect(stored).toMatchObject({ messages: [{ text: "Hello, **world**" }] });
});

test("[sizes] an item that is too long is cut, and says so", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(
    items(1, { key: "a", item: { ...NOTICE, text: "x".repeat(ITEM_BYTES + 1000) } }),
  );
  expect(await socket.next()).toEqual([kept(1)]);
  const { a } = await work.items();
  expect(a).toMatchObject({ text: expect.stringMatching(/^x+\n… \d+ bytes more$/) as string });
});

test("[sizes] a message that is too long is cut, and says so", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, words("a", "x".repeat(MESSAGE_BYTES + 1000))));
  expect(await socket.next()).toEqual([kept(1)]);
  const stored = await work.object.messages(work.user, 1);
  expect(stored).toMatchObject({
    messages: [{ text: `${"x".repeat(MESSAGE_BYTES)}\n… 1000 bytes more` }],
  });
});

test("[fields] the title that an agent gives is the session's automatic one", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say({ ...items(1), fields: { title: "Fix the login" } } as RunnerFrame);
  expect((await work.shown()).session.auto_title).toBe("Fix the login");
});

test("[news] open pages hear of everything that happens in a run", async () => {
  const work = await Work.begin("First");
  const page = await work.page();
  const socket = await work.running();
  await socket.say(items(1, tool("a", "pending"), request("b")));
  await socket.say({ type: "end", run: "run 1", seq: 2, outcome: "done" });
  const heard = (await page.heard()).slice(1);
  const statuses = heard.flatMap((news) => ("agent" in news ? [news.agent?.status] : []));
  expect([...new Set(statuses)]).toEqual(["working", "waiting", "done"]);
  const running = heard.flatMap((news) => ("runs" in news && news.runs ? [news.runs.running] : []));
  expect(running).toContainEqual({ id: "run 1", isStopping: false });
  expect(running.at(-1)).toBeNull();
  const bodies = heard.flatMap((news) =>
    news.type === "items" ? news.items.map((item) => ("body" in item ? item.body : null)) : [],
  );
  expect(bodies.map((body) => body?.kind)).toEqual(["tool", "permission", "permission"]);
  expect(bodies.at(-1)).toMatchObject({ state: "expired" });
});

const delta = (at: number, text: string, more = {}): RunnerFrame => ({
  ...{ type: "delta", run: "run 1", key: "a", kind: "message", at, text },
  ...more,
});

test("[delta] a piece of a text comes to open pages at once, and is neither stored nor answered", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const page = await work.page();
  await page.heard();
  const before = await work.state();
  await socket.say(delta(0, "Hel"));
  await socket.say(delta(3, "lo"));
  expect((await page.heard()).slice(1)).toEqual([
    { type: "delta", run: "run 1", key: "a", kind: "message", at: 0, text: "Hel" },
    { type: "delta", run: "run 1", key: "a", kind: "message", at: 3, text: "lo" },
  ]);
  expect(await socket.next()).toEqual([]);
  expect(await work.state()).toEqual(before);
  expect((await work.shown()).items).toHaveLength(1);
});

test.each<[string, (work: Work) => Promise<unknown>, RunnerFrame]>([
  ["of another run", () => Promise.resolve(), delta(0, "Hel", { run: "run 7" })],
  ["of a run that is being stopped", (work) => work.stop("run 1"), delta(0, "Hel")],
])("[delta] a piece %s is dropped silently", async (_, before, frame) => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await before(work);
  const page = await work.page();
  await socket.say(frame);
  expect((await page.heard()).slice(1)).toEqual([]);
  expect(socket.isOpen).toBe(true);
});

test("[delta] a piece that comes after the end is dropped silently", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say({ type: "end", run: "run 1", seq: 1, outcome: "done" });
  const page = await work.page();
  await socket.say(delta(0, "Hel"));
  expect((await page.heard()).slice(1)).toEqual([]);
  expect(socket.isOpen).toBe(true);
});

test("[delta] a piece from a socket whose place was taken is dropped", async () => {
  const work = await Work.begin("First");
  const before = await work.running();
  await work.attached("process 1", { run: "run 1" });
  const page = await work.page();
  await before.arriveLate(delta(0, "Hel"));
  expect((await page.heard()).slice(1)).toEqual([]);
});
