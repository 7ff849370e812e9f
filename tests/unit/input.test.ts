import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFields } from "../../app/platform/http/form.server";
import { MESSAGE_BYTES } from "../../app/sessions/protocol/budgets";
import {
  parseAfter,
  parseBefore,
  parseNumber,
  parseSessionId,
} from "../../app/sessions/session-input.server";
import { reportInput } from "../../app/sessions/agents/agent-api.server";
import { tokenInput } from "../../app/sessions/agents/agent-tokens.server";
import { messageInput } from "../../app/sessions/conversation/messages.server";
import { parseStatusChange } from "../../app/sessions/lifecycle/lifecycle-input.server";
import { createInput } from "../../app/sessions/lifecycle/lifecycle-input.server";
import { formatCursor, parseCursor } from "../../app/sessions/list/list-input.server";
import { parseListView } from "../../app/sessions/list/list-input.server";
import type { ListView } from "../../app/sessions/list/list-view";
import { thrownBy } from "./support";

const KEY = "0b7f3f0e-3f0c-4c65-9a53-3d3f4f8a1f10";
const RIGHT = { key: KEY, repoOwner: "remix-run", repoName: "remix" };

const OWNER_MISSING = "Enter the repository’s owner.";
const OWNER_LONG = "An owner has at most 39 characters.";
const OWNER_SHAPE = "An owner has letters, digits and hyphens, and does not begin with a hyphen.";
const NAME_MISSING = "Enter the repository’s name.";
const NAME_LONG = "A repository name has at most 100 characters.";
const NAME_SHAPE = "A repository name has letters, digits, “.”, “_” and “-” only.";
const NAME_DOTS = "A repository cannot be called “.” or “..”.";
const NAME_GIT = "Leave out the “.git” ending.";
const FORM_INCOMPLETE = "The form was incomplete. Send it again.";

/** Invalid names that look valid, for owners and repositories alike. */
const NO_NAMES = [
  ["two words", "two words"],
  ["a slash", "remix-run/remix"],
  ["a backslash", "remix\\run"],
  ["a pasted URL", "https://github.com/remix-run/remix"],
  ["an emoji", "remix🚀"],
  ["an accent", "rémix"],
  ["a letter that only looks Latin", "rеmix"],
  ["a letter that folds to a Latin one", "\u212Aernel"],
  ["right-to-left text", "ריפו"],
  ["a right-to-left mark", "\u200Fremix"],
  ["a right-to-left override", "remix\u202Enur"],
  ["a zero-width space", "re\u200Bmix"],
  ["a null byte", "remix\0"],
  ["a line break", "remix\nrun"],
  ["a percent-encoded slash", "remix%2Frun"],
] as const;

