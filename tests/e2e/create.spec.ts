import { expect, test } from "playwright/test";
import { signIn } from "../support/pages";

test("a session is created, and is on top of the list", async ({ page }) => {
  await signIn(page);
  await page.getByRole("link", { name: "New session" }).click();
  await page.getByLabel("Repository owner").fill("remix-run");
  await page.getByLabel("Repository name").fill("remix");
  await page.getByRole("button", { name: "Create session" }).click();

  await expect(page.getByRole("status")).toContainText("Created a session for remix-run/remix.");
  await expect(page.getByRole("rowheader").first()).toHaveText("remix-run/remix");
});
