/** Finding sessions among many: those of the user "hoarder", inserted by tests/support/hoard.sql. */
import type { Page } from "playwright/test";
import { expectRows } from "../support/pages";
import { expect, test } from "../support/test";

const TOTAL = 2_000;

/** The numbers of hoarder's sessions, newest activity first; three at a time have equal times and are ordered by id. */
const NUMBERS = Array.from({ length: TOTAL }, (_, index) => index + 1);
const isArchived = (number: number) => number % 5 === 0;

/** @returns the repository of the n-th session */
function repositoryOf(number: number): string {
  const boat = Math.floor(Math.sqrt(number));
  return `${boat % 2 === 0 ? "Fleet" : "harbour-works"}/boat-${boat}`;
}

function count(matches: (number: number) => boolean): string {
  return NUMBERS.filter(matches).length.toLocaleString("en");
}

function repositories(page: Page) {
  return page.getByRole("navigation", { name: "Repository" });
}

async function expectTabs(page: Page, active: string, archived: string, all: string) {
  const tabs = page.getByRole("navigation", { name: "Status" }).getByRole("link");
  await expect(tabs).toHaveText([
    "Needs you 0",
    `Active ${active}`,
    `Archived ${archived}`,
    `All ${all}`,
  ]);
}

async function search(page: Page, words: string) {
  await page.getByLabel("Search").fill(words);
  await page.getByLabel("Search").press("Enter");
}

/** Opens the filters, which are collapsed on a phone. */
async function unfoldFilters(page: Page) {
  const fold = page.getByText("Filter and sort");
  const folded = page.locator("details.filters:not([open])");
  if ((await fold.isVisible()) && (await folded.count()) > 0) await fold.click();
}

