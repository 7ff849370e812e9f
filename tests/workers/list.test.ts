import { expect, test } from "vitest";
import { read } from "../../app/platform/database.server";
import { changeStatus } from "../../app/sessions/lifecycle.server";
import {
  cursorOf,
  listSessions,
  PAGE_SIZE,
  sessionsPage,
  type Cursor,
} from "../../app/sessions/queries.server";
import type { SessionRow, SessionStatus } from "../../app/sessions/session";
import { env, freshPerson, newRowWithoutObject, newSession } from "./support";

/**
 * Puts many rows into D1 by one statement. Their ids are in no order.
 *
 * @param alike how many rows bear the same time; cast in SQL, because D1 binds every number as a fraction
 */
async function newRows(userId: string, count: number, status: SessionStatus, alike = 1) {
  await env.DB.prepare(
    `INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, created_at, last_activity)
     WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
     SELECT lower(hex(randomblob(4)) || '-0000-8000-8000-' || hex(randomblob(6))),
       ?2, 'remix-run', 'remix', ?3, 1, 1000000 + i / CAST(?4 AS INTEGER) FROM n`,
  )
    .bind(count, userId, status, alike)
    .run();
}

function touch(id: string, lastActivity: number) {
  return env.DB.prepare("UPDATE sessions SET last_activity = ? WHERE id = ?")
    .bind(lastActivity, id)
    .run();
}

/** Reads a person's list page by page. @param between runs after each page */
async function readAll(
  userId: string,
  status: SessionStatus,
  between: (page: SessionRow[]) => Promise<unknown> = () => Promise.resolve(),
): Promise<SessionRow[][]> {
  const pages: SessionRow[][] = [];
  let after: Cursor | undefined;
  do {
    const page = await listSessions(env.DB, userId, status, after);
    pages.push(page.sessions);
    after = page.next;
    await between(page.sessions);
  } while (after);
  return pages;
}

/** The list's order, said once more and independently: newest activity first, equal times by id. */
function inOrder(rows: SessionRow[]): SessionRow[] {
  const before = (a: SessionRow, b: SessionRow) => (a.id > b.id ? -1 : 1);
  return rows.toSorted((a, b) => b.last_activity - a.last_activity || before(a, b));
}

test("the newest activity comes first", async () => {
  const user_id = freshPerson();
  for (const last_activity of [20, 40, 10, 30])
    await newRowWithoutObject({ user_id, last_activity });

  const { sessions, next } = await listSessions(env.DB, user_id, "active", undefined);

  expect(sessions.map((row) => row.last_activity)).toEqual([40, 30, 20, 10]);
  expect(next).toBeUndefined();
});

test("sessions with the same time of activity are told apart by id", async () => {
  const user_id = freshPerson();
  const made = [];
  for (let count = 0; count < 8; count++) {
    made.push(await newRowWithoutObject({ user_id, last_activity: 10 }));
  }

  const { sessions } = await listSessions(env.DB, user_id, "active", undefined);

  expect(sessions).toEqual(inOrder(made));
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
  if (rows > 0) await newRows(ada, rows, "active", 7);

  const listed = await readAll(ada, "active");

  expect(listed.map((page) => page.length)).toEqual(pages);
  expect(new Set(listed.flat().map(({ id }) => id)).size).toBe(rows);
  expect(listed.flat()).toEqual(inOrder(listed.flat()));
});

test("a page that ends amid equal times goes on where it ended", async () => {
  const ada = freshPerson();
  await newRows(ada, 3 * PAGE_SIZE, "active", 1_000);

  const listed = (await readAll(ada, "active")).flat();

  expect(new Set(listed.map(({ id }) => id)).size).toBe(3 * PAGE_SIZE);
  expect(listed).toEqual(inOrder(listed));
});

test("nothing is left out or repeated while sessions are added, touched and deleted between pages", async () => {
  const ada = freshPerson();
  await newRows(ada, 180, "active", 7);
  const all = (await readAll(ada, "active")).flat();
  const unseen = [all[100]!, all[150]!];
  const gone = [all[3]!, all[120]!];
  let now = 2_000_000;

  const pages = await readAll(ada, "active", async (page) => {
    await newRowWithoutObject({ user_id: ada, last_activity: now++ });
    await touch(page.at(-1)!.id, now++); // the very row that the next page begins after
    for (const { id } of unseen) await touch(id, now++);
    for (const { id } of gone) {
      await env.DB.prepare("DELETE FROM sessions WHERE id = ?").bind(id).run();
    }
  });

  // What moved to the top before it was seen is at the top, for whoever looks there again.
  const moved = new Set([...unseen, gone[1]!].map(({ id }) => id));
  const stayed = all.map(({ id }) => id).filter((id) => !moved.has(id));
  expect(pages.flat().map(({ id }) => id)).toEqual(stayed);
});

test("active and archived sessions are listed apart", async () => {
  const active = await newSession();
  const archived = await newSession(active.user_id);
  await changeStatus(env, active.user_id, archived.id, "archive");

  const listed = async (status: SessionStatus) =>
    (await readAll(active.user_id, status)).flat().map(({ id }) => id);

  expect(await listed("active")).toEqual([active.id]);
  expect(await listed("archived")).toEqual([archived.id]);
});

test("nobody else's sessions are listed, whatever page is asked for", async () => {
  const [ada, bob] = [freshPerson(), freshPerson()];
  await newRows(ada, 60, "active");
  await newRows(bob, 60, "active");
  await newRows(bob, 5, "archived");
  const own = (await readAll(ada, "active")).flat();
  const [others] = await readAll(bob, "active");

  expect(own).toHaveLength(60);
  expect(new Set(own.map((row) => row.user_id))).toEqual(new Set([ada]));
  const after = await listSessions(env.DB, ada, "active", cursorOf(others![0]!));
  expect(new Set(after.sessions.map((row) => row.user_id))).toEqual(new Set([ada]));
  expect(await readAll(ada, "archived")).toEqual([[]]);
});

test("a page is read through the index, without sorting, and reads no more rows than it shows", async () => {
  const [ada, bob] = [freshPerson(), freshPerson()];
  await newRows(bob, 3_000, "active", 7);
  await newRows(ada, 3_000, "archived", 7);
  await newRows(ada, 3_000, "active", 7);
  const { next } = await listSessions(env.DB, ada, "active", undefined);
  const [amid] = await read(
    env.DB,
    sessionsPage(ada, "active", { lastActivity: 1_000_200, id: "" }),
  );

  for (const after of [undefined, next, cursorOf(amid[0]!)]) {
    const { sql, parameters } = sessionsPage(ada, "active", after);
    const { results, meta } = await env.DB.prepare(sql)
      .bind(...parameters)
      .all();
    const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .bind(...parameters)
      .all<{ detail: string }>();

    expect(results).toHaveLength(PAGE_SIZE + 1);
    expect(meta.rows_read).toBeLessThanOrEqual(PAGE_SIZE + 2);
    expect(plan.results).toEqual([
      expect.objectContaining({
        detail: expect.stringContaining("SEARCH sessions USING INDEX idx_sessions_user") as string,
      }),
    ]);
  }
});