describe("the create form", () => {
  test.each([
    ["remix-run", "remix-run"],
    ["  remix-run\t\n", "remix-run"],
    ["a", "a"],
    ["7", "7"],
    ["A-1-b-2", "A-1-b-2"],
    ["a--b", "a--b"],
    ["a-", "a-"],
    ["octo-cat_acme", "octo-cat_acme"],
    ["o".repeat(39), "o".repeat(39)],
    [` ${"o".repeat(39)} `, "o".repeat(39)],
  ])("takes %j as owner", (typed, taken) => {
    expect(checkFields(createInput, { ...RIGHT, repoOwner: typed }).values?.repoOwner).toBe(taken);
  });

  test.each([
    ["nothing", "", OWNER_MISSING],
    ["spaces", " \t\u00A0", OWNER_MISSING],
    ["40 characters", "o".repeat(40), OWNER_LONG],
    ["1 MB", "o".repeat(2 ** 20), OWNER_LONG],
    ["a leading hyphen", "-a", OWNER_SHAPE],
    ["a hyphen alone", "-", OWNER_SHAPE],
    ["a leading underscore", "_a", OWNER_SHAPE],
    ["a trailing underscore", "a_", OWNER_SHAPE],
    ["two underscores", "a_b_c", OWNER_SHAPE],
    ["a dot", "a.b", OWNER_SHAPE],
    ...NO_NAMES.map(([what, typed]) => [what, typed, OWNER_SHAPE]),
  ])("tells what is wrong with an owner of %s", (_, typed, told) => {
    const checked = checkFields(createInput, { ...RIGHT, repoOwner: typed });
    expect(checked.errors).toEqual({ repoOwner: told });
  });

  test.each([
    ["remix", "remix"],
    [" remix ", "remix"],
    ["x", "x"],
    ["0", "0"],
    ["_", "_"],
    ["-", "-"],
    [".github", ".github"],
    ["...", "..."],
    ["git", "git"],
    ["a.git.b", "a.git.b"],
    ["legit", "legit"],
    ["A_b-C.d", "A_b-C.d"],
    ["n".repeat(100), "n".repeat(100)],
  ])("takes %j as repository name", (typed, taken) => {
    expect(checkFields(createInput, { ...RIGHT, repoName: typed }).values?.repoName).toBe(taken);
  });

  test.each([
    ["nothing", "", NAME_MISSING],
    ["spaces", " \r\n", NAME_MISSING],
    ["101 characters", "n".repeat(101), NAME_LONG],
    ["a dot", ".", NAME_DOTS],
    ["two dots", " .. ", NAME_DOTS],
    ["the .git ending", "remix.git", NAME_GIT],
    ["the .git ending in another case", "remix.GiT", NAME_GIT],
    [".git alone", ".git", NAME_GIT],
    ...NO_NAMES.map(([what, typed]) => [what, typed, NAME_SHAPE]),
  ])("tells what is wrong with a repository name of %s", (_, typed, told) => {
    const checked = checkFields(createInput, { ...RIGHT, repoName: typed });
    expect(checked.errors).toEqual({ repoName: told });
  });

  test.each([
    ["missing", {}],
    ["empty", { key: "" }],
    ["no UUID", { key: "1" }],
    ["a UUID and more", { key: `${KEY}\n` }],
  ])("asks to send it again where its key is %s", (_, key) => {
    const { repoOwner, repoName } = RIGHT;
    const checked = checkFields(createInput, { repoOwner, repoName, ...key });
    expect(checked.errors).toEqual({ key: FORM_INCOMPLETE });
  });

  test("tells every field that is missing", () => {
    expect(checkFields(createInput, {}).errors).toEqual({
      key: FORM_INCOMPLETE,
      repoOwner: OWNER_MISSING,
      repoName: NAME_MISSING,
    });
  });

  test("takes exactly the owners that GitHub's rules allow", () => {
    const nearlyOwners = fc.string({ unit: fc.constantFrom("a", "Z", "0", "-", "_", " ", "é") });
    fc.assert(
      fc.property(fc.oneof(nearlyOwners, hyphenated(45)), (typed) => {
        const checked = checkFields(createInput, { ...RIGHT, repoOwner: typed });
        expect(checked.values?.repoOwner).toBe(
          isGitHubOwner(typed.trim()) ? typed.trim() : undefined,
        );
      }),
    );
  });

  test("takes exactly the repository names that GitHub's rules allow", () => {
    const nearlyNames = fc.string({
      unit: fc.constantFrom("a", "Z", "0", "-", "_", ".", "/", "é"),
    });
    const endings = fc.constantFrom("", ".git", ".GIT", "git", ".gi");
    fc.assert(
      fc.property(nearlyNames, endings, (start, ending) => {
        const typed = start + ending;
        const checked = checkFields(createInput, { ...RIGHT, repoName: typed });
        expect(checked.values?.repoName).toBe(isGitHubRepository(typed) ? typed : undefined);
      }),
    );
  });
});

describe("the composer", () => {
  test.each([
    ["spaces and lines around it", "  Hello\n\tthere \n"],
    ["right-to-left text and emoji", "שלום 🚀"],
    ["32 KiB of letters", "x".repeat(MESSAGE_BYTES)],
    ["32 KiB of emoji", "🚀".repeat(MESSAGE_BYTES / 4)],
  ])("keeps a message of %s as it is", (_, text) => {
    expect(checkFields(messageInput, { key: KEY, text }).values).toEqual({ key: KEY, text });
  });

  test.each([
    ["no text", undefined, FORM_INCOMPLETE],
    ["an empty text", "", "Write a message first."],
    ["white space", " \r\n\t", "Write a message first."],
    ["more than 32 KiB", "x".repeat(MESSAGE_BYTES + 1), "A message has at most 32 KiB."],
    [
      "more than 32 KiB in fewer characters",
      `${"🚀".repeat(MESSAGE_BYTES / 4)}x`,
      "A message has at most 32 KiB.",
    ],
  ])("refuses a message of %s", (_, text, told) => {
    const checked = checkFields(messageInput, { key: KEY, ...(text !== undefined && { text }) });
    expect(checked.errors).toEqual({ text: told });
  });

  test("asks to send a message again that came without a proper key", () => {
    const checked = checkFields(messageInput, { key: "1", text: "Hello" });
    expect(checked.errors).toEqual({ key: FORM_INCOMPLETE });
  });
});

