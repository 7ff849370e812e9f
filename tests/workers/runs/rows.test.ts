/** What a run costs the object: rows written, which are what Cloudflare charges most for. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import type { RunItem, RunnerFrame } from "../../../app/sessions/protocol/run-frames";
import { stopClock } from "../support";
import { observeSockets } from "./socket";
import { tool, Work, words } from "./work";

stopClock();
observeSockets();

/** Counts the rows that the object writes meanwhile. */
async function rowsWrittenBy(work: Work, act: () => Promise<unknown>): Promise<number> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const sql = await runInDurableObject(
    work.object,
    (_, { storage }) => Object.getPrototypeOf(storage.sql) as SqlStorage,
  );
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const exec = sql.exec;
  sql.exec = function (this: SqlStorage, ...values: Parameters<SqlStorage["exec"]>) {
    const cursor = exec.apply(this, values);
    cursors.push(cursor);
    return cursor;
  } as SqlStorage["exec"];
  try {
    await act();
  } finally {
    sql.exec = exec;
  }
  return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
}

const items = (seq: number, list: RunItem[]): RunnerFrame => ({
  ...{ type: "items", run: "run 1", seq, items: list },
});

test("a thousand calls of tools, five at a time and each with three updates, write at most 4,000 rows", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  const frames: RunnerFrame[] = [];
  for (let first = 0; first < 1_000; first += 5) {
    const keys = Array.from({ length: 5 }, (_, index) => `${first + index}`);
    const send = (list: RunItem[]) => frames.push(items(frames.length + 1, list));
    // What happens within a moment is gathered into one frame.
    send(keys.flatMap((key) => [tool(key, "pending"), tool(key, "in_progress")]));
    send(keys.map((key) => ({ key, item: { kind: "tool", title: `Still at ${key}` } })));
    send(keys.map((key) => tool(key, "completed")));
  }

  const rows = await rowsWrittenBy(work, async () => {
    for (let from = 0; from < frames.length; from += 100) {
      vi.setSystemTime(Date.now() + 1_000);
      await socket.say(...frames.slice(from, from + 100));
    }
  });

  expect(await socket.next()).toContainEqual({ type: "kept", run: "run 1", seq: 600 });
  expect(rows).toBeGreaterThan(3_000);
  expect(rows).toBeLessThanOrEqual(4_000);
});

test("a text that grows writes its message and its place, and a piece of it nothing", async () => {
  const work = await Work.begin("First");
  const socket = await work.running();
  await socket.say(items(1, [words("a", "One")]));

  const delta = { type: "delta", run: "run 1", key: "a", kind: "message", at: 3 } as const;
  expect(await rowsWrittenBy(work, () => socket.say({ ...delta, text: " two" }))).toBe(0);
  expect(await rowsWrittenBy(work, () => socket.say(items(2, [words("a", "One two")])))).toBe(3);
});
