import { randomUUID } from "node:crypto";
import { expectFieldError, expectRows, fillCreateForm } from "../support/pages";
import { expect, test } from "../support/test";

const OWNER = "An owner has letters, digits and hyphens, and does not begin with a hyphen.";
const NAME = "A repository name has letters, digits, “.”, “_” and “-” only.";

test("a session is created, and is on top of the list @phone", async ({ page, ship }) => {
  await ship.create("octo/older");
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "New session" }).click();
  await expect(page).toHaveURL("/dashboard/new?status=active");
  await fillCreateForm(page, "remix-run", "remix");

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("status")).toHaveText("Created a session for remix-run/remix.");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectRows(page, ["remix-run/remix", "octo/older"]);
});

test("a message about what was done is said once", async ({ page, ship }) => {
  expect(await ship.list()).toEqual([]);
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "octo", "cat");
  await expect(page.getByRole("status")).toContainText("Created");

  await page.reload();

  await expectRows(page, ["octo/cat"]);
  await expect(page.getByRole("status")).toBeEmpty();
});

test("an address in one field is split into owner and name when the form is sent", async ({
  page,
  ship,
}) => {
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "https://github.com/octo/cat/pull/7", "");
  await expectRows(page, ["octo/cat"]);

  await page.goto("/dashboard/new");
  await fillCreateForm(page, "", "octo/dog.git");
  await expectRows(page, ["octo/dog", "octo/cat"]);
  expect(await ship.list()).toHaveLength(2);
});

test("an address that is pasted into one field fills both at once @js", async ({
  page,
  ship,
  context,
}) => {
  await ship.create("octo/older");
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "New session" }).click();
  const owner = page.getByLabel("Repository owner");
  const name = page.getByLabel("Repository name");
  const paste = async (text: string) => {
    await page.evaluate((text) => navigator.clipboard.writeText(text), text);
    await page.keyboard.press("Control+V");
  };

  await expect(owner).toBeFocused();
  await paste("git@github.com:octo/cat.git");
  await expect(owner).toHaveValue("octo");
  await expect(name).toHaveValue("cat");
  const filledIn = page.getByText("Filled in:");
  await expect(filledIn).toHaveText("Filled in: owner octo, name cat.");
  await name.focus();
  await name.selectText();
  await paste("remix");
  await expect(name).toHaveValue("remix");
  await expect(owner).toHaveValue("octo");
  await name.selectText();
  await paste("https://github.com/remix-run/remix/issues/1");
  await expect(owner).toHaveValue("remix-run");
  await expect(name).toHaveValue("remix");
  await page.getByRole("button", { name: "Create session" }).click();
  await expectRows(page, ["remix-run/remix", "octo/older"]);
});

test("a repository can have several sessions", async ({ page, ship }) => {
  const first = await ship.create("octo/cat");
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "octo", "cat");

  await expectRows(page, ["octo/cat", "octo/cat"]);
  const [newest, oldest] = await ship.list();
  expect(oldest).toBe(first);
  expect(newest).not.toBe(first);
});

test("before a third session on a repository, its active ones are told, and what was typed stays", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  const first = await ship.create("octo/cat");
  const second = await ship.create("octo/cat");
  await page.goto("/dashboard/new");
  const key = await page.getByRole("dialog").locator("input[name=key]").inputValue();
  await fillCreateForm(page, "Octo", "CAT");

  const hint = page.getByRole("alert");
  await expect(hint).toContainText("2 active sessions on this repository");
  const links = hint.getByRole("link");
  await expect(links.nth(0)).toHaveAttribute("href", `/session/${second}`);
  await expect(links.nth(1)).toHaveAttribute("href", `/session/${first}`);
  await expect(page.getByLabel("Repository owner")).toHaveValue("Octo");
  await expect(page.getByLabel("Repository name")).toHaveValue("CAT");
  expect(await page.getByRole("dialog").locator("input[name=key]").inputValue()).toBe(key);
  expect(await ship.list()).toHaveLength(2);

  await page.getByRole("button", { name: "Create session" }).click();
  await expectRows(page, ["Octo/CAT", "octo/cat", "octo/cat"]);
});

test("having been told of one repository's sessions does not count for another's", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  for (const name of ["cat", "cat", "dog", "dog"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard/new?repo=octo/cat");
  await expect(page.getByRole("alert")).toContainText("2 active sessions");
  await fillCreateForm(page, "octo", "dog");

  await expect(page.getByRole("alert").getByRole("link")).toHaveCount(2);
  await expect(page.getByLabel("Repository name")).toHaveValue("dog");
  expect(await ship.list()).toHaveLength(4);
  await page.getByRole("button", { name: "Create session" }).click();
  await expect(page.getByRole("status")).toContainText("Created a session for octo/dog.");
});

test("spaces around a pasted owner and name do not matter", async ({ page, ship }) => {
  expect(await ship.list()).toEqual([]);
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "  octo ", "\tcat  ");
  await expectRows(page, ["octo/cat"]);
});

