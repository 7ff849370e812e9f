/** How the agents' status reaches the row: in order, soon, and apart from activity. */
import { beforeEach, expect, test, vi } from "vitest";
import {
  faultyDatabase,
  fireAlarm,
  inOrder,
  late,
  settle,
  stalled,
  stopClock,
  withObjectEnv,
} from "../support";
import { observeSockets, type RunnerSocket } from "./socket";
import { NO, request, Work, YES } from "./work";

const NOW = stopClock();
observeSockets();

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue());

const SECOND = 1_000;

async function quiet(...texts: string[]): Promise<{ work: Work; socket: RunnerSocket }> {
  const work = await Work.begin(...texts);
  const socket = await work.attached();
  await settle(work.id);
  vi.setSystemTime(NOW + 10 * SECOND);
  socket.ping();
  return { work, socket };
}

type Act = (work: Work, socket: RunnerSocket) => Promise<unknown>;

const begin: Act = (_, socket) => socket.say({ type: "begin", turn: 1, run: "run 1" });
const ask: Act = (_, socket) =>
  socket.say({ type: "items", run: "run 1", seq: 1, items: [request("a")] });
const end: Act = (_, socket) =>
  socket.say({ type: "end", run: "run 1", seq: 1, outcome: "failed" });

const CHANGES: [string, string, { before: Act[]; act: Act }][] = [
  ["a run begins", "working", { before: [], act: begin }],
  ["a run asks something", "waiting", { before: [begin], act: ask }],
  ["the owner answers", "working", { before: [begin, ask], act: (work) => work.answer("a", "no") }],
  ["a run ends", "failed", { before: [begin], act: end }],
  [
    "another process takes the place of the one before",
    "interrupted",
    { before: [begin], act: (work) => work.attached("process 2") },
  ],
  ["the owner writes", "queued", { before: [begin, end], act: (work) => work.write("Second") }],
  [
    "the owner takes back what waits",
    "failed",
    {
      before: [begin, end, (work) => work.write("Second")],
      act: (work) => work.object.withdraw(work.user, 2),
    },
  ],
];

test.each(CHANGES)(
  "[status-rev] when %s, the status is “%s”, has a number, and reaches the row within a second",
  async (_, status, { before, act }) => {
    const { work, socket } = await quiet("First");
    for (const prepare of before) await prepare(work, socket);
    await settleSoon(work);
    vi.setSystemTime(NOW + 60 * SECOND);
    socket.ping();
    const { status_rev } = await work.state();

    await act(work, socket);

    expect(await work.state()).toMatchObject({ agent_status: status, status_rev: status_rev + 1 });
    expect(await work.alarmIn()).toBeLessThanOrEqual(SECOND);
    await work.ring();
    expect(await work.inD1()).toMatchObject({ agent_status: status, status_rev: status_rev + 1 });
  },
);

/** Rings while an alarm is due within a few seconds: not those that judge whether a run is lost. */
async function settleSoon(work: Work): Promise<void> {
  for (let rings = 0; rings < 10 && (await work.alarmIn()) < 30 * SECOND; rings++) {
    await work.ring();
  }
}

test("[status-rev] that the connection is lost reaches the row with the next alarm, and is no activity", async () => {
  const { work, socket } = await quiet("First");
  await begin(work, socket);
  await settleSoon(work);
  const before = await work.inD1();
  vi.setSystemTime(Date.now() + 60 * SECOND);

  await work.ring();
  await settleSoon(work);

  expect(await work.inD1()).toMatchObject({
    agent_status: "lost",
    status_rev: before.status_rev + 1,
    last_activity: before.last_activity,
    message_count: before.message_count,
    needs_you: 1,
  });
});

test("[status-row] an older report that lands later takes nothing back", async () => {
  const { work, socket } = await quiet("First");
  await begin(work, socket);
  const { fault, land } = late();
  await withObjectEnv(work.id, { DB: faultyDatabase(fault) }, () => fireAlarm(work.id));
  await ask(work, socket);
  await settleSoon(work);
  const row = await work.inD1();
  expect(row.agent_status).toBe("waiting");

  await land();

  expect(await work.inD1()).toEqual(row);
});

test.each(["way there", "way back"] as const)(
  "[status-soon] a status that changes while the alarm waits for D1 (on the %s) is reported soon",
  async (way) => {
    const { work, socket } = await quiet("First");
    await begin(work, socket);
    const { fault, reached, land } = stalled(way);
    const rung = withObjectEnv(work.id, { DB: faultyDatabase(inOrder(fault)) }, () =>
      fireAlarm(work.id),
    );
    let isReached = false;
    void reached.then(() => (isReached = true));
    // What awaits it would go on in the object's context, where the runner's end of the socket is unknown.
    while (!isReached) await work.state();
    await ask(work, socket);
    land();
    await rung;

    expect(await work.inD1()).toMatchObject({ agent_status: "working" });
    expect(await work.alarmIn()).toBeLessThanOrEqual(2 * SECOND);
    await work.ring();
    expect(await work.inD1()).toMatchObject({ agent_status: "waiting" });
  },
);

test("[asks] the row says what is asked, and another question is another change", async () => {
  const { work, socket } = await quiet("First");
  await begin(work, socket);
  await socket.say({
    ...{ type: "items", run: "run 1", seq: 1 },
    items: [request("a", "First?"), request("b", "Second?")],
  });
  await settleSoon(work);
  const before = await work.inD1();
  expect(before).toMatchObject({ agent_status: "waiting", asks: "Second?", needs_you: 1 });

  await work.answer("b", YES.id);
  expect((await work.state()).status_rev).toBe(before.status_rev + 1);
  await settleSoon(work);
  expect(await work.inD1()).toMatchObject({ agent_status: "waiting", asks: "First?" });

  await work.answer("a", NO.id);
  await settleSoon(work);
  expect(await work.inD1()).toMatchObject({ agent_status: "working", asks: null, needs_you: 0 });
});

test("[status-rev] what changes no status has no number", async () => {
  const { work, socket } = await quiet("First", "Second");
  await begin(work, socket);
  const { status_rev } = await work.state();
  await socket.say({
    ...{ type: "items", run: "run 1", seq: 1 },
    items: [{ key: "a", item: { kind: "notice", severity: "info", text: "Started" } }],
  });
  await work.write("Third");
  await work.object.withdraw(work.user, 2);
  await socket.say({ type: "attach", instance: "process 1", run: "run 1" });
  await work.attached("process 1", { run: "run 1" });
  expect((await work.state()).status_rev).toBe(status_rev);
});
