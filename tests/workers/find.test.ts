/** Finding sessions: the results of a search, their number, and the cost. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Statement } from "../../app/platform/database.server";
import { cursorAt, listSessions } from "../../app/sessions/list/list.server";
import {
  idleCounts,
  REPOSITORIES_SHOWN,
  storedCounts,
  topRepositories,
} from "../../app/sessions/list/list-counts.server";
import { searched } from "../../app/sessions/list/list-search.server";
import {
  idleSince,
  matching,
  PAGE_SIZE,
  type PageRow,
  sessionsPage,
  type Cursor,
} from "../../app/sessions/list/list-query.server";
import type { IDLE_DAYS } from "../../app/sessions/list/list-view";
import { LIST_SORTS, type ListView } from "../../app/sessions/list/list-view";
import { sessionStatements } from "../../app/sessions/session-table.server";
import { readActive } from "../../app/sessions/lifecycle/active-on-repository.server";
import { env, freshPerson, newRows, newRowWithoutObject, viewOf } from "./support";

const NOW = Date.UTC(2026, 10, 25, 13, 30);
const DAY = 24 * 60 * 60 * 1000;

function list(userId: string, view: Partial<ListView> = {}) {
  return listSessions(env.DB, userId, viewOf(view), undefined, NOW);
}

/** Creates one session for each repository, "owner/name". */
async function newRowsOf(
  user_id: string,
  repositories: string[],
  values: Parameters<typeof newRowWithoutObject>[0] = {},
) {
  for (const [index, repository] of repositories.entries()) {
    const [repo_owner = "", repo_name = ""] = repository.split("/");
    await newRowWithoutObject({
      user_id,
      repo_owner,
      repo_name,
      last_activity: NOW - index,
      ...values,
    });
  }
}

/** @returns the rows that a statement returns, and how many were read for them */
async function run<Row>({ sql, parameters }: Statement<Row>) {
  const { results, meta } = await env.DB.prepare(sql)
    .bind(...parameters)
    .all<Row>();
  return { rows: results, read: meta.rows_read };
}

/** @returns SQLite's query plan for a statement, step by step */
async function planOf({ sql, parameters }: Statement): Promise<string[]> {
  const explained = env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...parameters);
  const { results } = await explained.all<{ detail: string }>();
  return results.map(({ detail }) => detail);
}

/** Expects that each step of a plan searches an index; the others only merge what is in order already. */
function expectSearchesOnly(steps: string[]): void {
  const merging = /^(MERGE \(UNION ALL\)|LEFT|RIGHT|SCALAR SUBQUERY \d+)$/;
  for (const step of steps.filter((step) => !merging.test(step))) {
    expect(step).toMatch(/^SEARCH \w+ USING (COVERING INDEX|INDEX|PRIMARY KEY)/);
  }
}