test("what is wrong with a field is told next to it, and what was typed stays @phone", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(400);
  const owner = page.getByLabel("Repository owner");
  const name = page.getByLabel("Repository name");
  await page.goto("/dashboard/new");

  for (const wrong of [
    { owner: "", error: "Enter the repository’s owner." },
    { owner: "  ", error: "Enter the repository’s owner." },
    { owner: "-octo", error: OWNER },
    { owner: "octo.cat", error: OWNER },
    { owner: "https://gitlab.com/octo/cat", error: OWNER },
    { owner: "o".repeat(40), error: "An owner has at most 39 characters." },
  ]) {
    await fillCreateForm(page, wrong.owner, "cat");
    await expectFieldError(owner, wrong.error, wrong.owner);
    await expect(name).not.toHaveAttribute("aria-invalid");
    await expect(name).toHaveValue("cat");
  }

  for (const wrong of [
    { name: "", error: "Enter the repository’s name." },
    { name: "octo/cat/dog", error: NAME },
    { name: "قط", error: NAME },
    { name: "..", error: "A repository cannot be called “.” or “..”." },
    { name: "cat.git", error: "Leave out the “.git” ending." },
    { name: "n".repeat(101), error: "A repository name has at most 100 characters." },
  ]) {
    await fillCreateForm(page, "octo", wrong.name);
    await expectFieldError(name, wrong.error, wrong.name);
    await expect(owner).not.toHaveAttribute("aria-invalid");
    await expect(owner).toHaveValue("octo");
  }

  await fillCreateForm(page, "-", "*");
  await expectFieldError(owner, OWNER, "-");
  await expectFieldError(name, NAME, "*");

  expect(await ship.list()).toEqual([]);
  await fillCreateForm(page, "octo", "cat");
  await expectRows(page, ["octo/cat"]);
});

test("Cancel goes back to the list, and creates nothing", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard/new");
  await page.getByLabel("Repository owner").fill("octo");
  await page.getByRole("link", { name: "Cancel" }).click();

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectRows(page, ["octo/cat"]);
});

test("a double click makes one session", async ({ page, ship }) => {
  await page.goto("/dashboard/new");
  await page.getByLabel("Repository owner").fill("octo");
  await page.getByLabel("Repository name").fill("cat");
  await page.getByRole("button", { name: "Create session" }).dblclick();

  await expectRows(page, ["octo/cat"]);
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect(await ship.list()).toHaveLength(1);
});

test("the same form sent ten times at once makes one session", async ({ page, ship }) => {
  await page.goto("/dashboard/new");
  const key = await page.getByRole("dialog").locator("input[name=key]").inputValue();

  const answers = await Promise.all(
    Array.from({ length: 10 }, () => ship.sendCreateForm("octo/cat", key)),
  );

  for (const answer of answers) await expect(answer).toBeOK();
  expect(await ship.list()).toHaveLength(1);
});

test("a form whose session was deleted since says so, and makes a new one when sent again", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  await page.goto("/dashboard/new");
  const key = await page.getByRole("dialog").locator("input[name=key]").inputValue();
  await ship.sendCreateForm("octo/cat", key);
  const [first = ""] = await ship.list();
  await ship.delete(first);

  await fillCreateForm(page, "octo", "cat");
  await expect(page.getByRole("alert")).toHaveText(
    "This form made a session that has been deleted since. Send it again to make a new one.",
  );
  await expect(page.getByLabel("Repository owner")).toHaveValue("octo");
  await expect(page.getByLabel("Repository name")).toHaveValue("cat");
  expect(await ship.list()).toEqual([]);

  await page.getByRole("button", { name: "Create session" }).click();
  await expectRows(page, ["octo/cat"]);
  expect(await ship.list()).not.toContain(first);
});

test("a form that has made another session says so, and makes this one when sent again", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  await page.goto("/dashboard/new");
  const key = await page.getByRole("dialog").locator("input[name=key]").inputValue();
  await ship.sendCreateForm("octo/cat", key);

  await fillCreateForm(page, "octo", "dog");
  await expect(page.getByRole("alert")).toContainText("already made a session for octo/cat");
  await page.getByRole("button", { name: "Create session" }).click();

  await expectRows(page, ["octo/dog", "octo/cat"]);
});

test("a form without a proper key gets one, and is told to be sent again", async ({ ship }) => {
  for (const key of ["", "not a key", `${randomUUID()} `]) {
    const answer = await ship.sendCreateForm("octo/cat", key);
    expect(answer.status()).toBe(400);
    expect(await answer.text()).toContain("The form was incomplete. Send it again.");
  }
  expect(await ship.list()).toEqual([]);
});

test("sending shows that it is under way @js", async ({ page, ship }) => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("/dashboard/new?*", async (route) => {
    if (route.request().method() === "POST") await released;
    await route.continue();
  });
  expect(await ship.list()).toEqual([]);
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "Start your first session" }).click();
  await fillCreateForm(page, "octo", "cat");

  await expect(page.getByRole("button", { name: "Creating…" })).toBeVisible();
  release();

  await expectRows(page, ["octo/cat"]);
});
