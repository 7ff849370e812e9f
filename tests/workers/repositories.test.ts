/** Which repositories a person may choose, and how few requests to GitHub that takes, however many an account has. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { findConnected, offerRepositories } from "../../app/github/repositories.server";
import { appEnv, captureLog } from "./app";

interface Repo {
  name: string;
  private?: boolean;
  archived?: boolean;
}

/** An account, its connected and its other repositories; without `selection`, it has not installed the app. */
interface Account {
  login: string;
  selection?: "all" | "selected";
  suspended?: boolean;
  connected: Repo[];
  others?: Repo[];
}

let accounts: Account[];
/** The paths of the requests to GitHub. */
let asked: string[];

beforeEach(() => {
  vi.restoreAllMocks();
  captureLog();
  accounts = [];
  asked = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((input) =>
    Promise.resolve(answer(new URL(input instanceof Request ? input.url : input))),
  );
});

/**
 * Answers as GitHub does for a user access token: everything public, and private repositories if the app is installed.
 */
function answer(url: URL): Response {
  const { pathname: path, searchParams: query } = url;
  asked.push(path);
  const installed = accounts.filter(({ selection }) => selection);
  const seen = accounts.flatMap((account) => {
    const others = (account.others ?? []).filter((repo) => !repo.private);
    return [...account.connected, ...others].map((repo) => ({ account, repo }));
  });
  if (path === "/user/installations") {
    const installations = installed.map(({ login, selection, suspended }) => ({
      id: numberOf(login),
      account: { login, id: numberOf(login) },
      repository_selection: selection,
      suspended_at: suspended ? "2026-01-01T00:00:00Z" : null,
    }));
    return Response.json({ total_count: installations.length, installations });
  }
  if (path === "/search/repositories") {
    const terms = query.get("q")!.split(" ");
    const words = terms.filter((term) => !term.includes(":"));
    const found = seen.filter(
      ({ account, repo }) =>
        terms.includes(`user:${account.login}`) &&
        words.every((word) => repo.name.split("-").includes(word)),
    );
    const items = found.slice(0, 100).map(({ account, repo }) => shown(account, repo));
    return Response.json({ total_count: found.length, items });
  }
  const [, id] = /^\/user\/installations\/(\d+)\/repositories$/.exec(path) ?? [];
  const account = installed.find(({ login }) => numberOf(login) === Number(id));
  if (account) {
    const from = (Number(query.get("page")) - 1) * 100;
    const repositories = account.connected.slice(from, from + 100);
    return Response.json({
      total_count: account.connected.length,
      repositories: repositories.map((repo) => shown(account, repo)),
    });
  }
  const named = seen.find(
    ({ account, repo }) =>
      path.toLowerCase() === `/repos/${account.login}/${repo.name}`.toLowerCase(),
  );
  if (named) return Response.json(shown(named.account, named.repo));
  return Response.json({ message: "Not Found" }, { status: 404 });
}

function shown({ login }: Account, { name, private: isPrivate = false, archived = false }: Repo) {
  const pushed = Number(/\d+$/.exec(name)?.[0] ?? 0);
  return {
    id: numberOf(`${login}/${name}`),
    owner: { login, id: numberOf(login) },
    name,
    private: isPrivate,
    archived,
    pushed_at: new Date(pushed * 1000).toISOString(),
  };
}

/** @returns a number for a name, always the same one */
function numberOf(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2 ** 40, 7);
}

function many(count: number, more: Partial<Repo> = {}): Repo[] {
  return Array.from({ length: count }, (_, index) => ({ name: `tool-${index + 1}`, ...more }));
}

const ask = (find: string) => offerRepositories(appEnv, "ghu_test", Date.now(), find);

