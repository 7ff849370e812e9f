import { describe, expect, test } from "vitest";
import { sessionName } from "../../app/sessions/protocol/session";
import { titleOfTask, titleProblem } from "../../app/sessions/protocol/title";
import { utf8Bytes } from "../../app/sessions/protocol/budgets";
import { checkFields } from "../../app/platform/http/form.server";
import { renameInput } from "../../app/sessions/lifecycle/lifecycle-input.server";

const TOO_LONG = "A title has at most 120 characters.";
const FAMILY = "👨‍👩‍👧‍👦";

describe("the title of a task", () => {
  test.each([
    ["Fix the login", "Fix the login"],
    ["  Fix\tthe   login  \nand then the rest", "Fix the login"],
    ["\r\n\r\n---\r\n# Fix the **login**\r\nToday", "Fix the login"],
    ["> - [ ] Fix `login()` of [the app](https://example.com/a_b)", "Fix login() of the app"],
    ["1. ~~Guess~~ _measure_ the *list*", "Guess measure the list"],
    ["![a picture](shot.png) is wrong", "a picture is wrong"],
    ["```ts\nconst a = 1;\n```", "const a = 1;"],
    ["rename snake_case_name to 2 * 3 * 4", "rename snake_case_name to 2 * 3 * 4"],
    ["אבג fix דהו", "אבג fix דהו"],
    ["a\u202eb\u0007c", "a b c"],
    ["...\n***\n🚀\n", null],
    ["", null],
  ])("%j is %j", (task, title) => {
    expect(titleOfTask(task)).toBe(title);
  });

  test("is cut at a word, to 80 characters as people count them", () => {
    expect(titleOfTask("word ".repeat(16).trim())).toBe("word ".repeat(16).trim());
    expect(titleOfTask("word ".repeat(20))).toBe(`${"word ".repeat(15)}word…`);
    expect(titleOfTask("x".repeat(200))).toBe(`${"x".repeat(79)}…`);
    const families = titleOfTask(`a${FAMILY.repeat(80)}`)!;
    expect(families.endsWith(`${FAMILY}…`)).toBe(true);
    expect(titleProblem(families)).toBeUndefined();
  });

  test.each([
    "*".repeat(32_768),
    "[".repeat(32_768),
    `a${" _b".repeat(10_000)}`,
    "`a".repeat(16_000),
  ])("is read at once from what is made to be slow: %#", (task) => {
    expect(utf8Bytes(titleOfTask(task) ?? "")).toBeLessThan(1_001);
  });
});

describe("the name of a session in a plain text", () => {
  const named = (heading: string | null) =>
    sessionName({ heading, repo_owner: "octo", repo_name: "cat" });

  test("is its title, or its repository", () => {
    expect(named("Fix the login")).toBe("Fix the login");
    expect(named(null)).toBe("octo/cat");
  });

  test.each(["אבג", "see אבג.", "مرحبا", "𞤀𞤣"])(
    "does not turn the words beside it: %s",
    (title) => {
      expect(named(title)).toBe(`\u2068${title}\u2069`);
    },
  );
});

describe("the form that renames a session", () => {
  test.each([
    ["Fix the login", "Fix the login"],
    ["  Fix \t the\r\nlogin ", "Fix the login"],
    ["", ""],
    ["   ", ""],
    ["x".repeat(120), "x".repeat(120)],
    ["é".repeat(120), "é".repeat(120)],
    [FAMILY.repeat(40), FAMILY.repeat(40)],
  ])("takes %j", (title, taken) => {
    expect(checkFields(renameInput, { title }).values).toEqual({ title: taken });
  });

  test.each([
    ["x".repeat(121), TOO_LONG],
    [FAMILY.repeat(41), TOO_LONG],
    ["x".repeat(1_000_000), TOO_LONG],
    ["a\u0000b", "A title has no control characters."],
    ["a\u001bb", "A title has no control characters."],
    ["a\u202eb", "A title has no control characters."],
  ])("refuses %#", (title, error) => {
    expect(checkFields(renameInput, { title }).errors).toEqual({ title: error });
  });
});
