/** A server that archives after 12 seconds of idleness, and shows a warning 8 seconds before. */
import { detail, expectRows, openDetails, rowOf } from "../support/pages";
import { IMPATIENT, urlOf } from "../support/servers";
import { expect, test } from "../support/test";

test.use({ baseURL: urlOf(IMPATIENT) });

test("an idle session is announced, kept on demand, else archived with the reason told @phone", async ({
  page,
  ship,
}) => {
  await ship.create("octo/idle");
  const kept = await ship.create("octo/kept");
  await page.goto("/dashboard");
  const keep = page.getByRole("button", { name: "Keep octo/kept" });
  await expect(keep).toHaveCount(0);

  await expect(async () => {
    await page.reload();
    await expect(keep).toBeVisible({ timeout: 100 });
  }).toPass();
  await expect(rowOf(page, "octo/kept")).toContainText("will be archived in a moment");
  await keep.click();
  await expect(page.getByRole("status")).toHaveText("octo/kept stays active.");
  await expect(keep).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Keep octo/idle" })).toBeVisible();

  await expect(async () => {
    await page.goto("/dashboard?status=archived");
    await expect(rowOf(page, "octo/idle")).toBeVisible({ timeout: 100 });
  }).toPass();
  await expect(rowOf(page, "octo/idle")).toContainText("automatically, for being idle");
  await expect(rowOf(page, "octo/kept")).toHaveCount(0);
  await page.goto(`/session/${kept}`);
  await openDetails(page);
  await expect(page.getByRole("region", { name: "History" })).toContainText("Kept active");
});

test("an idle session's page announces it, tells the reason afterwards, and restores it", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await expect(page.getByRole("button", { name: "Keep" })).toHaveCount(0);

  await expect(async () => {
    await page.reload();
    await expect(page.getByRole("button", { name: "Keep" })).toBeVisible({ timeout: 100 });
  }).toPass();
  await expect(page.getByText("it will be archived in a moment")).toBeVisible();

  await expect(async () => {
    await page.reload();
    await expect(detail(page, "Status")).toHaveText("Archived", { timeout: 100 });
  }).toPass();
  await expect(page.getByText(/^Archived automatically just now, because nothing/)).toBeVisible();
  await expect(page.getByRole("region", { name: "History" })).toContainText(
    "Archived automatically, for being idle",
  );

  await page.getByRole("button", { name: "Restore" }).click();
  await expect(detail(page, "Status")).toHaveText("Active");
  await expect(page.getByRole("button", { name: "Keep" })).toHaveCount(0);
  await page.goto("/dashboard");
  await expectRows(page, ["octo/cat"]);
});