describe("a search", () => {
  const REPOSITORIES = [
    "remix-run/remix",
    "Remix-Run/indie-stack",
    "facebook/react",
    "react-org/Remix.js",
    "a_b/100",
    "axb/1000",
  ];
  let ada: string;
  beforeAll(async () => {
    ada = freshPerson();
    await newRowsOf(ada, REPOSITORIES);
    await newRowsOf(ada, ["remix-run/archived"], { status: "archived" });
    await newRowsOf(freshPerson(), REPOSITORIES);
  });

  test.each([
    ["the beginning of an owner", ["remix-r"], [0, 1]],
    ["the beginning of a name", ["indie"], [1]],
    ["the beginning of either", ["rea"], [2, 3]],
    ["owner/name", ["remix-run/remix"], [0]],
    ["the beginning of owner/name", ["remix-run/i"], [1]],
    ["an owner with its slash", ["react-org/"], [3]],
    ["several words, all of which have to match", ["remix", "react"], [3]],
    ["words that do not match together", ["facebook", "remix"], []],
    ["what is in the middle of a word only", ["mix"], []],
    ["the end of the owner with the beginning of the name", ["run/remix"], []],
    ["a sign that stands for any letter elsewhere", ["a_b"], [4]],
    ["a sign that stands for anything elsewhere", ["%"], []],
    ["a sign that stands for anything elsewhere, behind others", ["remix%"], []],
    ["a quotation mark", ["'"], []],
    ["a slash alone", ["/"], []],
  ])("finds by %s", async (_, words, found) => {
    const { sessions, counts } = await list(ada, { words });
    const names = sessions.map((row) => `${row.repo_owner}/${row.repo_name}`);
    expect(names).toEqual(found.map((index) => REPOSITORIES[index]));
    expect(counts.active).toBe(found.length);
  });

  test("counts what it finds in every tab, and shows it there", async () => {
    const words = ["remix-run"];
    expect((await list(ada, { words })).counts).toMatchObject({ active: 2, archived: 1, all: 3 });
    expect((await list(ada, { words, status: "archived" })).sessions).toHaveLength(1);
    expect((await list(ada, { words, status: "all" })).sessions).toHaveLength(3);
  });

  test("offers the repositories among which it found something", async () => {
    const { repositories } = await list(ada, { words: ["rea"], status: "all" });
    expect(repositories).toEqual([
      { name: "facebook/react", count: 1 },
      { name: "react-org/Remix.js", count: 1 },
    ]);
  });

  test("finds words of titles, wherever one begins", async () => {
    const bea = freshPerson();
    const titles = [
      "Mend the parser’s tests (again)",
      "Remove `useEffect` from app/list-view.tsx",
      "Über alle Änderungen: ÖL",
      null,
    ];
    for (const title of titles) {
      await newRowWithoutObject({ user_id: bea, repo_owner: "octo", repo_name: "cat", title });
    }
    const found = async (...words: string[]) => {
      const { sessions, counts, repositories } = await list(bea, { words });
      expect(counts).toMatchObject({ active: sessions.length, all: sessions.length });
      const offered = sessions.length > 0 ? [{ name: "octo/cat", count: sessions.length }] : [];
      expect(repositories).toEqual(offered);
      return new Set(sessions.map(({ heading }) => titles.indexOf(heading)));
    };
    expect(await found("pars")).toEqual(new Set([0]));
    expect(await found("again)")).toEqual(new Set([0]));
    expect(await found("(again")).toEqual(new Set([0]));
    expect(await found("mend", "tests", "octo")).toEqual(new Set([0]));
    expect(await found("useeff")).toEqual(new Set([1]));
    expect(await found("app/list-view.tsx")).toEqual(new Set([1]));
    expect(await found("list")).toEqual(new Set([1]));
    expect(await found("view.tsx")).toEqual(new Set([1]));
    expect(await found("über")).toEqual(new Set([2]));
    expect(await found("änderung", "öl")).toEqual(new Set([2]));
    expect(await found("ffect")).toEqual(new Set());
    expect(await found("%")).toEqual(new Set());
    expect(await found("octo/cat")).toEqual(new Set([0, 1, 2, 3]));
  });
});

describe("the sessions that need their owner", () => {
  let ada: string;
  beforeAll(async () => {
    ada = freshPerson();
    for (const person of [ada, freshPerson()]) {
      await newRowsOf(person, ["a/b", "a/b", "c/d"], { agent_status: "waiting" });
      await newRowsOf(person, ["C/d"], {
        ...{ agent_status: "failed", status_rev: 2, seen_rev: 1 },
        last_activity: NOW + 1,
      });
      await newRowsOf(person, ["a/b"], { agent_status: "failed", status_rev: 2, seen_rev: 2 });
      await newRowsOf(person, ["a/b", "a/b"], { agent_status: "working" });
      await newRowsOf(person, ["a/b"], { agent_status: "waiting", status: "archived" });
    }
  });

  test("are a tab with its number, its repositories and its search", async () => {
    const all = await list(ada, { status: "needs-you" });
    expect(all.sessions.map(({ repo }) => repo)).toEqual(["c/d", "a/b", "a/b", "c/d"]);
    expect(all).toMatchObject({
      count: 4,
      needsYou: 4,
      counts: { "needs-you": 4, active: 7, archived: 1, all: 8 },
      repositories: [
        { name: "a/b", count: 2 },
        { name: "c/d", count: 2 },
      ],
    });
    expect(await list(ada, { status: "needs-you", repo: "C/D" })).toMatchObject({
      count: 2,
      needsYou: 4,
      counts: { "needs-you": 2, active: 2, archived: 0, all: 2 },
    });
    expect(await list(ada, { status: "needs-you", words: ["c"] })).toMatchObject({
      count: 2,
      needsYou: 4,
      counts: { "needs-you": 2, active: 2, archived: 0, all: 2 },
      repositories: [{ name: "c/d", count: 2 }],
    });
    expect(await list(ada, { words: ["c"], repo: "a/b" })).toMatchObject({
      count: 0,
      counts: { "needs-you": 0, active: 0, archived: 0, all: 0 },
    });
  });

  test("are what a landing shows, unless there are none", async () => {
    const landing = { ...viewOf(), status: "landing" as const };
    const shown = await listSessions(env.DB, ada, landing, undefined, NOW);
    expect(shown).toEqual(await list(ada, { status: "needs-you" }));

    const bob = freshPerson();
    await newRowsOf(bob, ["a/b"]);
    const calm = await listSessions(env.DB, bob, landing, undefined, NOW);
    expect(calm).toEqual(await list(bob, { status: "active" }));
    const empty = await listSessions(env.DB, freshPerson(), landing, undefined, NOW);
    expect(empty).toMatchObject({ view: { status: "active" }, sessions: [], count: 0 });
  });
});