test.describe("among 2,000 sessions", () => {
  test.beforeEach(async ({ page, ship }) => {
    await ship.signIn("hoarder");
    await page.goto("/dashboard");
  });

  test("the tabs tell how many there are", async ({ page }) => {
    await expectTabs(page, "1,600", "400", "2,000");
  });

  for (const width of [360, 320]) {
    test(`nothing has to be scrolled sideways on a screen ${width} pixels wide`, async ({
      page,
    }) => {
      await page.setViewportSize({ width, height: 640 });
      for (const query of ["", "?idle=7", "?status=all&q=boat", "?repo=harbour-works/boat-43"]) {
        await page.goto(`/dashboard${query}`);
        await unfoldFilters(page);
        const widest = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(widest, query).toBeLessThanOrEqual(width);
      }
    });
  }

  test("a search finds active and archived ones, counts them, and can be narrowed to a tab @phone", async ({
    page,
  }) => {
    await search(page, "FLEET/boat-44");
    await expect(page).toHaveURL(/\/dashboard\?status=all&q=FLEET%2Fboat-44$/);
    const inBoat44 = (number: number) => repositoryOf(number) === "Fleet/boat-44";
    const active = count((number) => inBoat44(number) && !isArchived(number));
    const archived = count((number) => inBoat44(number) && isArchived(number));
    await expectTabs(page, active, archived, count(inBoat44));
    const rows = page.getByRole("rowheader");
    await expect(rows).toHaveText(Array<string>(50).fill("Fleet/boat-44"));

    await page.getByRole("link", { name: `Archived ${archived}` }).click();
    await expect(rows).toHaveText(Array<string>(Number(archived)).fill("Fleet/boat-44"));
    await expect(page.getByLabel("Search")).toHaveValue("FLEET/boat-44");

    await page.goBack();
    await expect(rows).toHaveCount(50);
    await page.goBack();
    await expect(page.getByLabel("Search")).toHaveValue("");
    await expectTabs(page, "1,600", "400", "2,000");
  });

  test("a search can be cleared, and may find nothing", async ({ page }) => {
    await search(page, "boat-44 nowhere");
    await expect(page.getByText("Nothing matches here.")).toBeVisible();
    await expectTabs(page, "0", "0", "0");

    await page.getByRole("link", { name: "Clear search" }).click();
    await expect(page).toHaveURL("/dashboard?status=active");
    await expect(page.getByRole("rowheader")).toHaveCount(50);
  });

  test("a repository is chosen from those with most sessions, and let go again @phone", async ({
    page,
  }) => {
    await unfoldFilters(page);
    const of43 = (number: number) => repositoryOf(number) === "harbour-works/boat-43";
    const active = count((number) => of43(number) && !isArchived(number));
    await repositories(page)
      .getByRole("link", { name: `harbour-works/boat-43 ${active}` })
      .click();

    await expect(page).toHaveURL("/dashboard?status=active&repo=harbour-works%2Fboat-43");
    await expectTabs(
      page,
      active,
      count((number) => of43(number) && isArchived(number)),
      "87",
    );
    await expect(page.getByRole("rowheader")).toHaveText(
      Array<string>(50).fill("harbour-works/boat-43"),
    );
    await unfoldFilters(page);
    await expect(repositories(page).locator("[aria-current]")).toHaveText(
      `harbour-works/boat-43 ${active}`,
    );

    await repositories(page).getByRole("link", { name: "All repositories" }).click();
    await expect(page).toHaveURL("/dashboard?status=active");
  });

  test("every order is gone through page by page, forth and back", async ({ page }) => {
    await unfoldFilters(page);
    await page.getByRole("link", { name: "Repository", exact: true }).click();
    await expect(page).toHaveURL("/dashboard?status=active&sort=repository");
    const sorted = NUMBERS.filter((number) => !isArchived(number))
      .map(repositoryOf)
      .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
    await expectRows(page, sorted.slice(0, 50));
    await page.getByRole("link", { name: "Next" }).click();
    await expectRows(page, sorted.slice(50, 100));
    await page.getByRole("link", { name: "Next" }).click();
    await expectRows(page, sorted.slice(100, 150));
    await page.getByRole("link", { name: "Previous" }).click();
    await expectRows(page, sorted.slice(50, 100));
    await page.getByRole("link", { name: "Previous" }).click();
    await expectRows(page, sorted.slice(0, 50));
    await expect(page.getByRole("link", { name: "Previous" })).toHaveCount(0);

    await unfoldFilters(page);
    await page.getByRole("link", { name: "Created", exact: true }).click();
    await expect(page.getByRole("columnheader", { name: "Created" })).toHaveCount(1);
    await expectNewestFirst(page);
    await page.getByRole("link", { name: "Older" }).click();
    await expectNewestFirst(page);
    await page.getByRole("link", { name: "Newer" }).click();
    await expect(page.getByRole("link", { name: "Newer" })).toHaveCount(0);
    await expectNewestFirst(page);
  });

  test("the idle ones are reviewed, with how many there are @phone", async ({ page }) => {
    await unfoldFilters(page);
    const idle = page.getByRole("navigation", { name: "Idle for" });
    await expect(idle.getByRole("link")).toHaveText(["7 days", "14 days", "30 days"]);
    await idle.getByRole("link", { name: "30 days" }).click();
    await expect(page).toHaveURL("/dashboard?status=active&idle=30");

    await unfoldFilters(page);
    const chosen = idle.locator("[aria-current]");
    await expect(chosen).toHaveText(/^30 days \d+$/);
    const found = Number((await chosen.innerText()).split(" ").at(-1));
    // The n-th was last active n half hours ago; idle days are whole UTC days.
    const daysOld = (number: number) => (Math.floor(number / 3) * 3) / 48;
    const least = NUMBERS.filter((number) => !isArchived(number) && daysOld(number) > 31);
    const most = NUMBERS.filter((number) => !isArchived(number) && daysOld(number) > 30);
    expect(found).toBeGreaterThanOrEqual(least.length);
    expect(found).toBeLessThanOrEqual(most.length);

    await idle.getByRole("link", { name: "Any time" }).click();
    await expect(page).toHaveURL("/dashboard?status=active");
  });

  test("a search stays with the idle ones and within the repository that are shown, until one leaves them", async ({
    page,
  }) => {
    await page.goto("/dashboard?idle=30&repo=Fleet/boat-44");
    await search(page, "boat-43");
    await expect(page).toHaveURL(/idle=30&repo=Fleet%2Fboat-44&q=boat-43$/);
    await expect(page.getByText("No active session that matches has been idle")).toBeVisible();

    await page.goto("/dashboard?repo=Fleet/boat-44");
    await expect(page.getByLabel("Search")).toHaveAttribute(
      "placeholder",
      "Search in Fleet/boat-44",
    );
    await search(page, "fleet");
    await expect(page).toHaveURL(/repo=Fleet%2Fboat-44&q=fleet$/);
    await expect(page.getByRole("rowheader")).toHaveText(Array<string>(50).fill("Fleet/boat-44"));
    await search(page, "boat-43");
    await expect(page.getByText("Nothing matches here.")).toBeVisible();

    await page.getByRole("link", { name: "Search all sessions" }).click();
    await expect(page).toHaveURL("/dashboard?status=all&q=boat-43");
    await expect(page.getByRole("rowheader").first()).toHaveText("harbour-works/boat-43");
  });

  test("a new session is offered on the repository that the list shows", async ({ page }) => {
    await page.goto("/dashboard?repo=Fleet/boat-44");
    await page.getByRole("link", { name: "New session" }).click();
    const dialog = page.getByRole("dialog", { name: "New session" });
    await expect(dialog.getByLabel("Repository owner")).toHaveValue("Fleet");
    await expect(dialog.getByLabel("Repository name")).toHaveValue("boat-44");
    await expect(dialog).toContainText(/\d\d active sessions on this repository/);
  });
});

/** Expects the rows in descending order of their times. */
async function expectNewestFirst(page: Page) {
  await expect(page.getByRole("rowheader")).toHaveCount(50);
  // A time beside a button is when a session will be archived, not its activity.
  const times = await page
    .locator("td:not(:has(button))")
    .getByRole("time")
    .evaluateAll((all) => all.map((time) => time.getAttribute("datetime") ?? ""));
  expect(times).toEqual([...times].sort().reverse());
}

test("a session archived from what a search found leaves the search as it is", async ({
  page,
  ship,
}) => {
  for (const name of ["cat", "dog"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard?q=cat");
  await page.getByRole("button", { name: "Archive octo/cat" }).click();
  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  await expect(page.getByText("Nothing matches here.")).toBeVisible();
  await expectTabs(page, "0", "1", "1");

  await page.getByRole("link", { name: "Show the 1 that match" }).click();
  await expectRows(page, ["octo/cat"]);
});

test("Enter in the search archives and deletes nothing", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto("/dashboard");
  await search(page, "octo");
  await expect(page).toHaveURL(/q=octo/);
  await expectRows(page, ["octo/cat"]);
  expect(await ship.list()).toEqual([id]);
});
