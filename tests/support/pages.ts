import { randomUUID } from "node:crypto";
import type { Page } from "playwright/test";

/** Signs a new person in. @returns their name, which no other test uses */
export async function signIn(page: Page, name = `user-${randomUUID().slice(0, 8)}`) {
  await page.goto("/login");
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Continue locally" }).click();
  await page.waitForURL("**/dashboard");
  return name;
}
