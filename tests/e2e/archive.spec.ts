import { detail, expectIcon, expectRows, rowOf } from "../support/pages";
import { expect, test } from "../support/test";

test("a session is archived from the list, and Undo brings it back to its place @phone", async ({
  page,
  ship,
}) => {
  for (const name of ["first", "second", "third"]) await ship.create(`octo/${name}`);
  await page.goto("/dashboard");

  await rowOf(page, "octo/second").getByRole("button", { name: "Archive octo/second" }).click();
  await expect(page.getByRole("status")).toContainText("Archived octo/second.");
  await expectRows(page, ["octo/third", "octo/first"]);

  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("status")).toContainText("Restored octo/second.");
  await expectRows(page, ["octo/third", "octo/second", "octo/first"]);
  await expect(page).toHaveURL("/dashboard?status=active");
});

test("the message about an archived session is not shown again by Back and Forward", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await page.getByRole("button", { name: "Archive" }).click();
  const status = page.getByRole("status");
  await expect(status).toContainText("Archived octo/cat.");

  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page).toHaveURL("/dashboard?status=archived");
  await expect(status).toHaveText("");
  await page.goBack();
  await expect(page.getByRole("button", { name: "Restore" })).toBeVisible();
  await expect(status).toHaveText("");
  await page.goForward();
  await expect(page).toHaveURL("/dashboard?status=archived");
  await expect(status).toHaveText("");
});

test("a session is restored from the archive, and Undo puts it back there", async ({
  page,
  ship,
}) => {
  await ship.create("octo/active");
  for (const name of ["first", "second", "third"]) {
    await ship.change("archive", await ship.create(`octo/${name}`));
  }
  await page.goto("/dashboard?status=archived");
  const row = rowOf(page, "octo/second");
  await expect(row.getByText("Archived", { exact: true })).toBeVisible();
  await expectIcon(row.getByText("Archived", { exact: true }));

  await row.getByRole("button", { name: "Restore octo/second" }).click();
  await expect(page.getByRole("status")).toContainText("Restored octo/second.");
  await expect(page).toHaveURL("/dashboard?status=archived");
  await expectRows(page, ["octo/third", "octo/first"]);

  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expectRows(page, ["octo/third", "octo/second", "octo/first"]);
});

test("a restored session is in its old place, because only activity moves it", async ({
  page,
  ship,
}) => {
  const first = await ship.create("octo/first");
  await ship.create("octo/second");
  await page.goto("/dashboard");
  const time = rowOf(page, "octo/first").getByRole("time");
  const lastActivity = (await time.getAttribute("datetime")) ?? "";

  await ship.change("archive", first);
  await ship.change("restore", first);

  await page.goto("/dashboard");
  await expectRows(page, ["octo/second", "octo/first"]);
  await expect(time).toHaveAttribute("datetime", lastActivity);
});

test("a session is archived and restored on its own page @phone", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);

  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  await expect(detail(page, "Status")).toHaveText("Archived");
  await expect(page).toHaveURL(`/session/${id}`);
  expect(await ship.list("archived")).toEqual([id]);

  await page.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("Restored octo/cat.");
  await expect(detail(page, "Status")).toHaveText("Active");

  await page.getByRole("status").getByRole("button", { name: "Undo" }).click();
  await expect(detail(page, "Status")).toHaveText("Archived");
  await expect(page).toHaveURL(`/session/${id}`);
});

test("archiving what was archived in another window is no error", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto("/dashboard");
  await ship.change("archive", id);

  await page.getByRole("button", { name: "Archive octo/cat" }).click();

  await expect(page.getByText("No sessions yet")).toBeVisible();
  expect(await ship.list("archived")).toEqual([id]);
});

test("archiving what was deleted in another window says that it is not there", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(404);
  const id = await ship.create("octo/cat");
  await page.routeWebSocket("**/dashboard/live", () => undefined); // Or the list would learn of it at once.
  await page.goto("/dashboard");
  await ship.delete(id);

  await page.getByRole("button", { name: "Archive octo/cat" }).click();

  await expect(page.getByText("This session does not exist, or it is not yours.")).toBeVisible();
  await page.getByRole("link", { name: "Go to your sessions" }).click();
  await expect(page.getByText("No sessions yet")).toBeVisible();
});

test("a session's page tells its history, with times", async ({ page, ship }) => {
  const before = Date.now();
  const id = await ship.create("octo/cat");
  await ship.change("archive", id);
  await ship.change("restore", id);
  await ship.change("keep", id);
  await page.goto(`/session/${id}`);

  const history = page.getByRole("region", { name: "History" }).getByRole("listitem");
  await expect(history).toHaveText([/^Created /, /^Archived /, /^Restored /, /^Kept active /]);
  let last = before;
  for (const event of await history.all()) {
    const at = Date.parse((await event.getByRole("time").first().getAttribute("datetime")) ?? "");
    expect(at).toBeGreaterThanOrEqual(last);
    last = at;
  }
  expect(last).toBeLessThanOrEqual(Date.now());
});

test("news during archiving remove neither the message nor its Undo @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await page.clock.install();
  const opened = page.waitForEvent("websocket");
  await page.goto("/dashboard");
  const socket = await opened;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(/_data=routes%2Fdashboard/, async (route) => {
    if (route.request().method() === "GET") await released;
    await route.continue();
  });

  const news = socket.waitForEvent("framereceived", ({ payload }) => payload.includes(id));
  const message = page.waitForResponse(/_data=root/);
  await page.getByRole("button", { name: "Archive octo/cat" }).click();
  await Promise.all([news, message]);
  await page.clock.runFor(1_000);
  release();

  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
});
