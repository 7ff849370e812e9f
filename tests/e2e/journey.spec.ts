/**
 * A long use of Ship, from the first sign-in to the return on a phone, through two power failures. Everything that was
 * confirmed to the person is recorded, and compared with the pages and with the storage at the end.
 */
import { devices, type Page } from "playwright/test";
import { findViolations, readStorage } from "../../scripts/audit-storage.mjs";
import { freshName } from "../support/client";
import { test, type OwnServer } from "../support/own-server";
import {
  detail,
  EMPTY,
  expectRows,
  fillCreateForm,
  messages,
  rowOf,
  sendMessage,
  signInAs,
} from "../support/pages";
import { expect } from "../support/test";

/** Twenty-seven repositories with one session each, and three sessions on another. */
const BOATS = Array.from({ length: 27 }, (_, index) => `fleet/boat-${index + 1}`);
const TALKED = "octo/cat";
const [ARCHIVED = "", DELETED = ""] = BOATS;
const CLEANED = BOATS.slice(2, 12);
const STAY = BOATS.slice(12);

const QUESTION = "Please make **all** tests pass:\n\n```sh\nnpm test\n```";

test.setTimeout(240_000); // Thirty forms, and three starts of a server, take long.

test("a whole use: thirty sessions, talk, search, cleaning up, power failures, and back on a phone", async ({
  page,
  browser,
  server,
  problems,
  javaScriptEnabled,
}) => {
  problems.allowStatus(409);
  problems.allowOutage();
  const name = freshName();
  const bar = page.getByRole("group", { name: "Selected sessions" });
  const status = page.getByRole("status");

  await test.step("signs in, and finds an empty list", async () => {
    await page.goto("/");
    await signInAs(page, name);
    await expect(page).toHaveURL(/\/dashboard(\?status=active)?$/);
    await expect(page.getByText("No sessions yet")).toBeVisible();
  });

  await test.step("makes thirty sessions, and is told before a third on one repository", async () => {
    for (const repository of [...BOATS, TALKED, TALKED]) await createByForm(page, repository);
    await page.getByRole("link", { name: "New session" }).click();
    await fillCreateForm(page, ...ownerAndName(TALKED));
    await expect(page.getByRole("alert")).toContainText("2 active sessions on this repository");
    await page.getByRole("button", { name: "Create session" }).click();
    await expect(status).toContainText(`Created a session for ${TALKED}.`);
    await expectTabs(page, 30, 0);
  });

  const { path, token } = await test.step("talks, and connects an agent", async () => {
    await rowOf(page, TALKED).first().getByRole("link", { name: TALKED, exact: true }).click();
    await expect(page.getByText(EMPTY)).toBeVisible();
    await sendMessage(page, QUESTION);
    await expect(messages(page)).toHaveCount(1);
    await expect(messages(page).getByRole("strong")).toHaveText("all");
    await expect(messages(page).locator("pre")).toContainText("npm test");
    const path = new URL(page.url()).pathname;

    await page.getByLabel("Agent’s name").fill("Bosun");
    await page.getByRole("button", { name: "Make a token" }).click();
    const token = await page.getByLabel("The token", { exact: true }).innerText();
    return { path, token };
  });

  await test.step("reads what the agent reports", async () => {
    await report(server, path, token, { status: "waiting", text: "May I update `react`?" });
    if (!javaScriptEnabled) await page.goto(path);
    await expect(messages(page)).toHaveCount(2);
    await expect(messages(page).last()).toContainText("Bosun");
    await expect(detail(page, "Status")).toContainText("Needs you");
    await sendMessage(page, "Yes.");
    await expect(messages(page)).toHaveCount(3);
  });

  await test.step("loses nothing when the power fails right after the agent's answer", async () => {
    await report(server, path, token, { status: "done", text: "All tests pass." });
    await server.kill();
    await server.start();

    // With JavaScript, the page that stayed open reconnects by itself.
    if (!javaScriptEnabled) await page.goto(path);
    await expect(messages(page)).toHaveText([/npm test/, /May I/, /Yes\.$/, /All tests pass\.$/]);
    await expect(detail(page, "Messages")).toHaveText("4 messages");

    if (!javaScriptEnabled) await page.getByRole("button", { name: "Mark read" }).click();

    // The list is notified by the object's alarm, within ten seconds.
    await expect(async () => {
      await page.goto("/dashboard");
      const row = rowOf(page, TALKED).filter({ hasText: "Done, said" });
      await expect(row).toHaveCount(1, { timeout: 500 });
    }).toPass({ timeout: 60_000 });
    await expectTabs(page, 30, 0);
  });

  await test.step("archives one, and takes it back and again away", async () => {
    const archive = page.getByRole("button", { name: `Archive ${ARCHIVED}`, exact: true });
    await archive.click();
    await expect(status).toContainText(`Archived ${ARCHIVED}.`);
    await expectTabs(page, 29, 1);
    await status.getByRole("button", { name: "Undo" }).click();
    await expect(status).toContainText(`Restored ${ARCHIVED}.`);
    await expectTabs(page, 30, 0);
    await archive.click();
    await expectTabs(page, 29, 1);
  });

  await test.step("searches active and archived ones alike", async () => {
    await search(page, ARCHIVED);
    await expect(rowOf(page, ARCHIVED)).toContainText("Archived");
    await search(page, "CAT");
    await expectRows(page, [TALKED, TALKED, TALKED]);
    await page.getByRole("link", { name: "Clear search" }).click();
    await expectTabs(page, 29, 1);
  });

  await test.step("reviews the idle ones: there are none yet", async () => {
    await page.goto("/dashboard?idle=7");
    await expect(page.getByText("No active session has been idle for 7 days.")).toBeVisible();
    await page.getByRole("link", { name: "Show all active sessions" }).click();
    await expect(page).toHaveURL("/dashboard?status=active");
  });

  await test.step("archives many at once, and takes all of it back", async () => {
    await select(page, CLEANED);
    await bar.getByRole("button", { name: "Archive" }).click();
    await expect(status).toContainText("Archived 10 sessions.");
    await expectTabs(page, 19, 11);
    await status.getByRole("button", { name: "Undo" }).click();
    await expect(status).toContainText("Restored 10 sessions.");
    await expectTabs(page, 29, 1);
  });

  await test.step("deletes many at once, also when the power fails in the middle", async () => {
    await select(page, CLEANED);
    await bar.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete 10 sessions" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Deleting 10 sessions");
    const progress = page.url();
    await page.goto("about:blank"); // without JavaScript the page reloads itself, which would interrupt the next goto
    await server.kill();
    await server.start();

    await page.goto(progress);
    await expect(page.getByText("Deleted 10 sessions.")).toBeVisible({ timeout: 60_000 });
    await page.getByRole("link", { name: "Back to the list" }).click();
    await expectTabs(page, 19, 1);
  });

  await test.step("deletes one", async () => {
    await page.getByRole("link", { name: `Delete ${DELETED}`, exact: true }).click();
    await expect(page.getByRole("dialog")).toContainText(`${DELETED}, created`);
    await page.getByRole("button", { name: "Delete session" }).click();
    await expect(status).toHaveText("Session deleted.");
    await expectTabs(page, 18, 1);
  });

  await test.step("signs out, and is asked to sign in again", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page).toHaveURL("/login");
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  });

  await test.step("comes back on a phone, and finds everything", async () => {
    const phone = await browser.newContext({
      ...devices["Pixel 7"],
      viewport: { width: 360, height: 740 },
      baseURL: server.url,
      javaScriptEnabled: javaScriptEnabled ?? true,
    });
    problems.watch(phone);
    const page = await phone.newPage();
    await page.goto(path);
    await signInAs(page, name);
    await expect(page).toHaveURL(path);
    await expect(messages(page)).toHaveText([/npm test/, /May I/, /Yes\.$/, /All tests pass\.$/]);
    await sendMessage(page, "Thanks!");
    await expect(messages(page)).toHaveCount(5);

    await page.getByRole("link", { name: "All sessions" }).click();
    await expectRows(page, [TALKED, TALKED, TALKED, ...STAY.toReversed()]);
    await page.getByRole("link", { name: "Archived 1" }).click();
    await expectRows(page, [ARCHIVED]);
    await phone.close();
  });

  await test.step("and so it is stored, without a breach", async () => {
    await expect(() => expect(findViolations(readStorage(server.state))).toEqual([])).toPass();
    const { rows, tombstones, objects } = readStorage(server.state);
    const kept = (status: string) =>
      rows
        .filter((row) => row.status === status)
        .map((row) => `${row.repo_owner}/${row.repo_name}`);
    expect(kept("active").sort()).toEqual([...STAY, TALKED, TALKED, TALKED].sort());
    expect(kept("archived")).toEqual([ARCHIVED]);
    expect(tombstones).toHaveLength(CLEANED.length + 1);
    expect(objects.flatMap((object) => object.messageKeys)).toHaveLength(5);
    const talked = rows.find((row) => path.endsWith(row.id));
    expect(talked?.message_count).toBe(5);
  });
});

