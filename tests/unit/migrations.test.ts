/** What migrations do to existing sessions. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { expect, test } from "vitest";

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
