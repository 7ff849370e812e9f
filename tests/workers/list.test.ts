/** The pages of the list: in order, no row missing or twice, whatever happens between them. */
import { describe, expect, test } from "vitest";
import { changeStatus } from "../../app/sessions/lifecycle/lifecycle.server";
import { cursorAt, listSessions } from "../../app/sessions/list/list.server";
import { PAGE_SIZE, type Cursor, type PageRow } from "../../app/sessions/list/list-query.server";
import { LIST_SORTS, type ListView } from "../../app/sessions/list/list-view";
import {
  env,
  freshPerson,
  listedIds,
  newRows,
  newRowWithoutObject,
  newSession,
  viewOf,
} from "./support";

function touch(id: string, lastActivity: number) {
  return env.DB.prepare("UPDATE sessions SET last_activity = ? WHERE id = ?")
    .bind(lastActivity, id)
    .run();
}

/** Reads a person's list page by page. @param between runs after each page */
async function readAll(
  userId: string,
  view: ListView = viewOf(),
  between: (page: PageRow[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<PageRow[][]> {
  const pages: PageRow[][] = [];
  let cursor: Cursor | undefined;
  do {
    const page = await listSessions(env.DB, userId, view, cursor, Date.now());
    pages.push(page.sessions);
    cursor = page.older;
    await between(page.sessions);
  } while (cursor);
  return pages;
}

/** Goes from a page back to the first one. @returns the pages in the list's order */
async function readBack(userId: string, view: ListView, from: Cursor): Promise<PageRow[][]> {
  const pages: PageRow[][] = [];
  let cursor: Cursor | undefined = from;
  while (cursor) {
    const page = await listSessions(env.DB, userId, view, cursor, Date.now());
    pages.unshift(page.sessions);
    cursor = page.newer;
  }
  return pages;
}

/** The list's order, implemented a second time, independently. */
function inOrder(rows: PageRow[], { sort }: ListView = viewOf()): PageRow[] {
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const byTime = (a: PageRow, b: PageRow) =>
    sort === "created" ? b.created_at - a.created_at : b.last_activity - a.last_activity;
  return rows.toSorted(
    (a, b) =>
      (sort === "repository" ? byText(a.repo, b.repo) : 0) || byTime(a, b) || byText(b.id, a.id),
  );
}

function idsOf(pages: PageRow[][]): string[] {
  return pages.flat().map(({ id }) => id);
}

test("the newest activity comes first", async () => {
  const user_id = freshPerson();
  for (const last_activity of [20, 40, 10, 30])
    await newRowWithoutObject({ user_id, last_activity });

  const list = await listSessions(env.DB, user_id, viewOf(), undefined, Date.now());

  expect(list.sessions.map((row) => row.last_activity)).toEqual([40, 30, 20, 10]);
  expect(list).toMatchObject({ newer: undefined, older: undefined });
});

test("sessions with the same time of activity are told apart by id", async () => {
  const user_id = freshPerson();
  const made = [];
  for (let count = 0; count < 8; count++) {
    made.push(await newRowWithoutObject({ user_id, last_activity: 10 }));
  }

  expect(idsOf(await readAll(user_id))).toEqual(idsOf([inOrder(made)]));
});

test.each([
  { rows: 0, pages: [0] },
  { rows: 1, pages: [1] },
  { rows: 49, pages: [49] },
  { rows: 50, pages: [50] },
  { rows: 51, pages: [50, 1] },
  { rows: 100, pages: [50, 50] },
  { rows: 130, pages: [50, 50, 30] },
])("$rows sessions are listed in pages of $pages", async ({ rows, pages }) => {
  const ada = freshPerson();
  if (rows > 0) await newRows(ada, rows, { alike: 7 });

  const listed = await readAll(ada);

  expect(listed.map((page) => page.length)).toEqual(pages);
  expect(new Set(idsOf(listed)).size).toBe(rows);
  expect(listed.flat()).toEqual(inOrder(listed.flat()));
});

describe.each([
  ["all at different times", 1],
  ["seven at a time", 7],
  ["all at the same time", 1_000],
])("sessions that were active %s", (_, alike) => {
  const views: Partial<ListView>[] = LIST_SORTS.flatMap((sort) => [
    { sort },
    { sort, status: "all" },
    { sort, repo: "remix-run/REMIX-1" },
    { sort, status: "all", repo: "remix-run/remix-1" },
    { sort, status: "archived", words: ["remix-2"] },
  ]);
  test.each(views)("are all listed once, forth and back, where the list is %j", async (special) => {
    const [ada, bob] = [freshPerson(), freshPerson()];
    await newRows(ada, 260, { alike, repositories: 3 });
    await newRows(ada, 260, { alike, repositories: 3, status: "archived" });
    await newRows(bob, 60, { alike, repositories: 3 });
    const view = viewOf(special);
    const { results } = await env.DB.prepare("SELECT * FROM sessions WHERE user_id = ?")
      .bind(ada)
      .all<PageRow>();
    const repo = view.words[0] ? `remix-run/${view.words[0]}` : view.repo?.toLowerCase();
    const wanted = results.filter(
      (row) =>
        (view.status === "all" || row.status === view.status) && (!repo || row.repo === repo),
    );

    const forth = await readAll(ada, view);
    const last = forth.at(-1)!;
    const back = await readBack(ada, view, cursorAt(last[0]!, view, "newer"));

    expect(wanted.length).toBeGreaterThan(PAGE_SIZE);
    expect(idsOf(forth)).toEqual(inOrder(wanted, view).map(({ id }) => id));
    expect([...idsOf(back), ...idsOf([last])]).toEqual(idsOf(forth));
  });
});

test("nothing is left out or repeated while sessions are added, touched and deleted between pages", async () => {
  const ada = freshPerson();
  await newRows(ada, 180, { alike: 7 });
  const all = (await readAll(ada)).flat();
  const unseen = [all[100]!, all[150]!];
  const gone = [all[3]!, all[120]!];
  let now = 2_000_000;

  const pages = await readAll(ada, viewOf(), async (page) => {
    await newRowWithoutObject({ user_id: ada, last_activity: now++ });
    await touch(page.at(-1)!.id, now++); // The row that the next page begins after.
    for (const { id } of unseen) await touch(id, now++);
    for (const { id } of gone) {
      await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
    }
  });

  // A row that moved to the top before it was shown is on the first page when that is read again.
  const moved = new Set([...unseen, gone[1]!].map(({ id }) => id));
  const stayed = all.map(({ id }) => id).filter((id) => !moved.has(id));
  expect(idsOf(pages)).toEqual(stayed);
});

test("the way back leads past what was added on top meanwhile, to the newest", async () => {
  const ada = freshPerson();
  await newRows(ada, 120);
  const pages = await readAll(ada);
  const added = await newRowWithoutObject({ user_id: ada, last_activity: 2_000_000 });
  const deleted = pages[0]![10]!;
  await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(deleted.id).run();

  const back = await readBack(ada, viewOf(), cursorAt(pages[1]![0]!, viewOf(), "newer"));

  const before = idsOf([pages[0]!]).filter((id) => id !== deleted.id);
  expect(idsOf(back)).toEqual([added.id, ...before]);
});

test("active and archived sessions are listed apart, and together", async () => {
  const active = await newSession();
  const archived = await newSession(active.user_id);
  await changeStatus(env, active.user_id, archived.id, "archive");

  expect(await listedIds(active.user_id)).toEqual([active.id]);
  expect(await listedIds(active.user_id, { status: "archived" })).toEqual([archived.id]);
  const all = await listedIds(active.user_id, { status: "all" });
  expect(new Set(all)).toEqual(new Set([active.id, archived.id]));
});

test("nobody else's sessions are listed, whatever page is asked for", async () => {
  const [ada, bob] = [freshPerson(), freshPerson()];
  await newRows(ada, 60);
  await newRows(bob, 60);
  await newRows(bob, 5, { status: "archived" });
  const own = (await readAll(ada)).flat();
  const [others] = await readAll(bob);

  const ids = new Set(idsOf([own]));
  expect(ids.size).toBe(60);
  expect(idsOf([others!]).filter((id) => ids.has(id))).toEqual([]);
  for (const direction of ["older", "newer"] as const) {
    const cursor = cursorAt(others![5]!, viewOf(), direction);
    const page = await listSessions(env.DB, ada, viewOf(), cursor, Date.now());
    expect(page.sessions.length).toBeGreaterThan(0);
    expect(page.sessions.filter(({ id }) => !ids.has(id))).toEqual([]);
  }
  expect(await readAll(ada, viewOf({ status: "archived" }))).toEqual([[]]);
});