function ownerAndName(repository: string): [owner: string, name: string] {
  const [owner = "", name = ""] = repository.split("/");
  return [owner, name];
}

async function createByForm(page: Page, repository: string) {
  await page.getByRole("link", { name: "New session", exact: true }).click();
  await fillCreateForm(page, ...ownerAndName(repository));
  await expect(page.getByRole("status")).toContainText(`Created a session for ${repository}.`);
}

async function expectTabs(page: Page, active: number, archived: number) {
  const tabs = page.getByRole("navigation", { name: "Status" }).getByRole("link");
  await expect(tabs).toHaveText([
    "Needs you 0",
    `Active ${active}`,
    `Archived ${archived}`,
    `All ${active + archived}`,
  ]);
}

async function search(page: Page, words: string) {
  await page.getByLabel("Search").fill(words);
  await page.getByLabel("Search").press("Enter");
}

async function select(page: Page, repositories: string[]) {
  for (const repository of repositories) {
    await page.getByRole("checkbox", { name: `Select ${repository}`, exact: true }).check();
  }
}

/** Reports into a session as its agent does: over plain HTTP, with its token only. */
async function report(
  server: OwnServer,
  path: string,
  token: string,
  fields: Record<string, string>,
) {
  const answer = await fetch(server.url + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    body: new URLSearchParams(fields),
  });
  expect(answer.status).toBe(201);
}
