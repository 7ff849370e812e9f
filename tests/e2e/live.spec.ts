/**
 * A session's page while it is open: changes by others appear without a reload, and nothing is lost without a network.
 */
import { readFile } from "node:fs/promises";
import type { Page, Route } from "playwright/test";
import { Agent } from "../support/agent";
import { expectLive, nameOf, openLive, test } from "../support/elsewhere";
import {
  bringNetworkBack,
  cutNetwork,
  detail,
  expectRows,
  fillCreateForm,
  messages,
  openDetails,
  sendMessage,
  signInAs,
} from "../support/pages";
import { expect } from "../support/test";

async function restoreNetwork(page: Page) {
  await bringNetworkBack(page);
  await expectLive(page);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Expects the page to end with these messages, in this order, each once. */
async function expectLastMessages(page: Page, texts: string[]) {
  await expect(messages(page).last()).toContainText(texts.at(-1) ?? "");
  expect((await textsOn(page)).slice(-texts.length)).toEqual(texts);
}

/** @returns the texts of the messages that the page shows */
async function textsOn(page: Page): Promise<string[]> {
  const texts = await messages(page).locator("> :last-child").allInnerTexts();
  return texts.map((text) => text.trim());
}

test("what is sent in one browser appears in the other @js @phone", async ({
  page,
  ship,
  elsewhere,
}) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await openLive(elsewhere.page, id);

  await sendMessage(page, "Is anyone there?");
  await expect(messages(elsewhere.page)).toContainText("Is anyone there?");
  await sendMessage(elsewhere.page, "Only *me*.");
  await expect(messages(page).last()).toContainText("Only me.");

  for (const each of [page, elsewhere.page]) {
    await expect(messages(each)).toHaveCount(2);
    await expect(detail(each, "Messages")).toHaveText("2 messages");
    await expect(each.getByLabel("Message")).toHaveValue("");
  }
});

test("an agent's report appears at once, and messages reach the agent @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id, "Builder");
  await openLive(page, id);

  await agent.report({ status: "working" });
  await expect(detail(page, "Status")).toContainText("Working, said just now");
  await agent.report({ text: "May I?", status: "waiting" });
  await expect(detail(page, "Status")).toContainText("Needs you, said just now");
  await expect(messages(page)).toContainText("Builder (agent)");

  const answer = agent.read(1);
  await sendMessage(page, "You may.");
  expect(await answer).toMatchObject([{ id: 2, role: "user", text: "You may." }]);
});

test("archiving, restoring and deleting in one browser show in the other @js", async ({
  page,
  ship,
  elsewhere,
  problems,
}) => {
  problems.allowStatus(404); // Of a page that revalidated while the session was being deleted.
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await openLive(elsewhere.page, id);

  await page.getByRole("button", { name: "Archive" }).click();
  await expect(detail(elsewhere.page, "Status")).toHaveText("Archived");
  await elsewhere.page.getByRole("button", { name: "Restore" }).click();
  await expect(detail(page, "Status")).toHaveText("Active");

  await ship.delete(id);
  for (const each of [page, elsewhere.page]) {
    await expect(each.getByText("This session was deleted.")).toBeVisible();
  }
});

test("an agent's typed name stays while the page revalidates @js", async ({
  page,
  ship,
  elsewhere,
}) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await page.getByLabel("Agent’s name").fill("Bosun");

  await elsewhere.ship.change("archive", id);
  await expect(detail(page, "Status")).toHaveText("Archived");
  await expect(page.getByLabel("Agent’s name")).toHaveValue("Bosun");
  await page.getByRole("button", { name: "Make a token" }).click();
  await expect(page.getByLabel("The token", { exact: true })).toBeVisible();
  await expect(page.getByLabel("Agent’s name")).toHaveValue("");
});

test("the create dialog keeps its message and its form's key while the list revalidates @js", async ({
  page,
  ship,
  elsewhere,
  problems,
}) => {
  problems.allowStatus(400);
  await ship.create("octo/cat");
  await page.goto("/dashboard/new");
  await fillCreateForm(page, "octo", "..");
  const field = page.getByLabel("Repository name");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  const key = page.getByRole("dialog").locator("input[name=key]");
  const before = await key.inputValue();

  await expect(async () => {
    await elsewhere.ship.create("octo/news");
    await expect(page.getByText(/^\d+ updates?$/)).toBeAttached({ timeout: 1_000 });
  }).toPass();
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(key).toHaveValue(before);
});

