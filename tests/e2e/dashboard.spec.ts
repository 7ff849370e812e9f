import { detail, expectIcon, expectRows, rowOf, untilListIsAlive } from "../support/pages";
import { expect, test } from "../support/test";

test("an empty list invites to start the first session", async ({ page, ship }) => {
  expect(await ship.list()).toEqual([]);
  await page.goto("/dashboard");
  await expect(page.getByText("No sessions yet")).toBeVisible();

  await page.getByRole("link", { name: "Start your first session" }).click();

  await expect(page.getByRole("dialog", { name: "New session" })).toBeVisible();
});

test("a line tells repository, status and last activity @phone", async ({ page, ship }) => {
  const before = Date.now();
  const id = await ship.create("octo/cat");
  const after = Date.now();
  await page.goto("/dashboard");
  const row = rowOf(page, "octo/cat");

  await expect(row.getByRole("link", { name: "octo/cat", exact: true })).toHaveAttribute(
    "href",
    `/session/${id}`,
  );
  const status = row.getByText("Active", { exact: true });
  await expect(status).toBeVisible();
  await expectIcon(status);

  const time = row.getByRole("time");
  await expect(time).toHaveText("just now");
  const exact = Date.parse((await time.getAttribute("datetime")) ?? "");
  expect(exact).toBeGreaterThanOrEqual(before);
  expect(exact).toBeLessThanOrEqual(after);
});

test("the session with the newest activity is on top", async ({ page, ship }) => {
  const first = await ship.create("octo/first");
  await ship.create("octo/second");
  await ship.create("octo/third");
  await page.goto("/dashboard");
  await expectRows(page, ["octo/third", "octo/second", "octo/first"]);

  await ship.send(first, "Hello");

  await expect(async () => {
    await page.reload();
    await expectRows(page, ["octo/first", "octo/third", "octo/second"]);
  }).toPass();
});

test("more than 50 sessions come in pages, none left out and none twice @phone", async ({
  page,
  ship,
}) => {
  const repositories = Array.from({ length: 53 }, (_, index) => `octo/number-${index}`);
  for (const repository of repositories) await ship.create(repository);
  const newestFirst = repositories.toReversed();

  await page.goto("/dashboard");
  await expect(page.getByRole("link", { name: "Newest" })).toHaveCount(0);
  await expectRows(page, newestFirst.slice(0, 50));

  await page.getByRole("link", { name: "Older" }).click();
  await expectRows(page, newestFirst.slice(50));
  await expect(page.getByRole("link", { name: "Older" })).toHaveCount(0);

  await page.getByRole("link", { name: "Newest" }).click();
  await expectRows(page, newestFirst.slice(0, 50));
});

test("the archived sessions are behind a tab of their own", async ({ page, ship }) => {
  await ship.create("octo/active");
  await ship.change("archive", await ship.create("octo/archived"));
  await page.goto("/dashboard");
  await expectRows(page, ["octo/active"]);
  const tabs = page.getByRole("navigation", { name: "Status" });
  await expect(tabs.locator("[aria-current=page]")).toHaveText("Active 1");

  await tabs.getByRole("link", { name: "Archived" }).click();
  await expect(page).toHaveURL("/dashboard?status=archived");
  await expectRows(page, ["octo/archived"]);
  await expect(tabs.locator("[aria-current=page]")).toHaveText("Archived 1");

  await tabs.getByRole("link", { name: "Active" }).click();
  await expectRows(page, ["octo/active"]);
});

test("an archive without sessions says so", async ({ page, ship }) => {
  await ship.create("octo/active");
  await page.goto("/dashboard?status=archived");
  await expect(page.getByText("Nothing is archived.")).toBeVisible();
});

test("a dialog opens over the list that was shown, and closes to it", async ({ page, ship }) => {
  await ship.change("archive", await ship.create("octo/archived"));
  await page.goto("/dashboard?status=archived");

  await page.getByRole("link", { name: "New session" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await expect(page.getByText("octo/archived")).toBeVisible();
  await page.getByRole("link", { name: "Cancel" }).click();

  await expect(page).toHaveURL("/dashboard?status=archived");
  await expectRows(page, ["octo/archived"]);
});

for (const { path, status, told } of [
  { path: "/dashboard?status=lost", status: 400, told: "The list can show sessions that need you" },
  { path: "/dashboard?sort=lost", status: 400, told: "The list can be sorted by" },
  { path: "/dashboard?idle=1", status: 400, told: "idle for 7, 14 or 30 days" },
  { path: "/dashboard?repo=lost", status: 400, told: "it should look like “owner/name”" },
  { path: "/dashboard?cursor=lost", status: 400, told: "This link to a part of the list is" },
  { path: "/dashboard?cursor=", status: 400, told: "This link to a part of the list is" },
  { path: "/nowhere", status: 404, told: "There is nothing here" },
]) {
  test(`${path} is told what is wrong with it, and shown a way on`, async ({
    page,
    ship,
    problems,
  }) => {
    problems.allowStatus(status);
    await ship.create("octo/cat");

    const answer = await page.goto(path);
    expect(answer?.status()).toBe(status);
    await expect(page.getByText(told)).toBeVisible();
    await page.getByRole("link", { name: "Go to your sessions" }).click();

    await expectRows(page, ["octo/cat"]);
  });
}

for (const width of [1024, 768, 360, 320]) {
  test(`nothing has to be scrolled sideways on a screen ${width} pixels wide`, async ({
    page,
    ship,
  }) => {
    const repository = `${"o".repeat(39)}/${"n".repeat(100)}`;
    const id = await ship.create(repository);
    await ship.send(id, "m".repeat(200));
    await page.setViewportSize({ width, height: 640 });

    for (const path of [
      "/dashboard",
      "/dashboard/new",
      `/dashboard/delete?id=${id}`,
      `/session/${id}`,
      "/dashboard?status=archived",
    ]) {
      await page.goto(path);
      const widest = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(widest, path).toBeLessThanOrEqual(width);
    }
    await page.goto(`/session/${id}`);
    await expect(detail(page, "Repository")).toContainText(repository);
  });
}

test("a page that was opened without a network says so, and comes when there is one again @js", async ({
  page,
  context,
  ship,
  problems,
}) => {
  problems.allowOutage();
  await ship.change("archive", await ship.create("octo/cat"));
  await page.goto("/dashboard");
  await untilListIsAlive(page);

  await context.setOffline(true);
  await page.getByRole("link", { name: "Archived 1" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ship cannot be reached");
  await context.setOffline(false);

  await expectRows(page, ["octo/cat"]);
  await expect(page).toHaveURL("/dashboard?status=archived");
});