describe("an agent's report", () => {
  test.each([
    { text: "Done." },
    { status: "working" },
    { text: " Done.\n", status: "done", key: "a key with spaces" },
    { status: "failed", key: "k".repeat(200) },
    { text: "x".repeat(MESSAGE_BYTES) },
    { title: "Fix the login" },
    { title: "Fix the login", status: "working" },
  ])("is taken as it is: %#", (report) => {
    expect(reportInput.safeParse(report).data).toEqual(report);
  });

  test("takes only what it knows", () => {
    const report = reportInput.safeParse({ status: "done", intent: "archive", role: "user" });
    expect(report.data).toEqual({ status: "done" });
  });

  const STATUS_WRONG = "A status is working, waiting, done or failed.";
  test.each([
    [{}, "Send a text, a status, a title or an item."],
    [{ key: "1" }, "Send a text, a status, a title or an item."],
    [{ text: "" }, "Write a message first."],
    [{ text: "", status: "done" }, "Write a message first."],
    [{ text: "x".repeat(MESSAGE_BYTES + 1) }, "A message has at most 32 KiB."],
    [{ status: "silent" }, STATUS_WRONG],
    [{ status: null }, STATUS_WRONG],
    [{ status: "done", key: "" }, "A key has at least one character."],
    [{ status: "done", key: "k".repeat(201) }, "A key has at most 200 characters."],
    [{ status: "done", key: 1 }, "A key is text."],
    [{ text: 1 }, "A text is text."],
    [{ title: 1 }, "A title is text."],
    [{ title: " \n" }, "A title has at least one character."],
    [{ title: "x".repeat(121), status: "done" }, "A title has at most 120 characters."],
    [[], "A report is an object."],
    [null, "A report is an object."],
    ["done", "A report is an object."],
  ])("is told what is wrong with it: %#", (report, told) => {
    expect(reportInput.safeParse(report).error?.issues[0]?.message).toBe(told);
  });
});

describe("the form that makes a token", () => {
  test("takes a name without the space around it", () => {
    expect(checkFields(tokenInput, { key: KEY, name: " My bot " }).values?.name).toBe("My bot");
    const longest = "🚀".repeat(30);
    expect(checkFields(tokenInput, { key: KEY, name: longest }).values?.name).toBe(longest);
  });

  test.each([
    [{ key: KEY }, { name: "Name the agent." }],
    [{ key: KEY, name: " \t" }, { name: "Name the agent." }],
    [{ key: KEY, name: "n".repeat(61) }, { name: "A name has at most 60 characters." }],
    [{ key: "1", name: "Bot" }, { key: FORM_INCOMPLETE }],
  ])("tells what is wrong with it: %#", (typed: Record<string, string>, told) => {
    expect(checkFields(tokenInput, typed).errors).toEqual(told);
  });

  test.each([undefined, "", "0", "-1", "01", "1.5", "x", "9".repeat(16)])(
    "is not revoked by the number %j",
    async (number) => {
      expect((await thrownBy(() => parseNumber(number))).status).toBe(400);
    },
  );
});

describe("a session's id", () => {
  test("is read in any case", () => {
    expect(parseSessionId(KEY.toUpperCase())).toBe(KEY);
  });

  test.each([undefined, null, "", "1", "..", KEY.slice(1), `${KEY}0`, `${KEY}\n`, `{${KEY}}`])(
    "of %j is answered as a session that does not exist",
    async (id) => {
      const answer = await thrownBy(() => parseSessionId(id));
      expect(answer.status).toBe(404);
      expect(await answer.text()).toBe("This session does not exist, or it is not yours.");
    },
  );
});

