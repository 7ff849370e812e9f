/** `npm run preflight` accepts the repository's own configurations and refuses everything that breaks them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/lib/processes.mjs";
import { COMPANION, inspect, PAGES, unready } from "../../scripts/preflight.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ship-preflight-"));
  mkdirSync(join(folder, "durable-objects"));
  for (const file of [PAGES, COMPANION]) write(file, readFileSync(join(ROOT, file), "utf8"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

/** Changes a configuration, which must contain `from`. */
function change(file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(join(folder, file), "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  write(file, after);
}

function append(file: string, text: string): void {
  write(file, readFileSync(join(folder, file), "utf8") + text);
}

/** Sets a var or another key that the configuration has. */
function set(file: string, name: string, value: string): void {
  change(file, new RegExp(`(?<=^${name} = )[^#\\n]*`, "m"), value);
}

function setInBoth(name: string, value: string): void {
  for (const file of [PAGES, COMPANION]) set(file, name, value);
}

function expectProblem(problem: string): void {
  expect(inspect(folder).problems).toContainEqual(expect.stringContaining(problem));
}

test("finds nothing wrong with the repository’s own", () => {
  const { configs, problems } = inspect(ROOT);
  expect(problems).toEqual([]);
  expect(configs?.pages.name).toBe("ship");
});

describe.each([PAGES, COMPANION])("%s", (file) => {
  test("is missed if it does not exist", () => {
    rmSync(join(folder, file));
    expect(inspect(folder).problems).toEqual([expect.stringContaining(`${file}: ENOENT`)]);
  });

  test("is refused, with the line, if it is not TOML", () => {
    write(file, "name = ship");
    expect(inspect(folder).problems).toEqual([expect.stringMatching(/^\S+: Invalid TOML[^]*1:/)]);
  });

  test.each([
    ["compatibility_date", '"2025-01-01"', "2026-02-24 to"],
    ["compatibility_date", '"2026-05-01"', "to 2026-04-26"],
    ["compatibility_date", '"2026-03-32"', "has to be a date"],
    ["compatibility_date", "2026-04-20", "has to be a date"],
    ["binding", '"DATA"', "has to be DB"],
    ["database_id", '"mine"', "d1 list"],
    ["migrations_dir", '"elsewhere"', "has to be "],
    ["TOMBSTONE_SECONDS", "60", "a day or more"],
    ["AUTO_ARCHIVE_SECONDS", '"1"', "whole number of seconds"],
    ["AUTO_ARCHIVE_SECONDS", "-1", "whole number of seconds"],
    ["AUTO_ARCHIVE_SECONDS", "0.5", "whole number of seconds"],
    ["GITHUB_URL", '"http://github.com"', "https://"],
    ["GITHUB_API_URL", '"api.github.com"', "https://"],
  ])("refuses %s = %s", (name, value, problem) => {
    set(file, name, value);
    expectProblem(problem);
    expectProblem(`${file}: `);
    expectProblem(name);
  });

  test.each(["ada lovelace", "@ada", "ada,", "https://github.com/ada", "**"])(
    "refuses “%s” for people",
    (users) => {
      set(file, "ALLOWED_USERS", `"${users}"`);
      expectProblem(`${file}: vars.ALLOWED_USERS has to list GitHub ids or logins`);
    },
  );

  test.each(["AUTH_SECRETS", "TOKEN_KEYS", "GITHUB_CLIENT_SECRET"])(
    "refuses %s in vars",
    (name) => {
      change(file, "[vars]", `[vars]\n${name} = "s3cret"`);
      expectProblem(`${file}: vars.${name} is a secret`);
      expect(inspect(folder).problems.join()).not.toContain("s3cret");
    },
  );

  test.each<[string, string | RegExp, string, string]>([
    ["no database", /\[\[d1_databases\]\][^[]*/, "", "has to be one database, bound as DB"],
    ["no Durable Objects", /\[\[durable_objects[^]*?(?=\n\n\[\[migr|$)/, "", "has to bind the Dur"],
    ["a missing var", /AUTO_ARCHIVE_SECONDS = \d+/, "", "vars.AUTO_ARCHIVE_SECONDS has to be"],
    ["local sign-in", "[vars]", '[vars]\nLOCAL_SIGN_IN = "true"', "LOCAL_SIGN_IN is for your own"],
  ])("refuses %s", (_, from, to, problem) => {
    change(file, from, to);
    expectProblem(problem);
    expectProblem(`${file}: `);
  });
});

test.each([
  [PAGES, "compatibility_date", '"2026-04-21"', "compatibility_date is 2026-04-21 in"],
  [COMPANION, "database_name", '"other-db"', "but other-db in"],
  [PAGES, "database_id", '"10000000-0000-0000-0000-000000000000"', "database_id is 1000"],
  [COMPANION, "AUTO_ARCHIVE_SECONDS", "9", "but 9 in"],
  [COMPANION, "ALLOWED_USERS", '"ada"', "but ada in"],
  [COMPANION, "name", '"other"', "but PERSON_DO (PersonDO of other)"],
  [PAGES, "class_name", '"PersonDO"', "SESSION_DO (PersonDO of ship-sessions) in wrangler.toml"],
  [PAGES, "script_name", '"other"', "SESSION_DO (SessionDO of other) in wrangler.toml"],
])("refuses configurations that differ: in %s, %s = %s", (file, name, value, problem) => {
  set(file, name, value);
  expectProblem(problem);
});

test.each<[string, string, string | RegExp, string, string]>([
  ["an object bound to another name", PAGES, '"PERSON_DO"', '"PEOPLE_DO"', "PEOPLE_DO ("],
  ["an object without a Worker", PAGES, 'script_name = "ship-sessions"', "", "of undefined)"],
  ["another folder for the build", PAGES, '"public"', '"dist"', "has to be public"],
  ["a class without a migration", COMPANION, '["PersonDO"]', "[]", "makes the class PersonDO"],
  ["a class without SQL", COMPANION, "new_sqlite_c", "new_c", "write new_sqlite_classes instead"],
  ["the same tag twice", COMPANION, 'tag = "v2"', 'tag = "v1"', "has two with the same tag"],
])("refuses %s", (_, file, from, to, problem) => {
  change(file, from, to);
  expectProblem(problem);
});

test.each([
  [PAGES, "ARCHIVE_WARNING_SECONDS", "9999999", "ARCHIVE_WARNING_SECONDS than AUTO_ARCHIVE"],
  [COMPANION, "REPAIR_SECONDS", "9999999", "from a minute to a week"],
])("refuses in %s %s = %s", (file, name, value, problem) => {
  set(file, name, value);
  expectProblem(problem);
});

test.each([
  "http://ship.example.com",
  "https://ship.example.com/",
  "https://ship.example.com/app",
  "https://Ship.example.com",
  "https://ship.example.com:443",
  "https://ada@ship.example.com",
  "https://",
  "ship.example.com",
])("refuses the address %s", (url) => {
  set(PAGES, "ORIGIN", `"${url}"`);
  expectProblem("vars.ORIGIN has to be the address of your Ship");
});

test("accepts any time for warnings if nothing is archived", () => {
  setInBoth("AUTO_ARCHIVE_SECONDS", "0");
  expect(inspect(folder).problems).toEqual([]);
});

test("follows a class that was renamed, and one that was deleted", () => {
  for (const file of [PAGES, COMPANION])
    change(file, 'class_name = "PersonDO"', 'class_name = "Person"');
  append(
    COMPANION,
    '\n[[migrations]]\ntag = "v3"\nrenamed_classes = [{ from = "PersonDO", to = "Person" }]\n',
  );
  expect(inspect(folder).problems).toEqual([]);

  append(COMPANION, '\n[[migrations]]\ntag = "v4"\ndeleted_classes = ["Person"]\n');
  expectProblem("no migration makes the class Person.");
});

describe("a deployment", () => {
  const OF_COMPANION = ["TOKEN_KEYS", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];
  const ALL = [...OF_COMPANION, "AUTH_SECRETS", "GITHUB_APP_SLUG"];

  /** Sets what the repository's own configurations leave open. */
  beforeEach(() => {
    setInBoth("database_id", '"10000000-0000-0000-0000-000000000000"');
    setInBoth("ALLOWED_USERS", '"583231, 7@git.example:8443, Octo-Cat,a--b-, octo-cat_acme"');
    set(PAGES, "ORIGIN", '"https://ship.example.com"');
  });

  function problemsWith(secrets: string[] | undefined, ofCompanion: string[] | undefined = ALL) {
    const { configs, problems } = inspect(folder);
    expect(problems).toEqual([]);
    return unready(configs!, secrets, ofCompanion);
  }

  function expectOneProblem(problem: string, secrets: string[] | undefined = ALL): void {
    expect(problemsWith(secrets)).toEqual([expect.stringContaining(problem)]);
  }

  test("is ready with a database, an address, people and every secret", () => {
    expect(problemsWith(ALL)).toEqual([]);
  });

  test("is open to anybody if the list of people says so", () => {
    setInBoth("ALLOWED_USERS", '"*"');
    expect(problemsWith(ALL)).toEqual([]);
  });

  test("may have what is not secret in the configuration", () => {
    change(PAGES, "[vars]", '[vars]\nGITHUB_CLIENT_ID = "Iv1"\nGITHUB_APP_SLUG = "ship"');
    expect(problemsWith(["AUTH_SECRETS", "TOKEN_KEYS", "GITHUB_CLIENT_SECRET"])).toEqual([]);
  });

  test("needs a database", () => {
    setInBoth("database_id", '"00000000-0000-0000-0000-000000000000"');
    expectOneProblem("npx wrangler d1 create ship-db");
  });

  test("needs people", () => {
    setInBoth("ALLOWED_USERS", '""');
    expectOneProblem("ALLOWED_USERS is empty");
  });

  test("needs an address", () => {
    set(PAGES, "ORIGIN", '""');
    expectOneProblem("npx wrangler pages project list");
  });

  test.each(ALL)("needs %s", (name) => {
    const others = ALL.filter((other) => other !== name);
    expectOneProblem(`${name} is not set. Set it: npx wrangler pages secret put ${name}`, others);
  });

  test("refuses sign-in by name alone", () => {
    expectOneProblem("pages secret delete LOCAL_SIGN_IN", [...ALL, "LOCAL_SIGN_IN"]);
  });

  test("needs a Pages project", () => {
    const [problem, ...others] = problemsWith(undefined);
    expect(problem).toContain("npx wrangler pages project create ship");
    expect(others).toEqual([]);
  });

  test.each([
    ["some are not set", ["TOKEN_KEYS"], ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"]],
    ["it is not deployed yet", undefined, OF_COMPANION],
  ])("needs the companion’s secrets: %s", (_, ofCompanion, missing) => {
    const { configs } = inspect(folder);
    expect(unready(configs!, ALL, ofCompanion)).toEqual(
      missing.map(
        (name) => expect.stringMatching(`^${name} .* put ${name} -c ${COMPANION}$`) as string,
      ),
    );
  });
});