describe("the repositories that the list offers", () => {
  test("are those with most sessions in its tab, with how many these are", async () => {
    const ada = freshPerson();
    await newRowsOf(ada, ["b/two", "b/two", "a/one", "C/three", "c/Three", "C/three"]);
    await newRowsOf(ada, ["a/one", "a/one"], { status: "archived" });

    expect((await list(ada)).repositories).toEqual([
      { name: "C/three", count: 3 },
      { name: "b/two", count: 2 },
      { name: "a/one", count: 1 },
    ]);
    expect((await list(ada, { status: "archived" })).repositories).toEqual([
      { name: "a/one", count: 2 },
    ]);
    expect((await list(ada, { status: "all" })).repositories).toEqual([
      { name: "a/one", count: 3 },
      { name: "C/three", count: 3 },
      { name: "b/two", count: 2 },
    ]);
  });

  test("are not more than a page can show, but the chosen one is among them", async () => {
    const ada = freshPerson();
    const many = Array.from({ length: REPOSITORIES_SHOWN + 3 }, (_, index) => `o/n${index + 10}`);
    await newRowsOf(ada, many);

    const { repositories } = await list(ada);
    expect(repositories).toHaveLength(REPOSITORIES_SHOWN);
    const chosen = await list(ada, { repo: "O/N24" });
    expect(chosen.repositories).toEqual([...repositories, { name: "o/n24", count: 1 }]);
    expect(chosen.counts).toMatchObject({ active: 1, archived: 0, all: 1 });
    const unknown = await list(ada, { repo: "no/Such" });
    expect(unknown.repositories.at(-1)).toEqual({ name: "no/Such", count: 0 });
  });
});

describe("the review of idle sessions", () => {
  test("shows those that were not active, restored or kept since, and counts them", async () => {
    const ada = freshPerson();
    const idle = async (days: number, kept_at: number | null = null) => {
      const last_activity = idleSince(7, NOW) + 7 * DAY - days * DAY - 1;
      return (await newRowWithoutObject({ user_id: ada, last_activity, kept_at })).id;
    };
    const ids = [await idle(6), await idle(7), await idle(13), await idle(14), await idle(31)];
    await idle(40, NOW - DAY);
    const keptLongAgo = await idle(41, NOW - 20 * DAY);
    await newRows(ada, 3, { status: "archived" });

    const shown = async (days: (typeof IDLE_DAYS)[number]) => {
      const view = await list(ada, { idle: days });
      expect(view.count).toBe(view.sessions.length);
      expect(view.idle).toEqual({ 7: 5, 14: 3, 30: 1 });
      expect(view.counts).toMatchObject({ active: 7, archived: 3, all: 10 });
      return view.sessions.map(({ id }) => id);
    };
    expect(await shown(7)).toEqual([...ids.slice(1), keptLongAgo]);
    expect(await shown(14)).toEqual([...ids.slice(3), keptLongAgo]);
    expect(await shown(30)).toEqual(ids.slice(4));
  });

  test("counts by whole days, so that what it shows stays the same all day", () => {
    const dawn = Date.UTC(2026, 10, 25);
    const eve = Date.UTC(2026, 10, 26) - 1;
    expect(idleSince(7, dawn)).toBe(Date.UTC(2026, 10, 18));
    expect(idleSince(7, eve)).toBe(Date.UTC(2026, 10, 18));
  });

  test("can be of one repository, or of what a search finds", async () => {
    const ada = freshPerson();
    await newRowsOf(ada, ["a/b", "a/b", "c/d"], { last_activity: NOW - 9 * DAY });
    await newRowsOf(ada, ["a/b", "c/d"]);
    expect(await list(ada, { idle: 7, repo: "A/B" })).toMatchObject({
      count: 2,
      repositories: [{ name: "a/b", count: 2 }],
    });
    expect((await list(ada, { idle: 7, words: ["c"] })).sessions).toHaveLength(1);
  });
});

