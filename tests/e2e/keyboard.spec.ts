/**
 * What JavaScript adds for people who use a keyboard or a screen reader: modal dialogs, and focus that is never lost.
 */
import type { Locator, Page } from "playwright/test";
import { freshName } from "../support/client";
import { expectRows, messages, rowOf, untilListIsAlive } from "../support/pages";
import { expect, test } from "../support/test";

test("the whole way from signing in to deleting is gone by keyboard alone @js", async ({
  page,
}) => {
  await page.goto("/login");
  await tabTo(page, page.getByLabel("Name"));
  await page.keyboard.type(freshName());
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/dashboard?status=active");

  await tabTo(page, page.getByRole("link", { name: "New session" }));
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Repository owner")).toBeFocused();
  await page.keyboard.type("octo");
  await tabTo(page, page.getByLabel("Repository name"));
  await page.keyboard.type("cat");
  await page.keyboard.press("Enter");
  await expectRows(page, ["octo/cat"]);

  await tabTo(page, rowOf(page, "octo/cat").getByRole("link", { name: "octo/cat", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("octo/cat");
  await tabTo(page, page.getByLabel("Message"));
  await page.keyboard.type("Hello");
  await page.keyboard.press("Control+Enter");
  await expect(messages(page)).toHaveCount(1);

  await tabTo(page, page.getByRole("link", { name: "All sessions" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Archive octo/cat" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  await tabTo(page, page.getByRole("button", { name: "Undo" }));
  await page.keyboard.press("Enter");
  await expectRows(page, ["octo/cat"]);

  await tabTo(page, page.getByRole("link", { name: "Delete octo/cat" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: "Delete session" }));
  await page.keyboard.press("Enter");
  await expect(page.getByText("No sessions yet")).toBeVisible();

  await tabTo(page, page.getByRole("link", { name: "your account" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Dark" }));
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Dark", pressed: true })).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: "Sign out", exact: true }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/login");
});

test("sessions are found, selected and put away by keyboard alone @js", async ({ page, ship }) => {
  for (const name of ["cat", "dog", "cow"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  await tabTo(page, page.getByLabel("Search"));
  await page.keyboard.type("octo/c");
  await page.keyboard.press("Enter");
  await expectRows(page, ["octo/cow", "octo/cat"]);

  for (const name of ["cow", "cat"]) {
    await tabTo(page, page.getByRole("checkbox", { name: `Select octo/${name}` }));
    await page.keyboard.press("Space");
  }
  const bar = page.getByRole("group", { name: "Selected sessions" });
  await tabTo(page, bar.getByRole("button", { name: "Archive" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toContainText("Archived 2 sessions.");
  await tabTo(page, page.getByRole("link", { name: "Clear search" }));
  await page.keyboard.press("Enter");
  await expectRows(page, ["octo/dog"]);
});

test("the create dialog takes the focus, holds it, and gives it back on Escape @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await openCreateDialog(page);
  await expect(page.getByLabel("Repository owner")).toBeFocused();

  const dialog = page.getByRole("dialog");
  for (let presses = 0; presses < 8; presses++) {
    await page.keyboard.press("Tab");
    // Between its last element and its first one, the focus is in the browser's own toolbars.
    expect(["dialog", "body"]).toContain(await focusedPart(page));
  }

  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("link", { name: "New session" })).toBeFocused();
});

test("the browser's back button closes the create dialog @js", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await openCreateDialog(page);

  await page.goBack();

  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("link", { name: "New session" })).toBeFocused();
});

test("Cancel gives the focus back to what opened the dialog @js", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  const opener = page.getByRole("link", { name: "Delete octo/cat" });
  await opener.click();
  await expect(page.locator("dialog:modal")).toBeVisible();

  await page.getByRole("link", { name: "Cancel" }).click();

  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test("a dialog's own address opens it as a modal too @js", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard/new");
  await expect(page.locator("dialog:modal")).toBeVisible();
  await expect(page.getByLabel("Repository owner")).toBeFocused();

  await page.keyboard.press("Escape");

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectFocusSomewhere(page);
});

test("after creating, the focus is back where the dialog was opened @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/older");
  await openCreateDialog(page);
  await page.keyboard.type("octo");
  await page.keyboard.press("Tab");
  await page.keyboard.type("cat");
  await page.keyboard.press("Enter");

  await expectRows(page, ["octo/cat", "octo/older"]);
  await expect(page.getByRole("link", { name: "New session" })).toBeFocused();
});

test("after deleting, the focus is on the page's heading @js", async ({ page, ship }) => {
  await ship.create("octo/stays");
  await ship.create("octo/goes");
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "Delete octo/goes" }).click();
  await page.getByRole("button", { name: "Delete session" }).click();

  await expectRows(page, ["octo/stays"]);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

test("after archiving, the focus is not lost @js", async ({ page, ship }) => {
  await ship.create("octo/stays");
  await ship.create("octo/goes");
  await page.goto("/dashboard");
  await page.getByRole("button", { name: "Archive octo/goes" }).click();

  await expectRows(page, ["octo/stays"]);
  await expectFocusSomewhere(page);
});

test("after a link to another page, the focus is on its heading @js @phone", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "octo/cat", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("octo/cat");
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();

  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sessions");
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
});

test("single keys search, move, archive, undo, make a session and help @js", async ({
  page,
  ship,
}) => {
  for (const name of ["third", "second", "first"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard");
  const linkOf = (name: string) => page.getByRole("link", { name: `octo/${name}`, exact: true });
  await untilListIsAlive(page);

  await page.keyboard.press("j");
  await expect(linkOf("first")).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("j"); // There is no fourth row.
  await expect(linkOf("third")).toBeFocused();
  await page.keyboard.press("k");
  await expect(linkOf("second")).toBeFocused();

  await page.keyboard.press("e");
  await expect(page.getByRole("status")).toContainText("Archived octo/second.");
  await expectRows(page, ["octo/first", "octo/third"]);
  await expect(linkOf("third")).toBeFocused();
  await page.keyboard.press("u");
  await expect(page.getByRole("status")).toContainText("Restored octo/second.");
  await expectRows(page, ["octo/first", "octo/second", "octo/third"]);

  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toContainText("archive or restore the session");
  await page.keyboard.press("n"); // Ignored under a dialog.
  await page.keyboard.press("Escape");
  await expect(help).toHaveCount(0);
  await expect(linkOf("third")).toBeFocused();

  await page.keyboard.press("/");
  await expect(page.getByLabel("Search")).toBeFocused();
  await page.keyboard.type("first/jkenu?");
  await expect(page.getByLabel("Search")).toHaveValue("first/jkenu?");
  await page.getByLabel("Search").fill("first");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=first/);
  await expectRows(page, ["octo/first"]);
  await expect(page.getByLabel("Search")).toBeFocused();

  await page.getByRole("heading", { name: "Sessions" }).focus();
  await page.keyboard.press("n");
  await expect(page.getByLabel("Repository owner")).toBeFocused();
});

test("no single key does anything with a modifier, without a row, or again while it is held @js", async ({
  page,
  ship,
}) => {
  for (const name of ["third", "second", "first"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  await page.keyboard.press("e");
  await page.keyboard.press("u");
  await page.keyboard.press("j");
  for (const key of ["Control+e", "Alt+e", "Meta+e", "Shift+E", "Control+j"]) {
    await page.keyboard.press(key);
  }
  await expect(page.getByRole("link", { name: "octo/first", exact: true })).toBeFocused();
  expect(await ship.list()).toHaveLength(3);

  for (let held = 0; held < 5; held++) await page.keyboard.down("e");
  await page.keyboard.up("e");
  await expect(page.getByRole("status")).toContainText("Archived octo/first.");
  await expectRows(page, ["octo/second", "octo/third"]);
  expect(await ship.list()).toHaveLength(2);
});

/** Opens the create dialog by keyboard, and waits until it is modal. */
async function openCreateDialog(page: Page) {
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "New session" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.locator("dialog:modal")).toBeVisible();
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, target: Locator) {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 40; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  await expect(target).toBeFocused();
}

/** @returns the innermost of these parts of the page that contains the focus; "body" if none does */
function focusedPart(page: Page) {
  return page.evaluate(() =>
    document.activeElement?.closest("dialog, main, header, body")?.tagName.toLowerCase(),
  );
}

async function expectFocusSomewhere(page: Page) {
  await expect.poll(() => focusedPart(page)).not.toBe("body");
}