describe("a session can be made for", () => {
  const ROOM: Pick<Account, "login" | "selection"> = { login: "Octo", selection: "selected" };
  const CASES: [string, Account, string, boolean][] = [
    [
      "a private repository that is connected",
      { ...ROOM, connected: [{ name: "cat", private: true }] },
      "octo/CAT",
      true,
    ],
    [
      "a public one of an account that has connected all of its own",
      { login: "Octo", selection: "all", connected: [{ name: "cat" }] },
      "octo/cat",
      true,
    ],
    [
      "the last of twelve hundred public ones that were selected",
      { ...ROOM, connected: [...many(1199), { name: "cat" }] },
      "octo/cat",
      true,
    ],
    [
      "no public one beside those that were selected",
      { ...ROOM, connected: [{ name: "dog" }], others: [{ name: "cat" }] },
      "octo/cat",
      false,
    ],
    [
      "no private one beside those that were selected",
      { ...ROOM, connected: [{ name: "dog" }], others: [{ name: "cat", private: true }] },
      "octo/cat",
      false,
    ],
    [
      "no public one of an account that did not install the app",
      { login: "Octo", connected: [], others: [{ name: "cat" }] },
      "octo/cat",
      false,
    ],
    [
      "none of a suspended installation",
      { login: "Octo", selection: "all", suspended: true, connected: [{ name: "cat" }] },
      "octo/cat",
      false,
    ],
    [
      "no archived one",
      { login: "Octo", selection: "all", connected: [{ name: "cat", archived: true }] },
      "octo/cat",
      false,
    ],
    ["none that does not exist", { ...ROOM, connected: [{ name: "dog" }] }, "octo/cat", false],
    ["no account", { ...ROOM, connected: [{ name: "dog" }] }, "octo/..", false],
  ];

  test.each(CASES)("%s", async (_, account, wanted, isConnected) => {
    accounts = [{ login: "other", selection: "all", connected: many(3) }, account];
    const found = await findConnected(appEnv, "ghu_test", Date.now(), wanted);
    expect(found.problem).toBeUndefined();
    expect(found.value && `${found.value.owner}/${found.value.name}`).toBe(
      isConnected ? "Octo/cat" : undefined,
    );
  });

  test("one of three thousand with two requests to GitHub", async () => {
    accounts = [{ login: "octo", selection: "all", connected: many(3000) }];
    const found = await findConnected(appEnv, "ghu_test", Date.now(), "octo/tool-17");
    expect(found.value).toEqual({ owner: "octo", name: "tool-17", isPrivate: false });
    expect(asked).toEqual(["/user/installations", "/repos/octo/tool-17"]);
  });
});

describe("what is offered", () => {
  test("is everything, if there are few", async () => {
    accounts = [
      { login: "octo", selection: "all", connected: [{ name: "old-1" }, { name: "new-9" }] },
      { login: "cat", selection: "selected", connected: [{ name: "mid-5" }], others: many(3) },
    ];
    const offered = await ask("");
    expect(offered.value?.repositories.map(({ name }) => name)).toEqual([
      "new-9",
      "mid-5",
      "old-1",
    ]);
    expect(offered.value?.complete).toBe(true);
    expect((await ask("CAT ol")).value?.repositories).toEqual([]);
    expect((await ask("OCTO ol")).value?.repositories).toHaveLength(1);
  });

  test("of three thousand are a hundred, and others are found by searching", async () => {
    accounts = [{ login: "octo", selection: "all", connected: [...many(3000), { name: "ship" }] }];
    const { value } = await ask("");
    expect(value?.repositories).toHaveLength(100);
    expect(value?.complete).toBe(false);
    expect(asked).toHaveLength(3);

    for (const find of ["ship", "octo/ship"]) {
      const found = (await ask(find)).value?.repositories;
      expect(found, find).toEqual([{ owner: "octo", name: "ship", isPrivate: false }]);
    }
    expect((await ask("nothing")).value?.repositories).toEqual([]);
  });

  test("is never a repository that the person can see, but has not connected", async () => {
    const others = [{ name: "ship" }];
    accounts = [
      { login: "octo", selection: "selected", connected: many(2500), others },
      { login: "stranger", connected: [], others },
    ];
    for (const find of ["ship", "octo/ship", "stranger/ship"]) {
      expect((await ask(find)).value?.repositories, find).toEqual([]);
    }
  });

  test("costs fewer than fifty requests, whatever is connected", async () => {
    accounts = Array.from({ length: 30 }, (_, index) => ({
      login: `octo${index}`,
      selection: "selected" as const,
      connected: many(1000),
    }));
    expect((await ask("octo25/tool-3")).value?.repositories).toHaveLength(1);
    expect(asked.length).toBeLessThan(50);
  });
});

test("all calls to GitHub of one request together may take six seconds", async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(
    (_, init) =>
      new Promise((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
      }),
  );
  const began = Date.now() - 5_990; // so long has it been asked for something else
  const offered = await offerRepositories(appEnv, "ghu_test", began, "");
  expect(offered.problem).toBe("unavailable");
  expect(Date.now() - began).toBeLessThan(8_000);
});