describe("what a list shows", () => {
  const PLAIN = { status: "active", words: [], repo: null, idle: null, sort: "activity" };

  test.each([
    ["", {}],
    ["status=active", {}],
    ["status=archived", { status: "archived" }],
    ["status=all", { status: "all" }],
    ["q=remix", { words: ["remix"] }],
    ["q=+Remix-Run%2F+%09STACK+remix-run%2F", { words: ["remix-run/", "stack"] }],
    ["q=%25_%27", { words: ["%_'"] }],
    ["q=", {}],
    ["q=++", {}],
    [`q=${"a".repeat(150)}`, { words: ["a".repeat(150)] }],
    ["repo=Remix-Run/remix", { repo: "Remix-Run/remix" }],
    ["repo=a--b-/remix", { repo: "a--b-/remix" }],
    ["idle=7", { idle: 7 }],
    ["idle=30&status=active", { idle: 30 }],
    ["status=needs-you&q=cat&repo=a/b", { status: "needs-you", words: ["cat"], repo: "a/b" }],
    ["sort=activity", {}],
    ["sort=created", { sort: "created" }],
    ["sort=repository", { sort: "repository" }],
  ])("is taken from “?%s”", (query, view) => {
    expect(parseListView(new URLSearchParams(query))).toEqual({ ...PLAIN, ...view });
  });

  const STATUS = "The list can show sessions that need you, active ones, archived ones or all.";
  const IDLE = "The list can show sessions that have been idle for 7, 14 or 30 days.";
  const SORT = "The list can be sorted by last activity, by creation or by repository.";
  const REPOSITORY = "The repository in this link is none: it should look like “owner/name”.";
  test.each([
    ...["", "deleted", "Active", "active ", "__proto__"].map((text) => ["status", text, STATUS]),
    ...["", "0", "8", "-7", "7.0", "07", "week"].map((text) => ["idle", text, IDLE]),
    ...["", "Created", "id", "__proto__"].map((text) => ["sort", text, SORT]),
    ...["", "remix", "/", "a/", "/b", "a/b/c", "a b/c", "-a/b", "a/b.git", "a/.."].map((text) => [
      "repo",
      text,
      REPOSITORY,
    ]),
    ["q", "a".repeat(151), "A search has at most 150 characters."],
    ["q", "a b c d e f g h i", "A search has at most 8 words."],
  ])("is refused where “%s” is %j", async (name, text, told) => {
    const query = new URLSearchParams([[name, text]]);
    const answer = await thrownBy(() => parseListView(query));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(told);
  });

  test("is refused where sessions that need the owner should be in another order", async () => {
    const query = new URLSearchParams({ status: "needs-you", sort: "created" });
    const answer = await thrownBy(() => parseListView(query));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe("Sessions that need you are sorted by last activity.");
  });

  test.each(["needs-you", "archived", "all"])(
    "is refused where %s sessions should be idle",
    async (status) => {
      const query = new URLSearchParams({ status, idle: "7" });
      const answer = await thrownBy(() => parseListView(query));
      expect(await answer.text()).toBe("Only active sessions can be idle.");
    },
  );
});

