/** A server whose objects fail as the repository's name says: see support/companions/faulty.ts. */
import {
  detail,
  EMPTY,
  expectRows,
  fillCreateForm,
  messages,
  press,
  sendMessage,
} from "../support/pages";
import { FAULTY, urlOf } from "../support/servers";
import { expect, test } from "../support/test";

test.use({ baseURL: urlOf(FAULTY) });

for (const repository of ["initialize-fails-2", "initialize-loses-answer-2"]) {
  test(`creating while the object fails is told truthfully, and safe to repeat (${repository})`, async ({
    page,
    ship,
    problems,
  }) => {
    problems.allowStatus(503);
    await page.goto("/dashboard/new");
    await fillCreateForm(page, "octo", repository);

    await expect(page.getByRole("alert")).toHaveText(
      "The session is on your list, but could not be set up completely. Send it again; it will not make a second session.",
    );
    await expect(page.getByLabel("Repository owner")).toHaveValue("octo");
    await expect(page.getByLabel("Repository name")).toHaveValue(repository);
    const [id = ""] = await ship.list();

    // The object fails once more, and works from then on.
    expect(await press(page, "Create session")).toBe(503);
    await expect(page.getByRole("alert")).toBeVisible();
    expect(await press(page, "Create session")).toBeLessThan(400);

    await expect(page.getByRole("status")).toContainText("Created a session");
    await expectRows(page, [`octo/${repository}`]);
    expect(await ship.list()).toEqual([id]);
    await page.goto(`/session/${id}`);
    await sendMessage(page, "Hello");
    await expect(messages(page)).toHaveCount(1);
  });
}

test("a session whose object could not be set up works once the object does", async ({
  page,
  ship,
}) => {
  await ship.sendCreateForm("octo/initialize-fails-1");
  const [id = ""] = await ship.list();

  await page.goto(`/session/${id}`);
  await expect(page.getByText(EMPTY)).toBeVisible();
  await sendMessage(page, "Hello");
  await expect(messages(page)).toHaveCount(1);
  await expect(detail(page, "Messages")).toHaveText("1 message");
});

test("a message sent while the object fails stays, and sent again is there once", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(503);
  const id = await ship.create("octo/append-fails-2");
  await page.goto(`/session/${id}`);
  await page.getByLabel("Message").fill("Hello\nship");

  for (let failures = 0; failures < 2; failures++) {
    expect(await press(page, "Send")).toBe(503);
    await expect(page.getByRole("alert")).toHaveText(
      "The session did not answer, so the message may not have been sent. Send it again; it will not be there twice.",
    );
    await expect(page.getByLabel("Message")).toHaveValue("Hello\nship");
  }
  expect(await press(page, "Send")).toBeLessThan(400);

  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByLabel("Message")).toHaveValue("");
  await sendMessage(page, "Another");
  await expect(messages(page)).toHaveCount(2);
  await expect(detail(page, "Messages")).toHaveText("2 messages");
});

test("a message that arrived while its answer was lost is shown as sent, not as a draft", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(503);
  const id = await ship.create("octo/append-loses-answer-1");
  await page.goto(`/session/${id}`);
  await page.getByLabel("Message").fill("Hello");
  expect(await press(page, "Send")).toBe(503);

  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByLabel("Message")).toHaveValue("");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await sendMessage(page, "Another");
  await expect(messages(page)).toHaveText([/Hello$/, /Another$/]);
});

test("deleting while the object fails may not have begun, and is safe to repeat", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(503);
  problems.allowStatus(404);
  const id = await ship.create("octo/prepare-fails-1");
  await page.goto(`/dashboard/delete?id=${id}`);
  await page.getByRole("button", { name: "Delete session" }).click();

  await expect(page.getByRole("alert")).toHaveText(
    "The session did not answer, so its deletion may not have begun. Try again; it is safe.",
  );
  expect(await ship.list()).toEqual([id]);
  await page.getByRole("button", { name: "Delete session" }).click();

  await expect(page.getByRole("status")).toHaveText("Session deleted.");
  await expect(page.getByText("No sessions yet")).toBeVisible();
  expect((await page.goto(`/session/${id}`))?.status()).toBe(404);
});

test("a deletion that has begun unnoticed finishes by itself", async ({ page, ship, problems }) => {
  problems.allowStatus(503);
  problems.allowStatus(409);
  problems.allowStatus(404);
  const id = await ship.create("octo/prepare-loses-answer-1");
  await page.goto(`/session/${id}`);
  await expect(page.getByLabel("Message")).toBeVisible();
  await page.getByRole("link", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete session" }).click();
  await expect(page.getByRole("alert")).toContainText("its deletion may not have begun");

  await page.goto(`/session/${id}`);
  await expect(page.getByText("Deleting is under way and will finish by itself.")).toBeVisible();
  await expect(page.getByLabel("Message")).toHaveCount(0);
  expect((await ship.sendMessageForm(id, "Too late")).status()).toBe(409);

  await expect(async () => {
    expect((await page.goto(`/session/${id}`))?.status()).toBe(404);
  }).toPass();
  expect(await ship.list()).toEqual([]);
});

test("a deletion that could not be finished at once is said to be under way", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(404);
  const id = await ship.create("octo/wipe-fails-1");
  await page.goto(`/dashboard/delete?id=${id}`);
  await page.getByRole("button", { name: "Delete session" }).click();

  await expect(page.getByRole("status")).toHaveText(
    "Deleting is under way and will finish by itself.",
  );
  await expect(page.getByText("No sessions yet")).toBeVisible();
  expect((await page.goto(`/session/${id}`))?.status()).toBe(404);
  await page.goto(`/dashboard/delete?id=${id}`);
  await expect(page.getByRole("dialog", { name: "Already deleted" })).toBeVisible();
});

test("a session whose object cannot be reached shows the rest, and all of it later", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/conversation-fails-3");
  for (let refused = 0; refused < 2; refused++) await ship.request.get(`/session/${id}`);

  await page.goto(`/session/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("octo/conversation-fails-3");
  await expect(detail(page, "Status")).toHaveText("Active");
  await expect(page.getByText("The conversation cannot be reached just now.")).toBeVisible();

  await page.reload();
  await expect(page.getByText(EMPTY)).toBeVisible();
  await sendMessage(page, "Hello");
  await expect(messages(page)).toHaveCount(1);
});

test("the delete confirmation says where messages cannot be counted", async ({ page, ship }) => {
  const id = await ship.create("octo/snapshot-fails-1");
  await ship.send(id, "Hello");

  await page.goto(`/dashboard/delete?id=${id}`);
  await expect(page.getByRole("dialog")).toContainText("its messages cannot be counted just now");

  await page.reload();
  await expect(page.getByRole("dialog")).toContainText("1 message.");
});
