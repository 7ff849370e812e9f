import { expect, test } from "vitest";
import {
  parseRepositoryLink,
  repositorySearch,
  splitRepositoryFields,
} from "../../app/sessions/lifecycle/repository-link";

const GITHUB = "https://github.com";

test.each([
  "octo/cat",
  " octo/cat ",
  "octo/cat/",
  "octo/cat.git",
  "https://github.com/octo/cat",
  "http://github.com/octo/cat",
  "HTTPS://GitHub.com/octo/cat",
  "https://www.github.com/octo/cat",
  "github.com/octo/cat",
  "https://github.com/octo/cat/",
  "https://github.com/octo/cat.git",
  "https://github.com/octo/cat?tab=readme-ov-file",
  "https://github.com/octo/cat#readme",
  "https://github.com/octo/cat/tree/main",
  "https://github.com/octo/cat/tree/fix/the-thing",
  "https://github.com/octo/cat/blob/main/src/index.ts#L10-L20",
  "https://github.com/octo/cat/pull/17/files?diff=split",
  "https://github.com/octo/cat/issues/17#issuecomment-1",
  "git@github.com:octo/cat.git",
  "git@github.com:octo/cat",
  "ssh://git@github.com/octo/cat.git",
  "https://token@github.com/octo/cat.git",
])("%s is octo/cat", (text) => {
  expect(parseRepositoryLink(text, GITHUB)).toMatchObject({ owner: "octo", name: "cat" });
  expect(repositorySearch(text, GITHUB)).toBe("octo/cat");
});

test.each([
  ["https://github.com/octo/cat/tree/main", "main"],
  ["https://github.com/octo/cat/tree/fix/the-thing/", "fix/the-thing"],
  ["github.com/octo/cat/tree/fix%23one?tab=readme#top", "fix#one"],
  ["https://github.com/octo/cat/tree/100%", "100%"],
  ["https://github.com/octo/cat/tree/", undefined],
  ["https://github.com/octo/cat/blob/main/a.ts", undefined],
])("%s shows the branch %s", (text, branch) => {
  expect(parseRepositoryLink(text, GITHUB)).toEqual({ owner: "octo", name: "cat", branch });
});

test.each([
  "",
  "octo",
  "/",
  "octo/",
  "/cat",
  "octo/cat/tree",
  "https://github.com",
  "https://github.com/octo",
  "https://gitlab.com/octo/cat",
  "https://github.com.evil.example/octo/cat",
  "git@gitlab.com:octo/cat.git",
  "fix the bug in octo/cat/src/index.ts",
])("“%s” is no address of a repository, and searched for as it is", (text) => {
  expect(parseRepositoryLink(text, GITHUB)).toBeUndefined();
  expect(repositorySearch(text, GITHUB)).toBe(text);
});

test.each(["a.".repeat(130_000), "a@".repeat(130_000), "a/".repeat(130_000)])(
  "what is far too long is refused at once",
  (text) => {
    expect(parseRepositoryLink(text, GITHUB)).toBeUndefined();
  },
);

test("an Enterprise Server's addresses are read where it is the GitHub of this Ship, and no others", () => {
  const server = "https://github.example.com:8443";
  const cat = { owner: "octo", name: "cat" };
  expect(parseRepositoryLink("https://github.example.com:8443/octo/cat", server)).toEqual(cat);
  expect(parseRepositoryLink("git@github.example.com:octo/cat.git", server)).toEqual(cat);
  expect(parseRepositoryLink("https://github.com/octo/cat", server)).toBeUndefined();
});

test.each([
  [{ repoOwner: "octo/cat" }, { repoOwner: "octo", repoName: "cat" }],
  [{ repoName: "github.com/octo/cat" }, { repoOwner: "octo", repoName: "cat" }],
  [
    { key: "1", repoOwner: "other", repoName: "octo/cat" },
    { key: "1", repoOwner: "octo", repoName: "cat" },
  ],
  [
    { repoOwner: "https://github.com/octo/cat/tree/main", branch: " " },
    { repoOwner: "octo", repoName: "cat", branch: "main" },
  ],
  [
    { repoOwner: "https://github.com/octo/cat/tree/main", branch: "dev" },
    { repoOwner: "octo", repoName: "cat", branch: "dev" },
  ],
  [
    { repoOwner: "octo", repoName: "cat" },
    { repoOwner: "octo", repoName: "cat" },
  ],
  [
    { repoOwner: "https://gitlab.com/octo/cat", repoName: "" },
    { repoOwner: "https://gitlab.com/octo/cat", repoName: "" },
  ],
])("the fields %o are %o", (typed, split) => {
  expect(splitRepositoryFields(typed, GITHUB)).toEqual(split);
});
