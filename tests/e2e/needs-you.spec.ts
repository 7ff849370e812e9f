/** What needs the owner comes first, and stands in the title of every page. */
import type { Page } from "playwright/test";
import { Agent } from "../support/agent";
import type { Client } from "../support/client";
import { permission } from "../support/items";
import { expectIcon, expectRows, messages, sendMessage, untilListIsAlive } from "../support/pages";
import { expect, test } from "../support/test";

/** Creates a session whose agent reports this status, and waits until the list knows it. */
async function withStatus(ship: Client, repository: string, status: "waiting" | "failed") {
  const id = await ship.create(repository);
  const agent = await Agent.connect(ship, id);
  await agent.report({ status });
  await expect(async () => expect(await ship.list("needs-you")).toContain(id)).toPass();
  return { id, agent };
}

function tab(page: Page) {
  return page.getByRole("navigation", { name: "Status" }).locator("[aria-current=page]");
}

test("a person arrives at what needs them, and at all active sessions once nothing does @phone", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  await ship.create("octo/calm");
  const { id } = await withStatus(ship, "octo/failed", "failed");
  await withStatus(ship, "octo/asks", "waiting");

  await page.goto("/dashboard");
  await expect(tab(page)).toHaveText("Needs you 2");
  await expect(page).toHaveTitle("(2) Sessions · Ship");
  await expectRows(page, ["octo/asks", "octo/failed"]);
  await expect(page).toHaveURL(
    javaScriptEnabled === false ? "/dashboard" : "/dashboard?status=needs-you",
  );

  await page.getByRole("button", { name: "Archive octo/asks" }).click();
  await expect(page).toHaveURL("/dashboard?status=needs-you");
  await expectRows(page, ["octo/failed"]);
  await page.getByRole("link", { name: "Active 2" }).click();
  await expectRows(page, ["octo/failed", "octo/calm"]);
  await page.goto("/account");
  await expect(page).toHaveTitle("(1) Account · Ship");
  await page.getByRole("link", { name: "Ship", exact: true }).click();
  await expect(tab(page)).toHaveText("Needs you 1");

  await page.getByRole("link", { name: "octo/failed", exact: true }).click();
  if (javaScriptEnabled === false) await page.getByRole("button", { name: "Mark read" }).click();
  await expect(page).toHaveTitle("octo/failed · Ship");
  await page.getByRole("link", { name: "Ship", exact: true }).click();
  await expect(tab(page)).toHaveText("Active 2");
  await expect(page).toHaveTitle("Sessions · Ship");
  await page.getByRole("link", { name: "Needs you 0" }).click();
  await expect(page.getByText("Nothing needs you.")).toBeVisible();

  await page.goto(`/session/${id}`);
  await page.getByRole("button", { name: "Mark unread" }).click();
  await expect(page).toHaveTitle("(1) Sessions · Ship");
});

test("a session whose agent failed does not need its owner any more once they have answered", async ({
  page,
  ship,
}) => {
  const { id } = await withStatus(ship, "octo/failed", "failed");

  await page.goto(`/session/${id}`);
  await sendMessage(page, "Try once more");
  await expect(messages(page)).toContainText("Try once more");

  await expect(async () => expect(await ship.list("needs-you")).toEqual([])).toPass();
  await page.goto("/dashboard");
  await expect(tab(page)).toHaveText("Active 1");
  await expect(page.getByRole("link", { name: "Needs you 0" })).toBeVisible();
});

