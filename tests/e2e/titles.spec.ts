/** What a session is about: its task, its title, its branch, and whether it needs its owner. */
import { Agent } from "../support/agent";
import { detail, fillCreateForm, untilListIsAlive } from "../support/pages";
import { expect, test } from "../support/test";

const TASK = "# Fix the **login**\n\nIt fails twice.";

test("a task is the first message, and the title in list, page and history @phone", async ({
  page,
  ship,
}) => {
  await page.goto("/dashboard/new");
  await page.getByLabel("Task").fill(TASK);
  await page.getByLabel("Branch").fill("fix/login");
  await fillCreateForm(page, "octo", "cat");

  await expect(page.getByRole("status")).toHaveText("Created “Fix the login”.");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Fix the login");
  await expect(page).toHaveTitle("Fix the login · Ship");
  await expect(page).toHaveURL(/\/session\//);
  await expect(page.getByRole("heading", { level: 3, name: "Fix the login" })).toBeVisible();
  await expect(page.getByText("It fails twice.")).toBeVisible();
  const branch = detail(page, "Branch").getByRole("link", { name: "fix/login on GitHub" });
  await expect(branch).toHaveAttribute("href", /\/octo\/cat\/tree\/fix\/login$/);

  await page.getByRole("link", { name: "All sessions" }).click();
  const row = page.getByRole("rowheader");
  await expect(row.getByRole("link", { name: "Fix the login" })).toBeVisible();
  await expect(row).toContainText("octo/cat · fix/login");
  await page.getByRole("button", { name: "Archive Fix the login, octo/cat" }).click();
  await expect(page.getByRole("status")).toContainText("Archived Fix the login.");
  expect(await ship.list("archived")).toHaveLength(1);
});

test("a branch that git refuses is said at its field, and what was typed stays", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(400);
  await page.goto("/dashboard/new");
  await page.getByLabel("Task").fill(TASK);
  await page.getByLabel("Branch").fill("two words");
  await fillCreateForm(page, "octo", "cat");

  const branch = page.getByLabel("Branch");
  await expect(branch).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByText("A branch has no spaces")).toBeVisible();
  await expect(page.getByLabel("Task")).toHaveValue(TASK);
  expect(await ship.list()).toEqual([]);

  await branch.fill("main");
  await page.getByRole("button", { name: "Create session" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Fix the login");
});

test("a GitHub address of a branch fills the branch", async ({ page, ship }) => {
  expect(await ship.list()).toEqual([]);
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "https://github.com/octo/cat/tree/fix/login", "");
  await expect(page.getByRole("rowheader")).toHaveText("octo/catfix/login");
});

test("a task that is too long is told before it is sent; a draft outlives the dialog @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  await page.getByRole("link", { name: "New session" }).click();
  const task = page.getByLabel("Task");
  await task.fill("x".repeat(33_000));
  await expect(page.getByText("This is more than 32 KiB.")).toBeVisible();
  await fillCreateForm(page, "octo", "dog");
  await expect(page.getByRole("dialog")).toBeVisible();
  expect(await ship.list()).toHaveLength(1);

  await task.fill("Half a thought");
  await page.getByRole("link", { name: "Cancel" }).click();
  await page.getByRole("link", { name: "New session" }).click();
  await expect(task).toHaveValue("Half a thought");
  await fillCreateForm(page, "octo", "dog");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Half a thought");
  await page.goto("/dashboard/new");
  await untilListIsAlive(page);
  await expect(task).toHaveValue("");
});

test("a session is renamed in a dialog of its own, and called by its repository again", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(400);
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await page.getByRole("link", { name: "Rename" }).click();
  await expect(page).toHaveURL(`/session/${id}/rename`);
  const dialog = page.getByRole("dialog", { name: "Rename this session" });
  const title = dialog.getByLabel("Title");
  await title.fill("x".repeat(121));
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByText("A title has at most 120 characters.")).toBeVisible();
  await expect(title).toHaveValue("x".repeat(121));

  await title.fill("  אבג   של Ada ");
  await dialog.getByRole("button", { name: "Save" }).click();
  const heading = page.getByRole("heading", { level: 1 });
  await expect(heading).toHaveText("אבג של Ada");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByText(/^Renamed (just now|1 minute)/)).toBeVisible();
  await expect(page).toHaveTitle("\u2068אבג של Ada\u2069 · Ship");

  await page.goto(`/session/${id}/rename`);
  await title.fill("");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(heading).toHaveText("octo/cat");
});

test("what was read can be marked as unread", async ({ page, ship, javaScriptEnabled }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  await agent.report({ status: "failed", text: "It is broken." });
  await expect(async () => {
    await page.goto("/dashboard");
    await expect(page.getByText("Unread")).toHaveCount(1, { timeout: 500 });
  }).toPass();
  const read = page.waitForResponse((response) => response.request().method() === "POST");
  await page.goto(`/session/${id}`);
  if (javaScriptEnabled === false) await page.getByRole("button", { name: "Mark read" }).click();
  await read;
  await page.getByRole("button", { name: "Mark unread" }).click();
  await expect(page.getByRole("status")).toHaveText("octo/cat is unread again.");
  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByText("Unread", { exact: true })).toHaveCount(1);
});

test("a row has two lines on a phone, with actions that a thumb can hit", async ({
  page,
  ship,
}) => {
  const task = `${"Find out why the page of bills is slow ".repeat(2)}`;
  await ship.sendCreateForm("octo/cat", undefined, { task, branch: "bills/slow" });
  const id = await ship.newestSession();
  const agent = await Agent.connect(ship, id);
  await agent.report({ status: "waiting", text: "Which of the two?" });
  await expect(async () => expect(await ship.list("needs-you")).toContain(id)).toPass();
  await ship.create("octo/dog");

  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto("/dashboard?status=active");
  for (const row of await page.locator(".session-table tbody tr").all()) {
    expect((await row.boundingBox())!.height).toBeLessThanOrEqual(76);
    for (const name of [/^Archive /, /^Delete /]) {
      const action = row.getByRole("button", { name }).or(row.getByRole("link", { name }));
      const { width, height } = (await action.boundingBox())!;
      expect(Math.min(width, height)).toBeGreaterThanOrEqual(44);
    }
    await expect(row.getByRole("time")).toBeInViewport();
  }
});