describe("which sessions a view shows", () => {
  test.each<[Partial<ListView>, number]>([
    [{}, 5],
    [{ status: "archived" }, 2],
    [{ status: "all" }, 7],
    [{ status: "all", repo: "A/b" }, 3],
    [{ words: ["c"] }, 3],
    [{ status: "all", words: ["nothing"] }, 0],
    [{ idle: 7 }, 2],
    [{ idle: 14 }, 0],
  ])("is an SQL condition: %j", async (special, count) => {
    const [ada, bob] = [freshPerson(), freshPerson()];
    for (const person of [ada, bob]) {
      await newRowsOf(person, ["a/b", "a/b", "c/d"]);
      await newRowsOf(person, ["c/d", "c/e"], { last_activity: NOW - 10 * DAY });
      await newRowsOf(person, ["a/b", "c/d"], { status: "archived" });
    }
    const where = matching(ada, viewOf(special), NOW);
    const ids = sessionStatements.selectFrom("sessions").select("id").where(where).compile();
    expect((await run(ids)).rows).toHaveLength(count);
    expect((await list(ada, special)).count).toBe(count);
  });
});

describe("what a page of the list costs", () => {
  const OWN = 10_000;
  let ada: string;
  beforeAll(async () => {
    ada = freshPerson();
    const [bob, eve] = [freshPerson(), freshPerson()];
    for (const [person, active] of [
      [bob, 3_000],
      [ada, 0.8 * OWN],
      [eve, 3_000],
    ] as const) {
      await newRows(person, active, { alike: 7, repositories: 40 });
      await newRows(person, 0.2 * OWN, { alike: 7, repositories: 40, status: "archived" });
    }
  });

  const ORDERED = LIST_SORTS.flatMap((sort) =>
    (["active", "archived", "all"] as const).flatMap((status) => [
      { sort, status },
      { sort, status, repo: "remix-run/remix-7" },
    ]),
  );

  /** @returns cursors at the beginning, in the middle and near the end of a list, in both directions */
  async function cursorsIn(view: ListView): Promise<(Cursor | undefined)[]> {
    const { results } = await env.DB.prepare(
      "SELECT * FROM sessions WHERE user_id = ? AND repo = 'remix-run/remix-7' AND status <> ?",
    )
      .bind(ada, view.status === "active" ? "archived" : "active")
      .all<PageRow>();
    const amid = [results[0]!, results[Math.floor(results.length / 2)]!, results.at(-1)!];
    return [
      undefined,
      ...amid.flatMap((row) => [cursorAt(row, view, "older"), cursorAt(row, view, "newer")]),
    ];
  }

  test.each(ORDERED)("is at most what it shows, and 20 rows, where it is %j", async (special) => {
    const view = viewOf(special);
    for (const cursor of await cursorsIn(view)) {
      const page = await run(sessionsPage(ada, view, cursor, NOW));
      const kept = await run(storedCounts(ada, view.repo));
      const top = await run(topRepositories(ada, view.status));
      expect(top.rows).toHaveLength(REPOSITORIES_SHOWN);
      expect(page.read + kept.read + top.read).toBeLessThanOrEqual(
        PAGE_SIZE + REPOSITORIES_SHOWN + 20,
      );
    }
  });

  test.each([...ORDERED, ...ORDERED.map((view) => ({ ...view, words: ["remix", "remix-1"] }))])(
    "is no sorting and no search through a table, where it is %j",
    async (special) => {
      const view = viewOf(special);
      const cursors = await cursorsIn(view);
      const queries: Statement[] = [
        storedCounts(ada, view.repo),
        topRepositories(ada, view.status),
        ...cursors.map((cursor) => sessionsPage(ada, view, cursor, NOW)),
      ];
      for (const query of queries) {
        const steps = await planOf(query);
        expectSearchesOnly(steps);
      }
    },
  );

  test.each([
    ["in every session", "remix"],
    ["in few", "remix-39"],
    ["nowhere", "nothing"],
  ])("is at most the person’s own sessions for a word that is found %s", async (_, word) => {
    for (const status of ["active", "archived", "all"] as const) {
      const view = viewOf({ words: [word], status });
      const { read } = await run(searched(ada, view, undefined, NOW));
      const walked = { active: 0.8 * OWN, archived: 0.2 * OWN, all: OWN }[status];
      expect(read).toBeLessThanOrEqual(walked + OWN + 10 * 40);
      if (status === "all" && word === "nothing") expect(read).toBeLessThanOrEqual(OWN + 20);
    }
  });

  test("is at most what it shows for those that need their owner, and for a landing", async () => {
    const [few, none] = [freshPerson(), freshPerson()];
    for (const person of [few, none]) await newRows(person, 2_000, { alike: 7, repositories: 40 });
    const set = "UPDATE sessions SET agent_status = 'waiting' WHERE user_id = ? AND id < 'a'";
    await env.DB.prepare(set).bind(few).run();
    const amid = (await list(few, { status: "needs-you" })).sessions[20]!;
    const view = viewOf({ status: "needs-you" });
    for (const cursor of [
      undefined,
      cursorAt(amid, view, "older"),
      cursorAt(amid, view, "newer"),
    ]) {
      const statement = sessionsPage(few, view, cursor, NOW);
      expectSearchesOnly(await planOf(statement));
      const page = await run(statement);
      expect(page.rows.length).toBeGreaterThanOrEqual(20);
      expect(page.read).toBeLessThanOrEqual(page.rows.length + 2);
    }
    for (const person of [few, none]) {
      const landing = sessionsPage(person, { ...view, status: "landing" }, undefined, NOW);
      expectSearchesOnly(await planOf(landing));
      const { rows, read } = await run(landing);
      expect(rows).toHaveLength(PAGE_SIZE + 1);
      expect(read).toBeLessThanOrEqual(PAGE_SIZE + 6);
      expectSearchesOnly(await planOf(storedCounts(person, null)));
    }
  });

  test.each(LIST_SORTS)("is on one index for idle sessions too, sorted by %s", async (sort) => {
    const view = viewOf({ idle: 7, sort });
    for (const cursor of await cursorsIn(view)) {
      const steps = await planOf(sessionsPage(ada, view, cursor, NOW));
      expect(steps.join()).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    const counted = await run(idleCounts(ada, view, NOW));
    expect(counted.rows).toEqual([{ 7: 0.8 * OWN, 14: 0.8 * OWN, 30: 0.8 * OWN }]);
    expect(counted.read).toBeLessThanOrEqual(0.8 * OWN + 2);
  });

  test("is little for an idle page deep in the list", async () => {
    const view = viewOf({ idle: 7 });
    for (const cursor of await cursorsIn(view)) {
      const page = await run(sessionsPage(ada, view, cursor, NOW));
      expect(page.read).toBeLessThanOrEqual(PAGE_SIZE + 2);
    }
  });

  test("is three rows for the sessions that are like the one to be created", async () => {
    const query = readActive(ada, { owner: "Remix-Run", name: "remix-7" });
    const { rows, read } = await run(query);
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map(({ count }) => count))).toEqual(new Set([200]));
    expect(read).toBeLessThanOrEqual(10);
    expect((await planOf(query)).join()).not.toMatch(/SCAN sessions|TEMP B-TREE/);
  });
});