test("signing out elsewhere closes the live socket here, and the page says why @js", async ({
  page,
  ship,
  elsewhere,
}) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await elsewhere.ship.post("/account", { intent: "sign-out-everywhere" });
  await expect(page.getByText("You signed out.")).toBeVisible();
});

test("a page whose session or sign-in ended while the network was gone says so when it is back, and what to do @js", async ({
  page,
  ship,
  elsewhere,
  problems,
}) => {
  problems.allow(/net::ERR_INTERNET_DISCONNECTED/);
  const deleted = await ship.create("octo/cat");
  const kept = await ship.create("octo/dog");
  const name = await nameOf(ship);

  await openLive(page, deleted);
  await cutNetwork(page);
  await elsewhere.ship.delete(deleted);
  await bringNetworkBack(page);
  await expect(page.getByText("This session was deleted.")).toBeVisible();
  await page.getByRole("link", { name: "Go to your sessions" }).click();
  await expectRows(page, ["octo/dog"]);

  await cutNetwork(page);
  await elsewhere.ship.post("/account", { intent: "sign-out-everywhere" });
  await bringNetworkBack(page);
  await expect(page.getByText("You signed out.")).toBeVisible();
  await expectRows(page, ["octo/dog"]);
  await page.getByRole("link", { name: "Sign in again" }).click();
  await signInAs(page, name);
  await expect(page).toHaveURL("/dashboard?status=active");

  await elsewhere.ship.signIn(name);
  await page.getByRole("link", { name: "octo/dog", exact: true }).click();
  await expectLive(page);
  await page.getByLabel("Message").fill("Half a thought");
  await cutNetwork(page);
  await elsewhere.ship.post("/account", { intent: "sign-out-everywhere" });
  await bringNetworkBack(page);
  await expect(page.getByText("You signed out.")).toBeVisible();
  await page.getByRole("link", { name: "Sign in again" }).click();
  await signInAs(page, name);
  await expect(page).toHaveURL(`/session/${kept}`);
  await expect(page.getByLabel("Message")).toHaveValue("Half a thought");
  await expectLive(page);
});

test("messages written while the network is gone appear when it is back, in order, once @js", async ({
  page,
  ship,
  elsewhere,
  problems,
}) => {
  problems.allow(/net::ERR_INTERNET_DISCONNECTED/);
  const id = await ship.create("octo/cat");
  await ship.send(id, "Before");
  await openLive(page, id);

  await cutNetwork(page);
  for (const number of range(1, 20)) await elsewhere.ship.send(id, `Missed ${number}`);
  await expect(messages(page)).toHaveCount(1);

  await restoreNetwork(page);
  await expectLastMessages(page, ["Before", ...range(1, 20).map((number) => `Missed ${number}`)]);
});

test("two hundred messages in a burst arrive in order, each once, and the page keeps no more @js", async ({
  page,
  ship,
}) => {
  test.slow(); // Two hundred requests take long.
  const id = await ship.create("octo/cat");
  for (const number of range(1, 3)) await ship.send(id, `Before ${number}`);
  await openLive(page, id);

  // Two agents, because of the limit for one token.
  const agents = await Promise.all([Agent.connect(ship, id), Agent.connect(ship, id)]);
  const reports = range(1, 100).flatMap((number) =>
    agents.map((agent, index) => () => agent.report({ text: `Number ${number}.${index}` })),
  );
  await Promise.all(range(1, 8).map(() => inTurn(reports)));

  const read = [...(await agents[0].read(3)), ...(await agents[0].read(103))];
  await expectLastMessages(page, [read.at(-1)?.text ?? ""]);
  await expect(messages(page)).toHaveCount(200);
  const shown = await textsOn(page);
  expect(new Set(shown).size).toBe(200);
  expect(shown).toEqual(read.map(({ text }) => text));

  // A page that was scrolled up stays there; scrolled to the end again, it has only the newest messages.
  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(messages(page)).toHaveCount(203);
  await expect(messages(page).first()).toContainText("Before 1");
  await agents[0].report({ text: "One more." });
  await expect(messages(page)).toHaveCount(204);
  await page.getByRole("button", { name: "1 new message" }).click();
  await expect(page.getByRole("button", { name: "1 new message" })).toHaveCount(0);
  await agents[0].report({ text: "The last one." });
  await expect(messages(page)).toHaveCount(200);
  await expectLastMessages(page, ["One more.", "The last one."]);
});

