import type { Installation } from "../support/github.mjs";
import {
  answerGitHub,
  askedFor,
  continueWithGitHub,
  countTokens,
  putPerson,
  revokeAccess,
  signInWithGitHub,
} from "../support/github";
import { rowOf } from "../support/pages";
import { CONNECTED, GITHUB, urlOf } from "../support/servers";
import { expect, test } from "../support/test";

test.use({ baseURL: urlOf(CONNECTED) });

const SHIP: Installation = { account: "octo-org", repositories: [{ name: "ship" }] };

/** @returns repositories named many-0, many-1 and so on, each pushed to later than the one before */
function many(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    name: `many-${index}`,
    pushed_at: new Date(Date.UTC(2025, 0, 1) + index * 1000).toISOString(),
  }));
}

test.describe("signing in", () => {
  test("leads through GitHub back to where the person wanted to go", async ({ page }) => {
    const login = await putPerson({ name: "Octo Cat" });

    await page.goto("/dashboard?status=archived");
    await continueWithGitHub(page, login);

    await expect(page).toHaveURL("/dashboard?status=archived");
    await expect(page.getByRole("link", { name: "Octo Cat" })).toBeVisible();
  });

  test("is not done where the person says no", async ({ page }) => {
    const login = await putPerson({});

    await page.goto("/login");
    await continueWithGitHub(page, login, "Cancel");
    await expect(page.getByRole("alert")).toContainText("You did not let Ship see who you are");

    await page.goto("/dashboard");
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  });

  test("is not done for a return that this browser did not begin", async ({ page }) => {
    await page.goto("/login/callback?code=somebody-elses&state=somebody-elses");
    await expect(page.getByRole("alert")).toContainText("was not begun in this browser");
  });

  test("is done once for one return", async ({ page }) => {
    const returned = page.waitForRequest(/\/login\/callback/);
    await signInWithGitHub(page, {});

    await page.goto((await returned).url());
    await expect(page.getByRole("alert")).toContainText("was finished before");
    await page.goto("/dashboard");
    await expect(page.getByRole("heading", { name: "Sessions" })).toBeVisible();
  });

  test("is not done with a code that GitHub does not know", async ({ page }) => {
    await page.goto("/login");
    await page.getByRole("button", { name: "Continue with GitHub" }).click();
    await page.getByRole("heading", { name: "Authorize Ship" }).waitFor();
    const state = new URL(page.url()).searchParams.get("state");

    await page.goto(`/login/callback?code=made-up&state=${state}`);
    await expect(page.getByRole("alert")).toContainText("GitHub did not accept this sign-in");
  });

  for (const fault of ["down", "slow", "limited"] as const) {
    test(`says so where GitHub is ${fault}, and works when it is back`, async ({ page }) => {
      const login = await putPerson({ fault });
      await page.goto("/login");
      await continueWithGitHub(page, login);
      await expect(page.getByRole("alert")).toContainText("GitHub did not answer");

      await putPerson({ fault: null }, login);
      await continueWithGitHub(page, login);
      await expect(page.getByRole("heading", { name: "Sessions" })).toBeVisible();
    });
  }

  test("puts no token of GitHub's into the browser", async ({ page, context }) => {
    await signInWithGitHub(page, { installations: [SHIP] });
    await page.goto("/dashboard/new");

    const cookies = await context.cookies();
    const held = cookies.map(({ value }) => Buffer.from(decodeURIComponent(value), "base64"));
    expect(held.length).toBeGreaterThan(0);
    expect(held.join()).not.toMatch(/gh[ur]_/);
    expect(await page.content()).not.toMatch(/gh[ur]_/);
  });

  test("ends in every browser by “Sign out everywhere”", async ({ page, browser, baseURL }) => {
    const login = await signInWithGitHub(page, {});
    const elsewhere = await browser.newPage({ baseURL: baseURL ?? "" });
    await elsewhere.goto("/login");
    await continueWithGitHub(elsewhere, login);

    await page.goto("/account");
    await expect(page.getByText("signed in with 2 browsers")).toBeVisible();
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();

    await elsewhere.goto("/dashboard");
    await expect(elsewhere.getByRole("heading", { name: "Sign in" })).toBeVisible();
    await elsewhere.close();
  });
});

