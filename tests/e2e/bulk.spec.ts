import type { Page } from "playwright/test";
import type { Client } from "../support/client";
import { expectRows, rowOf } from "../support/pages";
import { expect, test } from "../support/test";

const THREE = ["octo/first", "octo/second", "octo/third"];

async function createAll(ship: Client, repositories: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const repository of repositories) ids.push(await ship.create(repository));
  return ids;
}

/** More than a page of the list. */
const MANY = Array.from({ length: 53 }, (_, index) => `octo/number-${index}`);

function checkbox(page: Page, repository: string) {
  return page.getByRole("checkbox", { name: `Select ${repository}`, exact: true });
}

/** The bar with the actions for the selected sessions. */
function bar(page: Page) {
  return page.getByRole("group", { name: "Selected sessions" });
}

test("selected sessions are archived together, and Undo brings all of them back @phone", async ({
  page,
  ship,
}) => {
  await createAll(ship, THREE);
  await page.goto("/dashboard");
  await expect(bar(page)).toBeHidden();

  await checkbox(page, "octo/first").check();
  await checkbox(page, "octo/third").check();
  await expect(bar(page)).toBeInViewport();
  await bar(page).getByRole("button", { name: "Archive" }).click();

  await expect(page.getByRole("status")).toContainText("Archived 2 sessions.");
  await expectRows(page, ["octo/second"]);
  await expect(bar(page)).toBeHidden();
  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("status")).toContainText("Restored 2 sessions.");
  await expectRows(page, THREE.toReversed());
  await expect(page).toHaveURL("/dashboard?status=active");
});

test("archived sessions are restored together", async ({ page, ship }) => {
  for (const id of await createAll(ship, THREE)) await ship.change("archive", id);
  await page.goto("/dashboard?status=archived");
  await checkbox(page, "octo/first").check();
  await checkbox(page, "octo/second").check();
  await bar(page).getByRole("button", { name: "Restore" }).click();

  await expect(page.getByRole("status")).toContainText("Restored 2 sessions.");
  await expectRows(page, ["octo/third"]);
  await expect(page).toHaveURL("/dashboard?status=archived");
});

test("selected sessions are deleted together, once that is confirmed", async ({ page, ship }) => {
  const [first, second] = await createAll(ship, THREE);
  await ship.send(first!, "Hello");
  await ship.send(second!, "Hello");
  await page.goto("/dashboard");
  await checkbox(page, "octo/first").check();
  await checkbox(page, "octo/second").check();
  await bar(page).getByRole("button", { name: "Delete" }).click();

  const dialog = page.getByRole("dialog", { name: "Delete 2 sessions?" });
  await expect(dialog).toContainText("2 sessions with 2 messages");
  await dialog.getByRole("link", { name: "Cancel" }).click();
  await expect(page.getByRole("rowheader")).toHaveCount(3);

  await page.goto(`/dashboard/delete?id=${first}&id=${second}`);
  await page.getByRole("button", { name: "Delete 2 sessions" }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deleting 2 sessions");
  await expect(page.getByText("Deleted 2 sessions.")).toBeVisible({ timeout: 15_000 });
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expectRows(page, ["octo/third"]);
});

test("all that match are archived on a page that one can leave and come back to", async ({
  page,
  ship,
}) => {
  test.slow();
  await createAll(ship, MANY);
  await page.goto("/dashboard?q=octo");
  await checkbox(page, "octo/number-52").check();
  await bar(page).getByRole("checkbox", { name: "All 53 that match" }).check();
  await bar(page).getByRole("button", { name: "Archive" }).click();

  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Archiving 53 sessions");
  await expect(page.getByRole("progressbar")).toBeVisible();
  const path = page.url();
  await page.goto("/dashboard");
  await page.goto(path);

  await expect(page.getByText("Archived 53 sessions.")).toBeVisible({ timeout: 15_000 });
  await page.getByRole("link", { name: "Back to the list" }).click();
  await expect(page).toHaveURL("/dashboard?status=active&q=octo");
  await expect(page.getByText("Nothing matches here.")).toBeVisible();

  await page.goto(path);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("Restored 53 sessions.")).toBeVisible({ timeout: 15_000 });
  await page.goto("/dashboard");
  await expectRows(page, MANY.toReversed().slice(0, 50));
});

test("without a selection nothing is offered; Enter in a checkbox does nothing", async ({
  page,
  ship,
}) => {
  const ids = await createAll(ship, THREE);
  await page.goto("/dashboard?status=active");
  for (const box of [checkbox(page, "octo/second"), checkbox(page, "octo/first")]) {
    await box.check();
    await box.press("Enter");
    await expect(checkbox(page, "octo/second")).toBeChecked(); // The page was not reloaded.
  }

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByText("Archived octo")).toHaveCount(0);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await ship.list()).toEqual(ids.toReversed());
});

test("one checkbox selects the page @js", async ({ page, ship }) => {
  await createAll(ship, THREE);
  await page.goto("/dashboard");
  await page.getByRole("checkbox", { name: "Select page" }).check();
  for (const repository of THREE) await expect(checkbox(page, repository)).toBeChecked();
  await bar(page).getByRole("button", { name: "Archive" }).click();

  await expect(page.getByRole("status")).toContainText("Archived 3 sessions.");
  await expect(page.getByText("No sessions yet")).toBeVisible();
});

test("x selects the row that has the focus, and goes on working there @js", async ({
  page,
  ship,
}) => {
  await createAll(ship, THREE);
  await page.goto("/dashboard");
  await page.keyboard.press("x");
  await expect(bar(page)).toBeHidden();

  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("j");
  await page.keyboard.press("x");

  await expect(checkbox(page, "octo/third")).toBeChecked();
  await expect(checkbox(page, "octo/second")).toBeChecked();
  await checkbox(page, "octo/second").focus();
  await page.keyboard.press("x");
  await expect(checkbox(page, "octo/second")).not.toBeChecked();
});

test("rows do not move when something is selected @js @phone", async ({ page, ship }) => {
  await createAll(ship, THREE);
  await page.goto("/dashboard");
  const before = await rowOf(page, "octo/first").boundingBox();
  await checkbox(page, "octo/first").check();
  expect(await rowOf(page, "octo/first").boundingBox()).toEqual(before);
});
