import { randomUUID } from "node:crypto";
import { expectRows, rowOf } from "../support/pages";
import { expect, test } from "../support/test";

test("the confirmation tells repository, age and message count", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await ship.send(id, "First");
  await ship.send(id, "Second");
  await page.goto("/dashboard");

  await rowOf(page, "octo/cat").getByRole("link", { name: "Delete octo/cat" }).click();

  const dialog = page.getByRole("dialog", { name: "Delete this session?" });
  await expect(dialog).toContainText("octo/cat, created just now, 2 messages.");
  await expect(dialog.getByRole("time")).toHaveAttribute("datetime", /^\d{4}-\d\d-\d\dT/);
  expect(await ship.list()).toEqual([id]);
});

test("a deleted session is gone from the list and from its address @phone", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(404);
  await ship.create("octo/stays");
  const id = await ship.create("octo/goes");
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "Delete octo/goes" }).click();
  await page.getByRole("button", { name: "Delete session" }).click();

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("status")).toHaveText("Session deleted.");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectRows(page, ["octo/stays"]);
  const answer = await page.goto(`/session/${id}`);
  expect(answer?.status()).toBe(404);
  await expect(page.getByText("This session does not exist, or it is not yours.")).toBeVisible();
});

test("Cancel deletes nothing", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await ship.send(id, "Hello");
  await page.goto("/dashboard");
  await page.getByRole("link", { name: "Delete octo/cat" }).click();
  await page.getByRole("dialog").getByRole("link", { name: "Cancel" }).click();

  await expect(page).toHaveURL("/dashboard?status=active");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expectRows(page, ["octo/cat"]);
  await page.goto(`/session/${id}`);
  await expect(page.getByText("Hello")).toBeVisible();
});

test("a session is deleted from its own page", async ({ page, ship }) => {
  await ship.create("octo/stays");
  const id = await ship.create("octo/goes");
  await page.goto(`/session/${id}`);
  await page.getByRole("link", { name: "Delete" }).click();
  await expect(page.getByRole("dialog")).toContainText("octo/goes");
  await page.getByRole("button", { name: "Delete session" }).click();

  await expectRows(page, ["octo/stays"]);
});

test("a session deleted from the archive leaves one in the archive", async ({ page, ship }) => {
  for (const name of ["stays", "goes"]) {
    await ship.change("archive", await ship.create(`octo/${name}`));
  }
  await page.goto("/dashboard?status=archived");
  await page.getByRole("link", { name: "Delete octo/goes" }).click();
  await page.getByRole("button", { name: "Delete session" }).click();

  await expect(page).toHaveURL("/dashboard?status=archived");
  await expectRows(page, ["octo/stays"]);
});

test("deleting what was deleted in another window says so", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/dashboard/delete?id=${id}`);
  await ship.delete(id);

  await page.getByRole("button", { name: "Delete session" }).click();
  await expect(page.getByRole("status")).toHaveText("That session was already deleted.");
  await expect(page.getByText("No sessions yet")).toBeVisible();

  await page.goto(`/dashboard/delete?id=${id}`);
  const dialog = page.getByRole("dialog", { name: "Already deleted" });
  await expect(dialog).toContainText("This session is gone");
  await dialog.getByRole("link", { name: "Close" }).click();
  await expect(page).toHaveURL("/dashboard?status=active");
});

test("a double click deletes once, and says so", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/dashboard/delete?id=${id}`);
  await page.getByRole("button", { name: "Delete session" }).dblclick();

  await expect(page.getByRole("status")).toContainText(/deleted/);
  await expect(page.getByText("No sessions yet")).toBeVisible();
});

test("what does not exist and what is someone else's cannot be deleted", async ({
  page,
  ship,
  someoneElse,
  problems,
}) => {
  problems.allowStatus(404);
  const mine = await ship.create("octo/mine");
  const foreign = await someoneElse.ship.create("octo/foreign");

  for (const id of [randomUUID(), foreign]) {
    const answer = await page.goto(`/dashboard/delete?id=${id}`);
    expect(answer?.status()).toBe(404);
    await expect(page.getByText("This session does not exist, or it is not yours.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Delete session" })).toHaveCount(0);
    expect((await ship.post(`/dashboard/delete?id=${id}`)).status()).toBe(404);
  }

  expect(await ship.list()).toEqual([mine]);
  expect(await someoneElse.ship.list()).toEqual([foreign]);
});
