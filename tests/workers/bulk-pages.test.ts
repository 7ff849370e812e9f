/** The pages and forms for many sessions, used by a browser without JavaScript. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { deleteSession } from "../../app/sessions/lifecycle/deletion.server";
import { appEnv, Browser, captureLog, leadsTo } from "./app";
import { fireAlarmOf, settleBulks, standings, withoutBulks } from "./bulk-support";
import { newRows, standing, stopClock } from "./support";

stopClock();

let ada: Browser;
let userId: string;
beforeEach(async () => {
  captureLog();
  const name = `ada-${crypto.randomUUID().slice(0, 8)}`;
  ada = await new Browser().signIn(name);
  userId = `local:${name}`;
});

const KEY = "7b0d7b1c-6f0e-4d0a-9c0b-5a4b7f0c1d2e";

/** Creates a session later than the others, so that the list shows it first. @returns its id */
function create(): Promise<string> {
  vi.setSystemTime(Date.now() + 1);
  return ada.create();
}

/** Presses a button of the list. */
function press(intent: string, ids: string[], more: Record<string, string> = {}, list = "") {
  const fields = [...Object.entries({ intent, key: KEY, ...more }), ...ids.map((id) => ["id", id])];
  return ada.post(`/dashboard${list}`, fields);
}

async function pageAt(path: string): Promise<string> {
  return (await (await ada.get(path)).text()).replaceAll("<!-- -->", "");
}

/** Submits the confirmation form at this path unchanged. */
async function confirm(path: string): Promise<Response> {
  const page = await pageAt(path);
  const [dialog = ""] = /<dialog[\s\S]*<\/dialog>/.exec(page) ?? [];
  const fields = [...dialog.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return ada.post(
    path,
    fields.map(([, name = "", value = ""]) => [name, value]),
  );
}

describe("the list", () => {
  test("has a checkbox for each row, named by its repository, and says how many match", async () => {
    await newRows(userId, 51);
    const page = await pageAt("/dashboard");
    expect(page.match(/<input type="checkbox" name="id"/g)).toHaveLength(50);
    expect(page).toContain('aria-label="Select Remix-run/remix-0"');
    expect(page).toContain('<input type="checkbox" name="all" value="1"/> All 51 that match');
  });

  test("does not offer to select all that match where the page shows them all", async () => {
    await newRows(userId, 50);
    expect(await pageAt("/dashboard")).not.toContain("that match");
  });

  test("archives what is selected, stays where it was, and offers to take it all back", async () => {
    const ids = [await create(), await create(), await create()];

    const answer = await press("archive-selected", ids.slice(0, 2), {}, "?sort=created");
    expect(leadsTo(answer)).toBe("/dashboard?status=active&sort=created");
    const page = await pageAt("/dashboard?sort=created");
    expect(page).toContain("Archived 2 sessions.");
    expect(await standings(userId)).toEqual({ active: 1, archived: 2 });

    const [, undo = ""] = /value="(undo:[^"]+)"/.exec(page) ?? [];
    expect(leadsTo(await ada.post("/dashboard?sort=created", { intent: undo }))).toBe(
      "/dashboard?status=active&sort=created",
    );
    expect(await pageAt("/dashboard")).toContain("Restored 2 sessions.");
    expect(await standings(userId)).toEqual({ active: 3 });
  });

  test("restores what is selected", async () => {
    const ids = [await create(), await create()];
    await press("archive-selected", ids);
    await press("restore-selected", [ids[0]!], {}, "?status=archived");
    expect(await pageAt("/dashboard")).toContain("Restored 1 session.");
    expect(await standings(userId)).toEqual({ active: 1, archived: 1 });
  });

  test.each(["archive-selected", "restore-selected", "delete-selected"])(
    "says that nothing was selected, and changes nothing: %s",
    async (intent) => {
      await create();
      const answer = await press(intent, []);
      expect(answer.status).toBe(400);
      expect(await answer.text()).toContain("Select the sessions first.");
      expect(await standings(userId)).toEqual({ active: 1 });
    },
  );

  test.each<[string, Record<string, string>, string[]]>([
    ["without a key", { key: "" }, [KEY]],
    ["with a session twice", {}, [KEY, KEY]],
    ["with more sessions than a page", {}, Array.from({ length: 51 }, () => crypto.randomUUID())],
  ])("refuses a form %s", async (_, more, ids) => {
    expect((await press("archive-selected", ids, more)).status).toBe(400);
  });

  test("leaves the selection alone where a row's own button is pressed", async () => {
    const [first, second] = [await create(), await create()];
    await press(`archive:${first}`, [first, second]);
    expect(await standings(userId)).toEqual({ active: 1, archived: 1 });
  });

  test("tells that D1 did not answer, and that it is safe to try again", async () => {
    const id = await create();
    const faulty = new Browser({ ...appEnv, ...withoutBulks() });
    for (const [name, value] of ada.cookies) faulty.cookies.set(name, value);
    const answer = await faulty.post("/dashboard", { intent: "archive-selected", key: KEY, id });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("Try again; it is safe.");
  });
});

