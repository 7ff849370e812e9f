import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { branchProblem } from "../../app/sessions/protocol/branch";

const GOOD = [
  "main",
  "fix/the-thing",
  "v1.2",
  "a",
  "ü/é",
  "@a",
  "a@b",
  "a-",
  "x".repeat(200),
  "HEADs",
];
const BAD = [
  ...["a b", "a\tb", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a\u007fb"],
  ...["a..b", "a@{b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b"],
  ...["-a", "@", "HEAD"],
];

test.each(GOOD)("a branch can be called %s", (branch) => {
  expect(branchProblem(branch)).toBeUndefined();
});

test.each(BAD)("a branch cannot be called %j, and the reason is said", (branch) => {
  expect(branchProblem(branch)).toMatch(/^(A|No part of a) branch .*\.$/);
});

test("a branch of more than 200 bytes is refused", () => {
  expect(branchProblem("é".repeat(101))).toBe("A branch has at most 200 bytes.");
});

test.runIf(spawnSync("git", ["--version"]).status === 0)("git sees it the same way", () => {
  const allows = (branch: string) =>
    spawnSync("git", ["check-ref-format", "--branch", branch]).status === 0;
  expect(GOOD.filter((branch) => !allows(branch))).toEqual([]);
  // As a name on the command line, git takes "@" for HEAD.
  expect(BAD.filter(allows)).toEqual(["@"]);
});
