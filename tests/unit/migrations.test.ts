/** What migrations do to existing sessions. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { describe, expect, test } from "vitest";
import type { Statement } from "../../app/platform/database.server";
import { storedCounts } from "../../app/sessions/list/list-counts.server";
import { sessionsPage } from "../../app/sessions/list/list-query.server";
import type { ListView } from "../../app/sessions/list/list-view";

const FOLDER = join(import.meta.dirname, "../../migrations");

/** @returns a database as it was before a migration, and a function that applies this one and all later ones */
function before(migration: string) {
  const database = new Database(":memory:");
  const migrations = readdirSync(FOLDER).sort();
  const apply = (names: string[]) => {
    for (const name of names) database.exec(readFileSync(join(FOLDER, name), "utf8"));
  };
  const first = migrations.indexOf(migration);
  apply(migrations.slice(0, first));
  return { database, migrate: () => apply(migrations.slice(first)) };
}

/** How many sessions need each person, as it is kept; nobody whom none needs. */
const keptNeeds = (database: ReturnType<typeof before>["database"]) =>
  database
    .prepare("SELECT user_id, repo, needs_you FROM session_counts WHERE needs_you <> 0")
    .all() as { user_id: string; repo: string; needs_you: number }[];

test("counts include sessions from before counts were kept", () => {
  const { database, migrate } = before("0006_find.sql");
  database.exec(`
    INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, last_activity, created_at) VALUES
      ('1', 'ada', 'Octo', 'cat', 'active', 1, 1), ('2', 'ada', 'octo', 'Cat', 'archived', 1, 1),
      ('3', 'ada', 'octo', 'dog', 'active', 1, 1), ('4', 'bob', 'octo', 'cat', 'active', 1, 1)`);

  migrate();

  const counts =
    "SELECT user_id, repo, active, archived FROM session_counts ORDER BY user_id, repo";
  expect(database.prepare(counts).all()).toEqual([
    { user_id: "ada", repo: "", active: 2, archived: 1 },
    { user_id: "ada", repo: "octo/cat", active: 1, archived: 1 },
    { user_id: "ada", repo: "octo/dog", active: 1, archived: 0 },
    { user_id: "bob", repo: "", active: 1, archived: 0 },
    { user_id: "bob", repo: "octo/cat", active: 1, archived: 0 },
  ]);
  database.exec("DELETE FROM sessions WHERE user_id = 'ada'");
  expect(database.prepare(counts).all()).toHaveLength(2);
  database.close();
});

test("sessions from before agents' tokens were counted have an unknown number", () => {
  const { database, migrate } = before("0008_agent_tokens.sql");
  database.exec(`
    INSERT INTO sessions (id, user_id, repo_owner, repo_name, last_activity, created_at)
    VALUES ('1', 'ada', 'octo', 'cat', 1, 1)`);

  migrate();

  const count = database.prepare("SELECT agent_tokens FROM sessions").all();
  expect(count).toEqual([{ agent_tokens: null }]);
  database.close();
});

describe("sessions from before there were titles", () => {
  const STATUSES = [null, "working", "waiting", "failed", "done"] as const;

  /** For each of two people an active and an archived session of each status, in one repository for each. */
  function migrated() {
    const { database, migrate } = before("0011_titles.sql");
    const insert = database.prepare(`
      INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, agent_status, last_activity,
        created_at, archived_at, archived_by, message_count, agent_message, seen_message, agent_tokens)
      VALUES (?, ?, 'Octo', ?, ?, ?, ?, 1, ?, ?, 7, 5, 4, ?)`);
    for (const person of ["ada", "bob"]) {
      STATUSES.forEach((agent, i) => {
        const id = `${person} ${agent}`;
        insert.run(id, person, `of-${agent}`, "active", agent, i, null, null, i);
        insert.run(`${id} away`, person, `of-${agent}`, "archived", agent, i, 3, "idle", null);
      });
    }
    database.exec(`
      INSERT INTO sessions (id, user_id, repo_owner, repo_name, last_activity, created_at, agent_status)
      VALUES ('bob again', 'bob', 'Octo', 'of-waiting', 9, 9, 'waiting')`);
    const rows = () =>
      database.prepare("SELECT * FROM sessions ORDER BY id").all() as Record<string, unknown>[];
    const old = rows();
    migrate();
    return { database, old, rows };
  }

  test("keep what they have, and have no title and nothing new to see", () => {
    const { database, old, rows } = migrated();
    const titles = { title: null, auto_title: null, heading: null, branch: null };

    expect(rows()).toMatchObject(
      old.map((row) => ({
        ...row,
        ...titles,
        ...{ status_rev: 0, seen_rev: 0 },
        search_words: expect.stringMatching(/^ [^ /]+\/([^ ]+) \1 $/) as string,
        needs_you: row.status === "active" && row.agent_status === "waiting" ? 1 : 0,
      })),
    );
    database.close();
  });

  test("are counted where their agent waits, and stay counted right", () => {
    const { database } = migrated();
    expect(keptNeeds(database)).toEqual([
      { user_id: "ada", repo: "", needs_you: 1 },
      { user_id: "bob", repo: "", needs_you: 2 },
    ]);

    database.exec("UPDATE sessions SET agent_status = 'waiting' WHERE id = 'ada done'");
    database.exec("UPDATE sessions SET status = 'active' WHERE id = 'ada waiting away'");
    database.exec("DELETE FROM sessions WHERE id = 'bob waiting'");
    database.exec("UPDATE sessions SET status = 'archived' WHERE id = 'bob again'");

    expect(keptNeeds(database)).toEqual([{ user_id: "ada", repo: "", needs_you: 3 }]);
    database.close();
  });

  test("are listed and found as before", () => {
    const { database } = migrated();
    const run = ({ sql, parameters }: Statement) =>
      database.prepare(sql).all(...(parameters as never[])) as Record<string, unknown>[];
    const idsIn = (view: Partial<ListView>) => {
      const whole = { status: "active" as const, words: [], repo: null, idle: null, ...view };
      return run(sessionsPage("bob", { sort: "activity", ...whole }, undefined, 10)).map(
        ({ id }) => id,
      );
    };

    const byActivity = ["again", "done", "failed", "waiting", "working", "null"];
    expect(idsIn({})).toEqual(byActivity.map((name) => `bob ${name}`));
    expect(idsIn({ status: "archived" })).toHaveLength(5);
    expect(idsIn({ words: ["of-wait"] })).toEqual(["bob again", "bob waiting"]);
    expect(idsIn({ repo: "octo/of-done", status: "all" })).toEqual(["bob done away", "bob done"]);
    expect(run(storedCounts("bob", null))).toMatchObject([
      { needs_you: 2, needs_you_in_all: 2, active: 6, archived: 5 },
    ]);
    expect(idsIn({ status: "all", sort: "created" })).toHaveLength(11);
    expect(idsIn({ status: "needs-you" })).toEqual(["bob again", "bob waiting"]);
    database.close();
  });
});