describe("all that match", () => {
  test("are archived on a page that refreshes itself until it is done, and taken back from there", async () => {
    await newRows(userId, 120);
    const answer = await press("archive-selected", [KEY], { all: "1" }, "?sort=created");
    const path = leadsTo(answer)!;
    expect(path).toMatch(/^\/bulk\/[0-9a-f-]{36}\?status=active&sort=created$/);

    const begun = await pageAt(path);
    expect(begun).toContain("Archiving 120 sessions");
    expect(begun).toContain("0 of 120 sessions");
    expect(begun).toContain('<noscript><meta http-equiv="refresh" content="2"/></noscript>');
    await fireAlarmOf(userId);
    expect(await pageAt(path)).toContain("100 of 120 sessions");
    const list = await pageAt("/dashboard");
    expect(list).toContain("Archiving 120 sessions is not finished yet.");
    expect(list).toContain(`href="${path.replace("&sort=created", "")}"`);

    await settleBulks(userId);
    const finished = await pageAt(path);
    expect(finished).toContain("Archived 120 sessions.");
    expect(finished).not.toContain("http-equiv");
    expect(await pageAt("/dashboard?status=archived")).not.toContain("not finished yet");
    const [, undo = ""] = /value="(undo:[^"]+)"/.exec(finished) ?? [];
    expect(leadsTo(await ada.post("/dashboard", { intent: undo }))).toMatch(/^\/bulk\//);
    await settleBulks(userId);
    expect(await standings(userId)).toEqual({ active: 120 });
  });

  test("are those of the list that was looked at, whatever was selected on it", async () => {
    await newRows(userId, 3);
    await newRows(userId, 2, { status: "archived" });
    await press("restore-selected", [], { all: "1" }, "?status=archived&q=remix-run");
    await settleBulks(userId);
    expect(await standings(userId)).toEqual({ active: 5 });
    await press("archive-selected", [], { all: "1" }, "?q=nothing-like-it");
    expect(await pageAt("/dashboard")).toContain("No session matched any more.");
    expect(await standings(userId)).toEqual({ active: 5 });
  });
});

describe("deleting many", () => {
  test("is confirmed with the number of sessions and messages, and then happens", async () => {
    const ids = [await create(), await create(), await create()];
    for (const key of [KEY, crypto.randomUUID()]) {
      await ada.post(`/session/${ids[0]!}`, { intent: "send", key, text: "Hello" });
    }
    const asked = await press("delete-selected", ids.slice(0, 2), {}, "?sort=created");
    const path = leadsTo(asked)!;
    expect(path).toBe(`/dashboard/delete?status=active&sort=created&id=${ids[0]}&id=${ids[1]}`);
    const dialog = await pageAt(path);
    expect(dialog).toContain("Delete 2 sessions?");
    expect(dialog).toContain("2 sessions with 2 messages");
    expect(await standings(userId)).toEqual({ active: 3 });

    const progress = leadsTo(await confirm(path))!;
    expect(progress).toMatch(/^\/bulk\/[0-9a-f-]{36}\?status=active&sort=created$/);
    await settleBulks(userId);

    const page = await pageAt(progress);
    expect(page).toContain("Deleted 2 sessions.");
    expect(page).not.toContain("Undo");
    expect(page).toContain('href="/dashboard?status=active&amp;sort=created"');
    expect(await standings(userId)).toEqual({ active: 1, deleted: 2 });
    expect(await standing(ids[0]!)).toBe("tombstone, empty");
  });

  test("of one that was selected is as deleting that one", async () => {
    const id = await create();
    const path = leadsTo(await press("delete-selected", [id]))!;
    expect(await pageAt(path)).toContain("Delete this session?");
  });

  const PATIENT = { timeout: 60_000 };

  test(
    "of all that match says about how many messages those are, and leaves later ones alone",
    PATIENT,
    async () => {
      await newRows(userId, 51);
      const path = leadsTo(await press("delete-selected", [], { all: "1" }))!;
      expect(path).toBe("/dashboard/delete?status=active&all=1");
      const dialog = await pageAt(path);
      expect(dialog).toContain("Delete 51 sessions?");
      expect(dialog).toContain("51 sessions with about no messages");

      const until = Date.now();
      const later = await create();
      vi.setSystemTime(until);
      await confirm(path);
      await settleBulks(userId);

      expect(await standings(userId)).toEqual({ active: 1, deleted: 51 });
      expect(await standing(later)).toBe("row, ready");
    },
  );

  test("asks again where the sessions that match have changed since", async () => {
    await newRows(userId, 3);
    const path = "/dashboard/delete?all=1";
    const page = await pageAt(path);
    const gone = /name="id"[^>]* value="([^"]+)"/.exec(page)?.[1] ?? "";
    const fields = [
      ...page.matchAll(/<input type="hidden" name="(key|until|count|checksum)" value="([^"]*)"/g),
    ].map(([, name, value]) => [name!, value!]);
    await deleteSession(appEnv, userId, gone);

    const answer = await ada.post(path, Object.fromEntries(fields) as Record<string, string>);

    expect(answer.status).toBe(409);
    const again = (await answer.text()).replaceAll("<!-- -->", "");
    expect(again).toContain("so nothing was deleted");
    expect(again).toContain("Delete 2 sessions?");
    expect(await standings(userId)).toEqual({ active: 2, deleted: 1 });
  });

  test.each([
    ["without what was shown", { key: KEY }],
    ["with a made-up number", { key: KEY, until: "1", count: "x", checksum: "1" }],
  ])("of all that match refuses a form %s", async (_, fields) => {
    await newRows(userId, 2);
    expect((await ada.post("/dashboard/delete?all=1", fields)).status).toBe(400);
    expect(await standings(userId)).toEqual({ active: 2 });
  });
});

test("a progress page knows no other intent", async () => {
  await newRows(userId, 2);
  const path = leadsTo(await press("archive-selected", [], { all: "1" }))!;
  expect((await ada.post(path, { intent: "toString" })).status).toBe(400);
});
