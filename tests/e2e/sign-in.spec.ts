import { freshName } from "../support/client";
import { expectFieldError, expectRows, fillCreateForm, signInAs } from "../support/pages";
import { expect, test } from "../support/test";

test("signing in by name leads to the sessions @phone", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL("/login");
  await expect(page).toHaveTitle("Sign in · Ship");

  const name = freshName();
  await signInAs(page, name);

  await expect(page).toHaveURL(/\/dashboard(\?status=active)?$/);
  await expect(page.getByRole("heading", { name: "Sessions" })).toBeVisible();
  await expect(page.getByRole("banner")).toContainText(name);
});

test("upper case and spaces around a name make no other person", async ({ page, ship }) => {
  const name = freshName();
  await ship.signIn(name);
  await ship.create("octo/cat");
  await page.context().clearCookies();

  await page.goto("/login");
  await signInAs(page, `  ${name.toUpperCase()} `);

  await expectRows(page, ["octo/cat"]);
});

test("the sign-in page redirects somebody who is signed in already", async ({ page }) => {
  await page.goto("/login");
  await signInAs(page, freshName());
  await expect(page).toHaveURL(/\/dashboard(\?status=active)?$/);

  await page.goto("/login?to=/dashboard%3Fstatus%3Darchived");
  await expect(page).toHaveURL("/dashboard?status=archived");
  await page.goto("/");
  await expect(page).toHaveURL(/\/dashboard(\?status=active)?$/);
});

test("signing in leads to the page that was asked for", async ({ page }) => {
  await page.goto("/dashboard/new?status=archived");
  await expect(page).toHaveURL(/\/login\?to=/);

  await signInAs(page, freshName());

  await expect(page).toHaveURL("/dashboard/new?status=archived");
});

test("someone signed out in another window comes back to what they clicked", async ({
  page,
  ship,
}) => {
  const name = await ship.signIn();
  await page.goto("/dashboard");
  await page.context().clearCookies();

  await page.getByRole("link", { name: "Archived" }).click();
  await expect(page).toHaveURL(/\/login\?to=/);
  await signInAs(page, name);

  await expect(page).toHaveURL("/dashboard?status=archived");
});

test("signing in never leads to another site", async ({ page }) => {
  for (const elsewhere of [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "javascript:alert(1)",
  ]) {
    await page.goto(`/login?${new URLSearchParams({ to: elsewhere })}`);
    await signInAs(page, freshName());
    await expect(page, elsewhere).toHaveURL(/\/dashboard(\?status=active)?$/);
    await page.context().clearCookies();
  }
});

test("an invalid name gets an error, and stays to be corrected", async ({ page, problems }) => {
  problems.allowStatus(400);
  const letters = "A name has letters and digits, with hyphens between them.";
  await page.goto("/login");

  for (const { name, error } of [
    { name: "", error: "Enter a name." },
    { name: "   ", error: "Enter a name." },
    { name: "-ada", error: letters },
    { name: "ada-", error: letters },
    { name: "ada lovelace", error: letters },
    { name: "ada@example.com", error: letters },
    { name: "ädä", error: letters },
    { name: "a".repeat(40), error: "A name has at most 39 characters." },
  ]) {
    await signInAs(page, name);
    await expectFieldError(page.getByLabel("Name"), error, name);
  }

  await signInAs(page, freshName());
  await expect(page).toHaveURL(/\/dashboard(\?status=active)?$/);
});

test("two people never see each other's sessions", async ({
  page,
  ship,
  someoneElse,
  problems,
}) => {
  problems.allowStatus(404);
  const id = await ship.create("octo/cat");
  await someoneElse.page.goto("/dashboard/new");
  await fillCreateForm(someoneElse.page, "octo", "dog");

  await expectRows(someoneElse.page, ["octo/dog"]);
  await page.goto("/dashboard");
  await expectRows(page, ["octo/cat"]);

  for (const path of [`/session/${id}`, `/dashboard/delete?id=${id}`]) {
    const answer = await someoneElse.page.goto(path);
    expect(answer?.status()).toBe(404);
    await expect(someoneElse.page.locator("main")).not.toContainText("octo/cat");
  }
});

test("signing out closes everything until one signs in again", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await expectRows(page, ["octo/cat"]);

  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  await page.goBack();
  await expect(page).toHaveURL(/\/login/);
  await expect(page.getByText("octo/cat")).toHaveCount(0);
  await page.goto("/dashboard");
  await expect(page).toHaveURL(/\/login/);
});