async function inTurn(reports: (() => Promise<unknown>)[]) {
  for (let report = reports.shift(); report; report = reports.shift()) await report();
}

test("a token is made, shown once, used, revoked and gone @phone", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await openDetails(page);
  await page.getByLabel("Agent’s name").fill("Builder");
  await page.getByRole("button", { name: "Make a token" }).click();

  const made = page.getByRole("group", { name: "The new token" });
  await expect(made).toContainText("it is shown only this once");
  await expect(made.getByLabel("The token", { exact: true })).toHaveText(/^ship_[0-9a-f]{64}$/);
  await page.goto(`/session/${id}`);
  await expect(made).toHaveCount(0);

  await openDetails(page);
  await expect(page.getByText("1 connected")).toBeVisible();
  const agents = page.getByRole("list", { name: "Connected agents" });
  await expect(agents).toContainText("never used");
  await page.getByRole("button", { name: "Revoke the token of Builder" }).click();
  await expect(page.getByRole("status")).toHaveText("The token is revoked.");
  await expect(agents).toHaveCount(0);
});

test("a token that was just made stays on the page while it changes @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await page.getByLabel("Agent’s name").fill("Builder");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = page.getByLabel("The token", { exact: true });
  const shown = await token.innerText();

  await ship.send(id, "Hello");
  await ship.change("archive", id);
  await expect(detail(page, "Status")).toHaveText("Archived");
  await expect(messages(page)).toHaveCount(1);
  await expect(token).toHaveText(shown);
});

test("a draft survives a reload, and is forgotten when it is sent @js", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  const composer = page.getByLabel("Message");
  await composer.fill("Half a thought");
  await page.reload();
  await expect(composer).toHaveValue("Half a thought");

  await sendMessage(page, "A whole thought");
  await expect(messages(page)).toContainText("A whole thought");
  await page.reload();
  await expectLive(page);
  await expect(composer).toHaveValue("");
});

test("a message that is sent without a network stays, and is sent once when it is back @js", async ({
  page,
  ship,
  problems,
}) => {
  problems.allow(/net::ERR_INTERNET_DISCONNECTED/);
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  await cutNetwork(page);
  await sendMessage(page, "Hello?");
  await expect(page.getByRole("alert")).toContainText("Ship cannot be reached");
  await expect(page.getByLabel("Message")).toHaveValue("Hello?");

  await restoreNetwork(page);
  await expect(page.getByLabel("Message")).toHaveValue("Hello?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByLabel("Message")).toHaveValue("");
  await page.reload();
  await expect(messages(page)).toHaveCount(1);
});

test("a message whose answer is lost on the way back is sent once, however often it is tried @js", async ({
  page,
  ship,
  problems,
}) => {
  problems.allow(/net::ERR_FAILED/);
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  let lost = false;
  await page.route("**/session/**", async (route) => {
    if (lost || route.request().method() !== "POST") return route.fallback();
    lost = true;
    await route.fetch({ maxRedirects: 0 });
    await route.abort();
  });

  await sendMessage(page, "Only once");
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByLabel("Message")).toHaveValue("");
  await page.reload();
  await expect(messages(page)).toHaveCount(1);
});

test("a message of more than 32 KiB gets an error before it is sent @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await openLive(page, id);
  const composer = page.getByLabel("Message");
  const send = page.getByRole("button", { name: "Send" });

  await composer.fill("é".repeat(10 * 1024));
  await expect(composer).toHaveAccessibleDescription("20 of at most 32 KiB.");
  await composer.fill("é".repeat(16 * 1024 + 1));
  await expect(composer).toHaveAccessibleDescription(/^This is more than 32 KiB\./);
  await expect(send).toBeDisabled();
  await composer.fill("é".repeat(16 * 1024));
  await expect(send).toBeEnabled();
});