describe("sessions from before there were runs", () => {
  /** For each of two people sessions of each status then: not seen, seen and archived. */
  function migrated() {
    const { database, migrate } = before("0013_runs.sql");
    const insert = database.prepare(`
      INSERT INTO sessions (id, user_id, repo_owner, repo_name, status, agent_status, status_rev,
        seen_rev, last_activity, created_at, title, auto_title, branch, message_count, agent_message,
        seen_message, agent_tokens)
      VALUES (?, ?, 'Octo', 'Cat', ?, ?, 3, ?, ?, 1, ?, 'Mend the parser', 'fix', 7, 5, 4, 2)`);
    for (const person of ["ada", "bob"]) {
      [null, "working", "waiting", "failed", "done"].forEach((agent, index) => {
        const title = index % 2 ? "Mine" : null;
        insert.run(`${person} ${agent}`, person, "active", agent, 2, index, title);
        insert.run(`${person} ${agent} seen`, person, "active", agent, 3, index, title);
        insert.run(`${person} ${agent} away`, person, "archived", agent, 2, index, title);
      });
    }
    const rows = () =>
      database.prepare("SELECT * FROM sessions ORDER BY id").all() as Record<string, unknown>[];
    const counts = () =>
      database.prepare("SELECT * FROM session_counts ORDER BY user_id, repo").all();
    const old = { rows: rows(), counts: counts() };
    migrate();
    return { database, old, rows, counts };
  }

  test("keep what they have and their counts, and are given to no runner", () => {
    const { database, old, rows, counts } = migrated();
    const none = { runner_id: null, assign: 0, agent: null, asks: null };
    expect(rows()).toEqual(
      old.rows.map((row) => {
        const { search_text, ...kept } = row;
        expect(search_text).toBeDefined();
        return { ...kept, ...none };
      }),
    );
    expect(rows().filter(({ needs_you }) => needs_you === 1)).toHaveLength(6);
    expect(counts()).toEqual(old.counts);
    database.close();
  });

  test("are listed, searched and counted as before", () => {
    const { database } = migrated();
    const run = ({ sql, parameters }: Statement) =>
      database.prepare(sql).all(...(parameters as never[])) as Record<string, unknown>[];
    const idsIn = (view: Partial<ListView>) => {
      const whole = { status: "active" as const, words: [], repo: null, idle: null, ...view };
      return run(sessionsPage("ada", { sort: "activity", ...whole }, undefined, 10)).map(
        ({ id }) => id,
      );
    };
    expect(idsIn({ status: "needs-you" })).toEqual([
      "ada failed",
      "ada waiting seen",
      "ada waiting",
    ]);
    expect(idsIn({ status: "needs-you", words: ["mine"] })).toEqual(["ada failed"]);
    expect(idsIn({ words: ["parser"] })).toHaveLength(6);
    expect(idsIn({ status: "archived" })).toHaveLength(5);
    expect(run(storedCounts("ada", null))).toMatchObject([
      { needs_you: 3, needs_you_in_all: 3, active: 10, archived: 5 },
    ]);
    database.close();
  });

  test("are counted by the new statuses, too", () => {
    const { database } = migrated();
    const needAda = () => keptNeeds(database).find(({ user_id }) => user_id === "ada");
    const become = (status: string, seen_rev = 2) =>
      database.exec(`UPDATE sessions SET agent_status = '${status}', seen_rev = ${seen_rev}
        WHERE id = 'ada working'`);
    for (const status of ["lost", "interrupted", "refused", "limit"]) {
      become(status);
      expect(needAda(), status).toMatchObject({ needs_you: 4 });
      become(status, 3);
      expect(needAda(), `${status}, seen`).toMatchObject({
        needs_you: status === "lost" ? 4 : 3,
      });
    }
    for (const status of ["queued", "stopped", "done"]) {
      become(status);
      expect(needAda(), status).toMatchObject({ needs_you: 3 });
    }
    database.exec(`
      INSERT INTO sessions (id, user_id, repo_owner, repo_name, last_activity, created_at, agent_status)
      VALUES ('ada again', 'ada', 'Octo', 'Cat', 9, 9, 'lost')`);
    expect(needAda()).toMatchObject({ needs_you: 4 });
    database.exec("DELETE FROM sessions WHERE id IN ('ada again', 'ada waiting')");
    expect(needAda()).toMatchObject({ needs_you: 2 });
    database.close();
  });
});