test.describe("picking a repository", () => {
  test("offers all that are connected, newest push first, and no others", async ({ page }) => {
    const repositories = many(90);
    await signInWithGitHub(page, {
      installations: [
        {
          account: "octo-org",
          repositories: [
            { name: "secret", private: true, pushed_at: "2026-02-01T00:00:00Z" },
            { name: "old", archived: true, pushed_at: "2026-04-01T00:00:00Z" },
            { name: "empty", pushed_at: null },
            ...repositories,
          ],
        },
        {
          account: "octocat",
          repositories: [{ name: "own", pushed_at: "2026-03-01T00:00:00Z" }],
        },
        { account: "gone", suspended: true, repositories: [{ name: "away" }] },
      ],
    });
    await page.getByRole("link", { name: "New session" }).click();

    const offered = page.getByRole("group", { name: "Repository" }).getByRole("listitem");
    await expect(offered).toHaveCount(93);
    await expect(offered.nth(0)).toHaveText("octocat/own");
    await expect(offered.nth(1)).toHaveText("octo-org/secretprivate");
    await expect(offered.nth(2)).toHaveText("octo-org/many-89");
    await expect(offered.last()).toHaveText("octo-org/empty");
    await expect(page.getByRole("link", { name: "Connect more repositories" })).toHaveAttribute(
      "href",
      `${GITHUB}/apps/ship/installations/new`,
    );
  });

  test("narrows the list as one types, and keeps what was picked @js", async ({ page }) => {
    const repositories = ["ship", "shore", "docs"].map((name) => ({ name }));
    await signInWithGitHub(page, { installations: [{ account: "octo-org", repositories }] });
    await page.getByRole("link", { name: "New session" }).click();
    const search = page.getByRole("searchbox", { name: "Search repositories" });
    await expect(search).toBeFocused();

    await page.keyboard.type("octo SH");
    await expect(page.getByRole("radio")).toHaveCount(2);
    await expect(page.getByText("2 repositories")).toBeVisible();
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await search.fill("docs");
    await expect(page.getByRole("radio")).toHaveCount(2);
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(page.getByRole("rowheader")).toHaveText(["octo-org/ship"]);
  });

  test("finds one of three thousand", async ({ page }) => {
    const ship = { name: "ship", pushed_at: null };
    const account = { account: "octo-org", repositories: [ship, ...many(3_000)] };
    const login = await signInWithGitHub(page, { installations: [account], delay: 200 });
    await page.getByRole("link", { name: "New session" }).click();
    await expect(page.getByText("The 100 with the newest pushes.")).toBeVisible();
    await expect(page.getByRole("radio", { name: "octo-org/many-2999" })).toBeVisible();
    await expect(page.getByRole("radio", { name: "octo-org/ship" })).toHaveCount(0);

    await page.getByRole("searchbox", { name: "Search repositories" }).fill("ship");
    await page.keyboard.press("Enter");
    await expect(page.getByText("1 repository", { exact: true })).toBeVisible();
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await page.getByRole("button", { name: "Create session" }).click();

    await expect(rowOf(page, "octo-org/ship")).toHaveCount(1);
    const asked = await askedFor(login);
    expect(asked.slice(-2)).toEqual(["/user/installations", "/repos/octo-org/ship"]);
    expect(asked.length).toBeLessThan(10);
  });

  test("shows the dialog at once, and fills it in when GitHub has answered @js", async ({
    page,
  }) => {
    await signInWithGitHub(page, { installations: [SHIP], delay: 1_500 });
    await page.getByRole("link", { name: "New session" }).click();

    const search = page.getByRole("searchbox", { name: "Search repositories" });
    await expect(search).toBeFocused({ timeout: 1_500 });
    await expect(page.getByText("Looking for your repositories…")).toBeVisible();
    await page.keyboard.type("SHI");
    await expect(page.getByRole("radio", { name: "octo-org/ship" })).toBeVisible();
    await expect(page.getByText("1 repository", { exact: true })).toBeVisible();
    await expect(search).toBeFocused();
    await expect(search).toHaveValue("SHI");
  });

  test("keeps what was picked through other searches and a create that was refused @js", async ({
    page,
    problems,
  }) => {
    problems.allowStatus(503);
    const account = { account: "octo-org", repositories: [{ name: "ship" }, ...many(200)] };
    const login = await signInWithGitHub(page, { installations: [account] });
    await page.getByRole("link", { name: "New session" }).click();
    const search = page.getByRole("searchbox", { name: "Search repositories" });
    await search.fill("ship");
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await search.fill("many 150");
    await expect(page.getByRole("radio")).toHaveCount(2);
    await search.fill("");
    await expect(page.getByText("with the newest pushes.")).toBeVisible();

    await putPerson({ fault: "down" }, login);
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(page.getByText("GitHub did not answer. Nothing was created.")).toBeVisible();
    await expect(page.getByRole("radio", { name: "octo-org/ship" })).toBeChecked();
    await putPerson({ fault: null }, login);
    await page.getByRole("button", { name: "Create session" }).click();

    await expect(page.getByRole("rowheader")).toHaveText(["octo-org/ship"]);
  });

  test("makes a session for the one that was picked", async ({ page, problems }) => {
    problems.allowStatus(400);
    await signInWithGitHub(page, { installations: [SHIP] });
    await page.getByRole("link", { name: "New session" }).click();

    await page.getByRole("button", { name: "Create session" }).click();
    await expect(page.getByText("Choose a repository.")).toBeVisible();
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await page.getByRole("button", { name: "Create session" }).click();

    await expect(page.getByRole("status")).toContainText("Created a session for octo-org/ship.");
    await expect(rowOf(page, "octo-org/ship")).toHaveCount(1);
  });

  test("finds it by a pasted address, whose branch fills the branch", async ({
    page,
    javaScriptEnabled,
  }) => {
    await signInWithGitHub(page, { installations: [SHIP] });
    await page.getByRole("link", { name: "New session" }).click();
    const address = "http://localhost/octo-org/ship/tree/fix/login"; // GITHUB_URL's host
    await page.getByLabel("Search repositories").fill(address);
    if (javaScriptEnabled === false) await page.getByRole("button", { name: "Search" }).click();
    await expect(page.getByLabel("Branch")).toHaveValue("fix/login");
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await page.getByRole("button", { name: "Create session" }).click();

    await expect(page.getByRole("rowheader")).toHaveText(["octo-org/shipfix/login"]);
  });

  test("takes no other, whatever is sent", async ({ page, baseURL }) => {
    await signInWithGitHub(page, {
      installations: [{ ...SHIP, unselected: [{ name: "other" }] }],
      others: [{ account: "someone", repositories: [{ name: "ship" }] }],
    });
    for (const repository of ["octo-org/other", "someone/ship", "octo-org/ship/..", "ship", "/"]) {
      const answer = await page.request.post("/dashboard/new", {
        form: { key: crypto.randomUUID(), repository, repoOwner: "octo-org", repoName: "other" },
        headers: { Origin: baseURL ?? "" },
      });
      expect(answer.status(), repository).toBe(400);
      expect(await answer.text()).toContain("This repository is not connected.");
    }
    await page.goto("/dashboard");
    await expect(page.getByText("No sessions yet")).toBeVisible();
  });

  test("says so where GitHub is down, while everything else works", async ({ page, problems }) => {
    problems.allowStatus(503);
    const login = await signInWithGitHub(page, { installations: [SHIP] });
    await page.goto("/dashboard/new");
    await page.getByRole("radio", { name: "octo-org/ship" }).check();

    await putPerson({ fault: "down" }, login);
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(page.getByText("GitHub did not answer. Nothing was created.")).toBeVisible();
    await page.goto("/dashboard/new");
    await expect(page.getByRole("alert")).toContainText("GitHub did not answer.");
    await expect(page.getByRole("button", { name: "Create session" })).toHaveCount(0);
    await page.getByRole("link", { name: "Cancel" }).click();
    await expect(page.getByText("No sessions yet")).toBeVisible();

    await page.goto("/dashboard/new");
    await putPerson({ fault: null }, login);
    await page.getByRole("link", { name: "Try again" }).click();
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(rowOf(page, "octo-org/ship")).toHaveCount(1);
  });

  test("keeps what was picked where GitHub fails between picking and creating", async ({
    page,
    problems,
  }) => {
    problems.allowStatus(503);
    const login = await signInWithGitHub(page, { installations: [SHIP] });
    await page.goto("/dashboard/new");
    await page.getByRole("radio", { name: "octo-org/ship" }).check();
    await putPerson({ fault: "down" }, login);
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(page.getByText("Nothing was created.")).toBeVisible();

    await putPerson({ fault: null }, login);
    await expect(page.getByRole("radio", { name: "octo-org/ship" })).toBeChecked();
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(rowOf(page, "octo-org/ship")).toHaveCount(1);
  });
});