test("earlier messages are put in front of those that are read, which stay in place @js @phone", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  for (const number of range(1, 65)) await agent.report({ text: `Number ${number}.` });
  await openLive(page, id);
  const first = page.getByText("Number 36.", { exact: true });
  await first.scrollIntoViewIfNeeded();
  const loadEarlier = page.getByRole("link", { name: "Load earlier" });
  await loadEarlier.scrollIntoViewIfNeeded();
  const before = (await first.boundingBox())?.y ?? 0;

  await loadEarlier.click();
  await expect(messages(page)).toHaveCount(60);
  const after = (await first.boundingBox())?.y ?? 0;
  expect(Math.abs(after - before)).toBeLessThan(4);
  await expect(page).toHaveURL(`/session/${id}`);

  await agent.report({ text: "The newest." });
  await expect(messages(page)).toHaveCount(61);
  await loadEarlier.click();
  await expect(messages(page)).toHaveCount(66);
  await expect(loadEarlier).toHaveCount(0);
  await expectLastMessages(page, [
    ...range(1, 65).map((number) => `Number ${number}.`),
    "The newest.",
  ]);
});

test("what agents wrote is unread until its owner looks or says so", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  await agent.report({ text: "I am done." });
  const notice = page.getByText("Agents have written or reported since you last looked.");

  const told = page.waitForResponse((answer) => answer.request().method() === "POST");
  await page.goto(`/session/${id}`);
  if (javaScriptEnabled === false) {
    await expect(notice).toBeVisible();
    await page.getByRole("button", { name: "Mark read" }).click();
    await expect(page).toHaveURL(`/session/${id}`);
  }
  await told;
  await expect(notice).toHaveCount(0);
  expect(await (await ship.request.get(`/session/${id}`)).text()).not.toContain("Mark read");
});

test("a session looked at just before leaving is not unread @js", async ({ page, ship }) => {
  test.slow(); // The list is notified of messages within ten seconds.
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  await page.goto(`/session/${id}`);
  await agent.report({ text: "First" });
  await expect(messages(page)).toHaveCount(1);
  await agent.report({ text: "Second" });
  await expect(messages(page)).toHaveCount(2);

  await page.goto("/dashboard");
  await expect
    .poll(async () => (await ship.listPage("")).sessions.map(({ messageCount }) => messageCount))
    .toEqual([2]);
  await page.reload();
  await expect(page.getByText("Unread")).toHaveCount(0);
});

test("a session looked at while the server was down is marked as seen when it is back @js", async ({
  page,
  ship,
  problems,
}) => {
  problems.allow(/ERR_FAILED|status of 503/);
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  await agent.report({ text: "I am done." });
  const refusals: ((route: Route) => Promise<void>)[] = [
    (route) => route.abort(),
    (route) => route.fulfill({ status: 503 }),
  ];
  await page.route(`/session/${id}`, async (route) => {
    const isPost = route.request().method() === "POST";
    await ((isPost && refusals.shift()?.(route)) || route.continue());
  });
  await page.goto(`/session/${id}`);

  await expect(async () => {
    expect(await (await ship.request.get(`/session/${id}`)).text()).not.toContain("Mark read");
  }).toPass();
  expect(refusals).toEqual([]);
});

test("a session is downloaded with all of its messages", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  for (const number of range(1, 101)) await agent.report({ text: `Number *${number}*` });
  await ship.send(id, "The last one");
  await page.goto(`/session/${id}`);

  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  const download = await downloading;

  expect(download.suggestedFilename()).toBe(`octo-cat-${id.slice(0, 8)}.json`);
  const { session, messages } = JSON.parse(await readFile(await download.path(), "utf8")) as {
    session: unknown;
    messages: { text: string }[];
  };
  expect(session).toMatchObject({ id, repository: "octo/cat", status: "active" });
  expect(messages.map(({ text }) => text)).toEqual([
    ...range(1, 101).map((number) => `Number *${number}*`),
    "The last one",
  ]);
});
