import type { Page } from "playwright/test";
import { expect, test } from "../support/test";

const LIGHT = "rgb(246, 247, 248)";
const DARK = "rgb(15, 19, 22)";

/** Chooses a theme on the account page, and expects its colours. */
async function choose(page: Page, choice: string, canvas: string) {
  await page.goto("/account");
  await page.getByRole("button", { name: choice }).click();
  await expect(page.getByRole("button", { name: choice, pressed: true })).toBeVisible();
  await expect(page.getByRole("button", { pressed: true })).toHaveCount(1);
  await expect(page.locator("body")).toHaveCSS("background-color", canvas);
}

test("one chooses light or dark for this browser, or leaves it to the system", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.emulateMedia({ colorScheme: "light" });
  await choose(page, "Dark", DARK);
  await page.goto("/dashboard");
  await expect(page.locator("body")).toHaveCSS("background-color", DARK);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
  await expect(page.locator("body")).toHaveCSS("background-color", DARK);

  await ship.signIn();
  await page.emulateMedia({ colorScheme: "dark" });
  await choose(page, "Light", LIGHT);
  await choose(page, "System", DARK);
  await page.emulateMedia({ colorScheme: "light" });
  await expect(page.locator("body")).toHaveCSS("background-color", LIGHT);
});

test("an unknown theme leaves it to the system", async ({ page, ship, baseURL }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await ship.post("/account", { intent: "theme:sepia" });
  for (const value of ["", "%", btoa('"sepia"'), btoa("{}")]) {
    if (value) await page.context().addCookies([{ name: "ship_theme", value, url: baseURL ?? "" }]);
    await page.goto("/account");
    await expect(page.locator("body")).toHaveCSS("background-color", LIGHT);
  }
});
