/** What `npm run preflight` says of configurations: nothing of the repository's own, and each thing that breaks them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { COMPANION, inspect, PAGES, unready } from "../../scripts/preflight.mjs";

const ROOT = join(import.meta.dirname, "../..");

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

/** Changes a configuration, which must hold what is changed. */
function change(file: string, from: string | RegExp, to: string): void {
  const before = readFileSync(join(folder, file), "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  write(file, after);
}

test("finds nothing wrong with the repository’s own", () => {
  const { configs, problems } = inspect(ROOT);
  expect(problems).toEqual([]);
  expect(configs?.pages.name).toBe("ship");
});

describe.each([PAGES, COMPANION])("%s", (file) => {
  test("is missed where it is not there", () => {
    rmSync(join(folder, file));
    expect(inspect(folder).problems).toEqual([`${file} is missing.`]);
  });

  test("is told by its line where it is no TOML", () => {
    write(file, "name = ship");
    const [problem = ""] = inspect(folder).problems;
    expect(problem).toContain(`${file} is not TOML.`);
    expect(problem).toContain("1:");
  });

  test.each<[string, string | RegExp, string, string]>([
    ["a date of compatibility that is too early", "2026-04-20", "2025-01-01", "2026-02-24 to"],
    ["one that workerd does not know", "2026-04-20", "2026-05-01", "to 2026-04-26"],
    ["one that is no day", "2026-04-20", "2026-03-32", "has to be a date"],
    ["one that is no string", '"2026-04-20"', "2026-04-20", "has to be a date"],
    ["no database", /\[\[d1_databases\]\][^[]*/, "", "has to be one database, bound as DB"],
    ["a database of another binding", 'binding = "DB"', 'binding = "DATA"', "has to be DB"],
    ["a database id that is none", /database_id = "[^"]*"/, 'database_id = "mine"', "d1 list"],
    ["no Durable Objects", /\[\[durable_objects[^]*?(?=\n\n\[\[migr|$)/, "", "has to bind the Dur"],
    [
      "tombstones that are soon forgotten",
      /TOMBSTONE_SECONDS = \d+/,
      "TOMBSTONE_SECONDS = 60",
      "a day or more",
    ],
    [
      "a number that is text",
      /AUTO_ARCHIVE_SECONDS = \d+/,
      'AUTO_ARCHIVE_SECONDS = "1"',
      "whole number of seconds",
    ],
    [
      "a negative number",
      /AUTO_ARCHIVE_SECONDS = \d+/,
      "AUTO_ARCHIVE_SECONDS = -1",
      "whole number of seconds",
    ],
    ...["ada lovelace", "@ada", "ada,", "https://github.com/ada", "**"].map(
      (wrong): [string, string, string, string] => [
        `“${wrong}” for people`,
        'ALLOWED_USERS = ""',
        `ALLOWED_USERS = "${wrong}"`,
        "ALLOWED_USERS has to list GitHub ids or logins",
      ],
    ),
    ["a missing var", /AUTO_ARCHIVE_SECONDS = \d+/, "", "vars.AUTO_ARCHIVE_SECONDS has to be"],
    ["a secret", "[vars]", '[vars]\nAUTH_SECRETS = "s3cret"', "AUTH_SECRETS is a secret"],
    [
      "local sign-in",
      "[vars]",
      '[vars]\nLOCAL_SIGN_IN = "true"',
      "LOCAL_SIGN_IN is for your own machine",
    ],
  ])("may not have %s", (_, from, to, told) => {
    change(file, from, to);
    const { problems } = inspect(folder);
    expect(problems).toContainEqual(expect.stringContaining(told));
    expect(problems).toContainEqual(expect.stringContaining(file));
    expect(problems.join()).not.toContain("s3cret");
  });
});

test.each<[string, string, string | RegExp, string, string]>([
  [
    "the dates of compatibility",
    PAGES,
    "2026-04-20",
    "2026-04-21",
    "compatibility_date is 2026-04-21 in",
  ],
  ["the databases’ names", COMPANION, '"ship-db"', '"other-db"', "but other-db in"],
  ["the databases’ ids", PAGES, /database_id = "0/, 'database_id = "1', "database_id is 1000"],
  [
    "what both call a var",
    COMPANION,
    /AUTO_ARCHIVE_SECONDS = \d+/,
    "AUTO_ARCHIVE_SECONDS = 9",
    "but 9 in",
  ],
  [
    "the companion’s name",
    COMPANION,
    'name = "ship-sessions"',
    'name = "other"',
    "but the companion's name is other",
  ],
  [
    "the class of an object",
    PAGES,
    'class_name = "PersonDO"',
    'class_name = "Person"',
    "The class of PERSON_DO is Person in",
  ],
  [
    "the objects that are bound",
    PAGES,
    'name = "PERSON_DO"',
    'name = "PEOPLE_DO"',
    "PEOPLE_DO is not bound",
  ],
])("tells where the two do not agree: %s", (_, file, from, to, told) => {
  change(file, from, to);
  expect(inspect(folder).problems).toContainEqual(expect.stringContaining(told));
});

test.each<[string, string, string | RegExp, string, string]>([
  ["another folder for the build", PAGES, '"public"', '"dist"', "has to be public"],
  [
    "another folder of migrations",
    COMPANION,
    '"../migrations"',
    '"migrations"',
    "has to be ../migrations",
  ],
  [
    "a GitHub that is not asked safely",
    PAGES,
    "https://github.com",
    "http://github.com",
    "https://",
  ],
  ...[
    "http://ship.example.com",
    "https://ship.example.com/",
    "https://ship.example.com/app",
    "https://Ship.example.com",
    "https://ship.example.com:443",
    "https://ada@ship.example.com",
    "https://",
    "ship.example.com",
  ].map((wrong): [string, string, string, string, string] => [
    `the address ${wrong}`,
    PAGES,
    'ORIGIN = ""',
    `ORIGIN = "${wrong}"`,
    "vars.ORIGIN has to be the address of your Ship",
  ]),
  [
    "warnings before there is anything to warn of",
    PAGES,
    /ARCHIVE_WARNING_SECONDS = \d+/,
    "ARCHIVE_WARNING_SECONDS = 9999999",
    "is more than AUTO_ARCHIVE_SECONDS",
  ],
  [
    "repairs that come too rarely",
    COMPANION,
    /REPAIR_SECONDS = \d+/,
    "REPAIR_SECONDS = 9999999",
    "from a minute to a week",
  ],
  [
    "a class that no migration makes",
    COMPANION,
    'new_sqlite_classes = ["PersonDO"]',
    "",
    "no migration makes the class PersonDO",
  ],
  [
    "a class without SQL",
    COMPANION,
    'new_sqlite_classes = ["P',
    'new_classes = ["P',
    "write new_sqlite_classes instead",
  ],
  ["one tag twice", COMPANION, 'tag = "v2"', 'tag = "v1"', "has two with the same tag"],
])("refuses %s", (_, file, from, to, told) => {
  change(file, from, to);
  expect(inspect(folder).problems).toContainEqual(expect.stringContaining(told));
});

test("follows a class that was renamed, and one that was deleted", () => {
  change(COMPANION, 'class_name = "PersonDO"', 'class_name = "Person"');
  change(PAGES, 'class_name = "PersonDO"', 'class_name = "Person"');
  const renamed = '[{ from = "PersonDO", to = "Person" }]';
  write(
    COMPANION,
    `${read(COMPANION)}\n[[migrations]]\ntag = "v3"\nrenamed_classes = ${renamed}\n`,
  );
  expect(inspect(folder).problems).toEqual([]);

  write(
    COMPANION,
    `${read(COMPANION)}\n[[migrations]]\ntag = "v4"\ndeleted_classes = ["Person"]\n`,
  );
  expect(inspect(folder).problems.join()).toContain("no migration makes the class Person.");
});

describe("a deployment", () => {
  const SECRETS = ["AUTH_SECRETS", "TOKEN_KEYS", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"];
  const ALL = [...SECRETS, "GITHUB_APP_SLUG"];

  function problemsWith(secrets: string[] | undefined, ofCompanion: string[] | null = ALL) {
    const { configs } = inspect(folder);
    return unready(configs!, secrets, ofCompanion ?? undefined);
  }

  /** What the repository's own configurations leave open. */
  function fillIn(): void {
    for (const file of [PAGES, COMPANION]) change(file, 'database_id = "0', 'database_id = "1');
    change(PAGES, 'ORIGIN = ""', 'ORIGIN = "https://ship.example.com"');
    listPeople("", "583231, 7@git.example:8443, Octo-Cat,a--b-, octo-cat_acme");
  }

  function listPeople(before: string, list: string): void {
    for (const file of [PAGES, COMPANION]) {
      change(file, `ALLOWED_USERS = "${before}"`, `ALLOWED_USERS = "${list}"`);
    }
  }

  test("is ready with a database, an address, people and every secret", () => {
    fillIn();
    expect(problemsWith(ALL)).toEqual([]);
  });

  test("may have what is no secret in the configuration", () => {
    fillIn();
    change(PAGES, "[vars]", '[vars]\nGITHUB_CLIENT_ID = "Iv1"\nGITHUB_APP_SLUG = "ship"');
    expect(problemsWith(["AUTH_SECRETS", "TOKEN_KEYS", "GITHUB_CLIENT_SECRET"])).toEqual([]);
  });

  test("wants a database of its own", () => {
    fillIn();
    for (const file of [PAGES, COMPANION]) change(file, 'database_id = "1', 'database_id = "0');
    expect(problemsWith(ALL)).toEqual([expect.stringContaining("npx wrangler d1 create ship-db")]);
  });

  test("wants people, of whom it may be anybody", () => {
    fillIn();
    listPeople("583231, 7@git.example:8443, Octo-Cat,a--b-, octo-cat_acme", "*");
    expect(problemsWith(ALL)).toEqual([]);
    listPeople("*", "");
    expect(problemsWith(ALL)).toEqual([expect.stringContaining("ALLOWED_USERS is empty")]);
  });

  test("wants an address of its own", () => {
    fillIn();
    change(PAGES, 'ORIGIN = "https://ship.example.com"', 'ORIGIN = ""');
    const told = expect.stringContaining("npx wrangler pages project list") as string;
    expect(problemsWith(ALL)).toEqual([told]);
  });

  test.each(ALL)("wants %s", (name) => {
    fillIn();
    expect(problemsWith(ALL.filter((other) => other !== name))).toEqual([
      `${name} is not set. Set it: npx wrangler pages secret put ${name}`,
    ]);
  });

  test.each([
    ["some are not set", ["TOKEN_KEYS"], ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"]],
    ["it is not there yet", null, ["TOKEN_KEYS", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"]],
  ])("wants the companion's secrets, too, where %s", (_, set, missing) => {
    fillIn();
    expect(problemsWith(ALL, set)).toEqual(
      missing.map(
        (name) =>
          `${name} is not set in the companion. Set it, the same as in the Pages project: npx wrangler secret put ${name} -c durable-objects/wrangler.toml`,
      ),
    );
  });

  test("has no sign-in by name alone", () => {
    fillIn();
    const told = expect.stringContaining("pages secret delete LOCAL_SIGN_IN") as string;
    expect(problemsWith([...ALL, "LOCAL_SIGN_IN"])).toEqual([told]);
  });

  test("wants a Pages project that can be asked", () => {
    fillIn();
    const told = expect.stringContaining("npx wrangler pages project create ship") as string;
    expect(problemsWith(undefined)).toEqual([told]);
  });
});

function read(file: string): string {
  return readFileSync(join(folder, file), "utf8");
}
