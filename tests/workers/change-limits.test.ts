/** The limits of changes a minute, and of unfinished bulks, for each person. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { Browser, captureLog, everythingStored } from "./app";
import { allOf, ask, begun, idsOf, settleBulks, standings } from "./bulk-support";
import { env, freshPerson, newRows, newSession, settle, stopClock } from "./support";

const NOW = stopClock();
const SECOND = 1000;
const KEY = "7b0d7b1c-6f0e-4d0a-9c0b-5a4b7f0c1d2e";

let ada: Browser;
let userId: string;
beforeEach(async () => {
  captureLog();
  const name = `ada-${crypto.randomUUID().slice(0, 8)}`;
  ada = await new Browser().signIn(name);
  userId = `local:${name}`;
});

/** Sets the person's count to this many changes just now. */
async function haveChanged(changes: number): Promise<void> {
  await env.DB.prepare("INSERT INTO change_windows VALUES (?, ?, ?)")
    .bind(userId, NOW, changes)
    .run();
}

describe("changing sessions within a minute", () => {
  test("stops at 120, however many are asked for at once", async () => {
    await newRows(userId, 130);
    const outcomes = await Promise.all(
      (await idsOf(userId)).map((id) => changeStatus(env, userId, id, "archive")),
    );
    const refused = outcomes.filter(({ outcome }) => outcome === "too-fast");
    expect(refused).toEqual(Array(10).fill({ outcome: "too-fast", wait: 60 * SECOND }));
    expect(await standings(userId)).toEqual({ active: 10, archived: 120 });
  });

  test.each<[string, (id: string) => [path: string, fields: Record<string, string>]]>([
    ["archive", (id) => ["/dashboard", { intent: `archive:${id}` }]],
    ["restore", (id) => [`/session/${id}`, { intent: `restore:${id}` }]],
    ["keep", (id) => ["/dashboard", { intent: `keep:${id}` }]],
    ["mark as read", (id) => [`/session/${id}`, { intent: "seen:1:0" }]],
    ["mark as unread", (id) => [`/session/${id}`, { intent: "unread" }]],
    ["rename", (id) => [`/session/${id}/rename`, { title: "Mine" }]],
    ["archive a page", (id) => ["/dashboard", { intent: "archive-selected", key: KEY, id }]],
    ["archive all", () => ["/dashboard", { intent: "archive-selected", key: KEY, all: "1" }]],
    ["delete many", (id) => [`/dashboard/delete?id=${id}&id=${crypto.randomUUID()}`, { key: KEY }]],
  ])("says so beyond that, and changes nothing: %s", async (_, form) => {
    const { id } = await newSession(userId);
    await settle(id);
    await haveChanged(121);
    vi.setSystemTime(NOW + 20.5 * SECOND);
    const before = await everythingStored();

    const answer = await ada.post(...form(id));

    expect(answer.status).toBe(429);
    expect(answer.headers.get("Retry-After")).toBe("40");
    expect(await answer.text()).toMatch(
      /role="alert"[^>]*>You have changed many sessions within a minute\. Nothing was changed; try again in 40 seconds\./,
    );
    expect(await everythingStored()).toEqual(before);
  });

  test("keeps the title that was typed", async () => {
    const { id } = await newSession(userId);
    await haveChanged(121);
    const answer = await ada.post(`/session/${id}/rename`, { title: 'Mine, "all" of it' });
    expect(answer.status).toBe(429);
    expect(await answer.text()).toContain('value="Mine, &quot;all&quot; of it"');
  });

  test("goes on when the minute is over, and counts a page of sessions as one", async () => {
    await newRows(userId, 50);
    await haveChanged(119);
    const ids = await idsOf(userId);
    expect((await ask(userId, "archive", { ids })).outcome).toBe("finished");
    expect((await ask(userId, "restore", { ids })).outcome).toBe("too-fast");
    expect((await ask(freshPerson(), "restore", { ids })).outcome).toBe("nothing");
    vi.setSystemTime(NOW + 60 * SECOND - 1);
    expect((await ask(userId, "restore", { ids })).outcome).toBe("too-fast");
    vi.setSystemTime(NOW + 60 * SECOND);
    expect((await ask(userId, "restore", { ids })).outcome).toBe("finished");
  });

  test("goes on where the clock went back", async () => {
    const { id } = await newSession(userId);
    await haveChanged(121);
    vi.setSystemTime(NOW - SECOND);
    expect((await changeStatus(env, userId, id, "archive")).outcome).toBe("done");
  });

  test("costs one of the rows that a change writes", async () => {
    const { id } = await newSession(userId);
    // 13 for the session and its counts (docs/decisions/0005), 2 for its history.
    for (const change of ["archive", "restore"] as const) {
      expect(await rowsWritten(() => changeStatus(env, userId, id, change))).toBe(13 + 2 + 1);
    }
  });

  async function rowsWritten(run: () => Promise<unknown>): Promise<number> {
    let written = 0;
    const batch = env.DB.batch.bind(env.DB);
    vi.spyOn(env.DB, "batch").mockImplementation(async (statements) => {
      const results = await batch(statements);
      for (const { meta } of results) written += meta.rows_written;
      return results;
    });
    await run();
    vi.restoreAllMocks();
    return written;
  }
});

describe("changes to many sessions that are unfinished", () => {
  beforeEach(() => newRows(userId, 60));

  test("are five at the most, however many are asked for at once", async () => {
    const results = await Promise.all(
      Array.from({ length: 9 }, () => ask(userId, "archive", allOf("active"))),
    );
    const begun = results.filter(({ outcome }) => outcome === "begun");
    expect(begun).toHaveLength(5);
    const refused = results.filter(({ outcome }) => outcome !== "begun");
    expect(refused).toEqual(Array(4).fill({ outcome: "too-many", limit: 5 }));
    const items = await env.DB.prepare(
      "SELECT count(*) AS count FROM bulk_items JOIN bulks ON bulks.id = bulk_id WHERE user_id = ?",
    )
      .bind(userId)
      .first();
    expect(items).toEqual({ count: 300 });
  });

  test("keep nobody from a sixth when one is finished, nor from changing a page at once", async () => {
    for (let bulk = 0; bulk < 5; bulk++) await begun(userId, "archive", allOf("active"));
    const [id = ""] = await idsOf(userId);
    expect((await ask(userId, "archive", { ids: [id] })).outcome).toBe("finished");
    expect((await ask(userId, "delete", { ids: [id] })).outcome).toBe("too-many");
    await settleBulks(userId);
    await begun(userId, "delete", { ids: [id] });
  });

  test.each([
    ["to archive", () => ["/dashboard", { intent: "archive-selected", key: KEY, all: "1" }]],
    ["to delete", ([one, two]) => [`/dashboard/delete?id=${one}&id=${two}`, { key: KEY }]],
  ] satisfies [string, (ids: string[]) => [string, Record<string, string>]][])(
    "say what to do about them: %s",
    async (_, form) => {
      for (let bulk = 0; bulk < 5; bulk++) await begun(userId, "archive", allOf("active"));
      const answer = await ada.post(...form(await idsOf(userId)));
      expect(answer.status).toBe(429);
      const page = (await answer.text()).replaceAll("<!-- -->", "");
      expect(page).toMatch(
        /role="alert"[^>]*>5 changes to many sessions are not finished yet, which is the most\. Nothing was changed: wait until one/,
      );
      expect(page.match(/is not finished yet\./g)).toHaveLength(5);
    },
  );
});