test("the list says what an agent asks, in one line, until it is answered @phone", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  const LONG = `Run ${"npm test && ".repeat(20)}npm run deploy?`;
  const asked = async (repository: string, what: string) => {
    const agent = await Agent.connect(ship, await ship.create(repository));
    await agent.reportItem("ask", permission(what));
  };
  await ship.sendCreateForm("octo/cat", undefined, { task: "Mend the parser", branch: "parser" });
  const id = await ship.newestSession();
  await (await Agent.connect(ship, id)).reportItem("ask", permission(LONG));
  await asked("octo/dog", "האם לדחוף את הענף?");
  await asked("octo/owl", "Push?");
  await withStatus(ship, "octo/bat", "waiting");
  await expect(async () => expect(await ship.list("needs-you")).toHaveLength(4)).toPass();

  await page.goto("/dashboard?status=active");
  const row = (name: string) => page.getByRole("row").filter({ hasText: name });
  const asks = row("Mend the parser").locator(".status");
  await expect(asks).toHaveText(`Needs you: ${LONG}`);
  await expectIcon(asks);
  await expect(row("octo/dog")).toContainText("Needs you: האם לדחוף את הענף?");
  await expect(row("octo/dog").locator(".status bdi")).toHaveText("האם לדחוף את הענף?");
  await expect(row("octo/owl")).toContainText("Needs you: Push?");
  await expect(row("octo/bat").locator(".status")).toHaveText(/^Needs you(, said .*)?$/);
  await expect(page.getByRole("row", { name: "Mend the parser octo/cat · parser" })).toBeVisible();

  const heights = await page
    .locator("tbody tr")
    .evaluateAll((rows) => rows.map((one) => one.getBoundingClientRect().height));
  expect(Math.max(...heights)).toBeLessThanOrEqual(76);
  const { height, width } = (await asks.boundingBox())!;
  expect(height).toBeLessThan(30);
  expect(width).toBeLessThanOrEqual(320);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);

  const answering = await page.context().newPage();
  await answering.goto(`/session/${id}`);
  await answering.getByRole("button", { name: "Reject" }).click();
  await expect(answering.getByRole("group", { name: LONG })).toHaveCount(0);
  if (javaScriptEnabled === false) {
    await expect(async () => expect(await ship.list("needs-you")).not.toContain(id)).toPass();
    await page.reload();
  }
  await expect(row("Mend the parser").locator(".status")).toHaveText(/^Working/);
});

test("an open list stays in its tab, and every open page has the number right @js", async ({
  page,
  context,
  ship,
}) => {
  const reads: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("_data=")) reads.push(request.url());
  });
  const talk = await ship.create("octo/talk");
  const asks = await ship.create("octo/asks");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  await expect(page).toHaveURL("/dashboard?status=active");
  expect(reads).toEqual([]);
  const session = await context.newPage();
  await session.goto(`/session/${talk}`);
  await expect(session.getByText("Live", { exact: true })).toBeVisible();

  const agent = await Agent.connect(ship, asks);
  await agent.report({ status: "waiting" });
  await expect(session).toHaveTitle("(1) octo/talk · Ship");
  await expect(page).toHaveTitle("(1) Sessions · Ship");
  await expect(tab(page)).toHaveText("Active 2");
  await expect(page.getByRole("link", { name: "Needs you 1" })).toBeVisible();
  await page.getByRole("link", { name: "New session" }).click();
  await expect(page).toHaveTitle("(1) New session · Ship");

  await agent.report({ status: "working" });
  await expect(session).toHaveTitle("octo/talk · Ship");
  await expect(page).toHaveTitle("New session · Ship");
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveTitle("Sessions · Ship");
});

test("a search finds words of titles, in every tab", async ({ page, ship }) => {
  await ship.sendCreateForm("octo/cat", undefined, { task: "Mend the parser’s tests" });
  await ship.sendCreateForm("octo/dog", undefined, { task: "Über das Parsen" });
  await ship.create("pars/ley");
  await page.goto("/dashboard");
  const search = page.getByLabel("Search");
  await search.fill("pars");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(tab(page)).toHaveText("All 3");
  await search.fill("über pars");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByRole("rowheader")).toHaveText(["Über das Parsenocto/dog"]);
  await expect(page.getByRole("link", { name: "Active 1" })).toBeVisible();
  await search.fill("arser");
  await page.getByRole("button", { name: "Find" }).click();
  await expect(page.getByText("Nothing matches here.")).toBeVisible();
});