describe("a place in the list", () => {
  const BY_TIME: ListView = {
    status: "active",
    words: [],
    repo: null,
    idle: null,
    sort: "activity",
  };
  const BY_REPOSITORY: ListView = { ...BY_TIME, sort: "repository" };

  test("survives being a link", () => {
    const cursors = fc.record({
      direction: fc.constantFrom("older" as const, "newer" as const),
      time: fc.nat(999_999_999_999_999),
      id: fc.uuid(),
      repo: fc.option(fc.constantFrom("a/b", "remix-run/.remix.js", "a/...", "o/_.-"), {
        nil: undefined,
      }),
    });
    fc.assert(
      fc.property(cursors, (cursor) => {
        const link = new URL(
          `/?${new URLSearchParams({ cursor: formatCursor(cursor) })}`,
          "http://a",
        );
        const view = cursor.repo === undefined ? BY_TIME : BY_REPOSITORY;
        expect(parseCursor(link.searchParams.get("cursor"), view)).toEqual(cursor);
      }),
    );
  });

  test("is the beginning where the link names none", () => {
    expect(parseCursor(null, BY_TIME)).toBeUndefined();
  });

  test.each([
    "",
    "older",
    "older.1",
    `1.${KEY}`,
    `older..${KEY}`,
    `Older.1.${KEY}`,
    `older.-1.${KEY}`,
    `older.1e3.${KEY}`,
    `older.1.${KEY}0`,
    `older.1.${KEY}.`,
    `newer.1.${KEY}\n`,
    `older.${"9".repeat(16)}.${KEY}`, // Too large for a database.
  ])("of %j is refused", (cursor) => refusesCursor(cursor, BY_TIME));

  test("is refused in a list of another order", async () => {
    await refusesCursor(`older.1.${KEY}.a/b`, BY_TIME);
    await refusesCursor(`older.1.${KEY}`, BY_REPOSITORY);
    await refusesCursor(`older.1.${KEY}.a/b`, { ...BY_REPOSITORY, repo: "a/b" });
  });

  async function refusesCursor(cursor: string, view: ListView) {
    const answer = await thrownBy(() => parseCursor(cursor, view));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe("This link to a part of the list is damaged.");
  }
});

describe("a place in a conversation", () => {
  test.each([
    [null, undefined],
    ["1", 1],
    ["31", 31],
    ["9".repeat(15), 999_999_999_999_999],
  ])("of %j is before message %j", (before, id) => {
    expect(parseBefore(before)).toBe(id);
  });

  test.each([
    [null, undefined],
    [undefined, undefined],
    ["0", 0],
    ["31", 31],
  ])("of %j is after message %j", (after, id) => {
    expect(parseAfter(after)).toBe(id);
  });

  test.each(["", "-1", "00", "1.5", "x", "9".repeat(16)])("after %j is refused", async (after) => {
    expect((await thrownBy(() => parseAfter(after))).status).toBe(400);
  });

  test.each(["", "0", "-1", "1.5", "1e3", "01", " 1", "1\n", "x", "9".repeat(16)])(
    "of %j is refused",
    async (before) => {
      const answer = await thrownBy(() => parseBefore(before));
      expect(answer.status).toBe(400);
      expect(await answer.text()).toBe("This link to a part of the conversation is damaged.");
    },
  );
});

describe("a button that changes a session's status", () => {
  test.each(["archive", "restore", "keep"])("says %s and which session", (change) => {
    expect(parseStatusChange(`${change}:${KEY}`)).toEqual({ change, id: KEY });
  });

  test.each([undefined, "", "archive", "delete:", `delete:${KEY}`, `Archive:${KEY}`, `:${KEY}`])(
    "of %j is refused",
    async (intent) => {
      const answer = await thrownBy(() => parseStatusChange(intent));
      expect(answer.status).toBe(400);
      expect(await answer.text()).toBe("This page does not know that intent.");
    },
  );

  test.each(["archive:", "archive:1", `keep:${KEY}\n`, `restore:${KEY}:${KEY}`])(
    "of %j names no session",
    async (intent) => {
      expect((await thrownBy(() => parseStatusChange(intent))).status).toBe(404);
    },
  );
});

/** Letters with random hyphens, around the longest length that is allowed. */
function hyphenated(maxLength: number): fc.Arbitrary<string> {
  const unit = fc.oneof({ weight: 9, arbitrary: fc.constant("x") }, fc.constant("-"));
  return fc.string({ unit, minLength: 30, maxLength });
}

function isGitHubOwner(name: string): boolean {
  const [own = "", ofCompany, ...more] = name.split("_");
  if (name.length > 39 || own === "" || own.startsWith("-") || more.length > 0) return false;
  return (
    isMadeOf(`${ALPHANUMERIC}-`, own) && ofCompany !== "" && isMadeOf(ALPHANUMERIC, ofCompany ?? "")
  );
}

function isGitHubRepository(name: string): boolean {
  if (name === "" || name === "." || name === "..") return false;
  if (name.length > 100 || name.toLowerCase().endsWith(".git")) return false;
  return isMadeOf(`${ALPHANUMERIC}._-`, name);
}

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function isMadeOf(alphabet: string, text: string): boolean {
  return [...text].every((character) => alphabet.includes(character));
}