test.describe("the connection to GitHub", () => {
  test("renews itself when its token ends", async ({ page }) => {
    await signInWithGitHub(page, { installations: [SHIP], expiresIn: 30 });
    for (const time of ["first", "second"]) {
      await page.goto("/dashboard/new");
      await expect(page.getByRole("radio"), `the ${time} time`).toHaveCount(1);
    }
  });

  test("is offered again where the person took it back at GitHub", async ({ page }) => {
    const login = await signInWithGitHub(page, { installations: [SHIP] });
    await revokeAccess(login);

    await page.goto("/dashboard/new");
    await expect(page.getByRole("alert")).toContainText("not connected to GitHub for you any more");
    await page.getByRole("button", { name: "Connect GitHub" }).click();
    await answerGitHub(page, login);

    await expect(page).toHaveURL("/dashboard/new");
    await expect(page.getByRole("radio")).toHaveCount(1);
  });

  test("is revoked at GitHub and forgotten by disconnecting", async ({ page, problems }) => {
    problems.allowStatus(503);
    const login = await signInWithGitHub(page, { installations: [SHIP] });
    expect(await countTokens(login)).toBe(2);
    await page.goto("/account");

    await putPerson({ fault: "down" }, login);
    await page.getByRole("button", { name: "Disconnect GitHub" }).click();
    await expect(page.getByRole("alert")).toContainText("Ship is still connected");

    await putPerson({ fault: null }, login);
    await page.getByRole("button", { name: "Disconnect GitHub" }).click();
    await expect(page.getByRole("status")).toContainText("GitHub is disconnected");
    expect(await countTokens(login)).toBe(0);
    await expect(page.getByRole("button", { name: "Disconnect GitHub" })).toHaveCount(0);
  });
});
