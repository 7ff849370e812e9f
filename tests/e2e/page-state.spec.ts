/** The state of a page that stays open: nothing of one session or view is shown, sent or lost in another. */
import type { Page } from "playwright/test";
import { Agent } from "../support/agent";
import { freshName } from "../support/client";
import {
  expectRows,
  messages,
  rowOf,
  sendMessage,
  signInAs,
  untilListIsAlive,
} from "../support/pages";
import { expect, test } from "../support/test";

/** Creates a token on the session's page that is open. @returns the token, as it is shown */
async function makeToken(page: Page, name: string): Promise<string> {
  await page.getByLabel("Agent’s name").fill(name);
  await page.getByRole("button", { name: "Make a token" }).click();
  const made = page.getByRole("group", { name: "The new token" });
  await expect(made).toContainText(`The token of ${name}.`);
  return made.getByLabel("The token", { exact: true }).innerText();
}

test("agents that are connected one after the other each have a token of their own @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  const agents = page.getByRole("list", { name: "Connected agents" }).getByRole("listitem");
  const tokens = { claude: await makeToken(page, "claude") };

  await sendMessage(page, "Hello");
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByRole("group", { name: "The new token" })).toHaveCount(0);
  Object.assign(tokens, { codex: await makeToken(page, "codex") });
  await expect(agents).toHaveCount(2);
  Object.assign(tokens, { aider: await makeToken(page, "aider") });
  await page.reload();
  Object.assign(tokens, { goose: await makeToken(page, "goose") });

  await expect(agents).toHaveText([/^claude/, /^codex/, /^aider/, /^goose/]);
  for (const [name, token] of Object.entries(tokens)) {
    const headers = { Authorization: `Bearer ${token}` };
    const body = new URLSearchParams({ text: `${name} is here.` });
    const answer = await fetch(page.url(), { method: "POST", headers, body });
    expect(answer.status, name).toBe(201);
    await expect(messages(page).last()).toContainText(`${name} (agent)`);
  }
});

/** Follows a link of the list that is open, or the link back to it. */
async function open(page: Page, link: string) {
  await page.getByRole("link", { name: link, exact: true }).click();
  const heading = link === "All sessions" ? "Sessions" : link;
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
}

/** Goes this many entries in the tab's history at once, without showing the pages in between. */
async function go(page: Page, entries: number) {
  await page.evaluate((entries) => history.go(entries), entries);
}

/** Holds matching requests from now on. @returns a function that releases them */
async function hold(page: Page, url: string | RegExp): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route(url, async (route) => {
    await released;
    await route.fallback();
  });
  return release;
}

async function expectConversation(page: Page, repository: string, texts: RegExp[], draft: string) {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(repository);
  await expect(messages(page)).toHaveText(texts);
  await expect(page.getByLabel("Message")).toHaveValue(draft);
}

test("two sessions never mix, however quickly and slowly one goes from one to the other @js", async ({
  page,
  ship,
}) => {
  const cat = await ship.create("octo/cat");
  const dog = await ship.create("octo/dog");
  const agents = { cat: await Agent.connect(ship, cat), dog: await Agent.connect(ship, dog) };
  await agents.cat.report({ text: "Cat 1." });
  for (const text of ["Dog 1.", "Dog 2.", "Dog 3."]) await agents.dog.report({ text });
  const seen = new Set<string>();
  page.on("request", (request) => {
    const intent = new URLSearchParams(request.postData() ?? "").get("intent");
    if (intent?.startsWith("seen"))
      seen.add(`${request.url().endsWith(cat) ? "cat" : "dog"} ${intent}`);
  });

  await page.goto("/dashboard");
  await open(page, "octo/dog");
  await page.getByLabel("Message").fill("For the dog");
  await open(page, "All sessions");
  await open(page, "octo/cat");
  await page.getByLabel("Message").fill("For the cat");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();

  await go(page, -2);
  await expectConversation(page, "octo/dog", [/Dog 1/, /Dog 2/, /Dog 3/], "For the dog");
  await agents.cat.report({ text: "Cat 2." });
  await agents.dog.report({ text: "Dog 4." });
  await expect(messages(page).last()).toContainText("Dog 4.");
  await sendMessage(page, "Good dog.");
  const dogs = [/Dog 1/, /Dog 2/, /Dog 3/, /Dog 4/, /Good dog/];
  await expectConversation(page, "octo/dog", dogs, "");

  // The response for the other one is slow; this one's continues meanwhile.
  const release = await hold(page, new RegExp(`${cat}.*_data`));
  await go(page, 2);
  await expect(page.locator(".progress")).toBeVisible();
  await agents.dog.report({ text: "Dog 5." });
  await expect(messages(page)).toHaveCount(6);
  release();
  await expectConversation(page, "octo/cat", [/Cat 1/, /Cat 2/], "For the cat");
  await agents.cat.report({ text: "Cat 3." });
  await expect(messages(page)).toHaveText([/Cat 1/, /Cat 2/, /Cat 3/]);

  await page.goBack();
  await page.goBack();
  await expectConversation(page, "octo/dog", [...dogs, /Dog 5/], "");
  await expect
    .poll(() => [...seen])
    .toEqual(expect.arrayContaining(["cat seen:3:0", "dog seen:6:0"]));
  expect([...seen].filter((told) => /cat seen:[4-6]/.test(told))).toEqual([]);
});

test("a part of a conversation and its newest messages never mix @js", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  for (let number = 1; number <= 33; number++) await agent.report({ text: `Number ${number}.` });
  const live = page.getByText("Live", { exact: true });

  await page.goto(`/session/${id}?before=3`);
  await expect(messages(page)).toHaveText([/Number 1\./, /Number 2\./]);
  await page.getByRole("link", { name: "Newest messages" }).click();
  await expect(messages(page)).toHaveCount(30);
  await expect(live).toBeVisible();
  await page.goBack();
  await expect(messages(page)).toHaveText([/Number 1\./, /Number 2\./]);
  await expect(live).toHaveCount(0);
  await page.goForward();
  await expect(messages(page).first()).toContainText("Number 4.");
  await agent.report({ text: "The newest." });
  await expect(messages(page).last()).toContainText("The newest.");
});

test("what is selected is selected in one view of the list only @js", async ({ page, ship }) => {
  await ship.signIn("hoarder");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  const rows = page.getByRole("checkbox", { name: /^Select (?!page)/ });
  const all = page.getByRole("checkbox", { name: /that match$/ });

  await rows.first().check();
  await all.check();
  await page.getByRole("link", { name: /^All 2,000/ }).click();
  await expect(page.getByRole("region", { name: "All sessions" })).toBeVisible();
  await expect(page.getByRole("group", { name: "Selected sessions" })).toHaveCount(0);
  await rows.first().check();
  await expect(page.getByRole("group", { name: "Selected sessions" })).toBeVisible();
  await expect(all).not.toBeChecked();
});

test("the create dialog is for the repository of the list that it is over @js", async ({
  page,
  ship,
}) => {
  for (const name of ["cat", "dog"]) await ship.create(`octo/${name}`);
  const repositories = page.getByRole("navigation", { name: "Repository" });
  const name = page.getByLabel("Repository name");

  await page.goto("/dashboard");
  for (const repository of ["cat", "dog"]) {
    await repositories.getByRole("link", { name: `octo/${repository}` }).click();
    await expect(page).toHaveURL(`/dashboard?status=active&repo=octo%2F${repository}`);
    await page.getByRole("link", { name: "New session" }).click();
    await expect(name).toHaveValue(repository);
    await page.getByRole("link", { name: "Cancel" }).click();
    await expect(name).toHaveCount(0);
    await repositories.getByRole("link", { name: "All repositories" }).click();
    await expect(page).toHaveURL("/dashboard?status=active");
  }
  await go(page, -2);
  await expect(name).toHaveValue("dog");
  await go(page, -4);
  await expect(name).toHaveValue("cat");
});

test("an alert that was shown is not shown again by Back and Forward @js", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(400);
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  // The button is hidden while nothing is selected.
  await page.locator("button[value=archive-selected]").dispatchEvent("click");
  const alert = page.getByRole("alert");
  await expect(alert).toHaveText("Select the sessions first.");

  await page.getByRole("link", { name: "New session" }).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(alert).toHaveCount(0);
  await page.goForward();
  await page.goBack();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(alert).toHaveCount(0);
});

test("a list revalidates once at a time, and once more if it changed meanwhile @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/first");
  let news = 0;
  page.on("websocket", (socket) => socket.on("framereceived", () => void (news += 1)));
  await page.clock.install();
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  let reads = 0;
  page.on("request", (request) => {
    if (/_data=routes%2Fdashboard$/.test(request.url())) reads += 1;
  });
  const release = await hold(page, /_data=routes%2Fdashboard$/);

  for (const name of ["second", "third", "fourth"]) {
    const before = news;
    await ship.create(`octo/${name}`);
    await expect.poll(() => news).toBeGreaterThan(before);
    await page.clock.runFor(2_000);
  }
  await expect.poll(() => reads).toBe(1);
  release();
  await expect(page.getByRole("button", { name: "3 updates" })).toBeVisible();
  await expect.poll(() => reads).toBe(2);
});

test("new messages are read aloud once, and no earlier ones @js", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id, "Builder");
  for (let number = 1; number <= 32; number++) await agent.report({ text: `Number ${number}.` });
  await page.goto(`/session/${id}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  const log = page.getByRole("log", { name: "What is new" });
  await expect(log).toHaveText("");
  let earlier = 0;
  page.on("request", (request) => {
    if (request.url().includes("before=")) earlier += 1;
  });

  await agent.report({ text: "All *tests* pass.\n\nEach of them." });
  await expect(log.locator("p")).toHaveText(["Builder: All tests pass. Each of them."]);
  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(messages(page)).toHaveCount(33);
  await sendMessage(page, "Well done.");
  await expect(page.getByLabel("Message")).toHaveValue("");
  await expect(messages(page)).toHaveCount(34);
  await expect(log.locator("p")).toHaveText([/tests pass/, /: Well done\.$/]);
  expect(earlier, "earlier messages are loaded when they are asked for only").toBe(1);
});

test("a draft is gone when its author signs out, anywhere in this browser, or somebody else signs in @js", async ({
  page,
  ship,
}) => {
  const name = freshName();
  await ship.signIn(name);
  const id = await ship.create("octo/cat");
  const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  const draft = async () => {
    await page.goto(`/session/${id}`);
    await page.getByLabel("Message").fill("My secret");
    await expect.poll(kept).toContain("My secret");
  };

  await draft();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/login");
  await expect.poll(kept).not.toContain("My secret");
  await ship.signIn(name);

  await draft();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await ship.post("/logout"); // As if from another tab.
  await page.goto("/dashboard");
  await expect.poll(kept).not.toContain("My secret");
  await ship.signIn(name);

  await draft();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await ship.signIn(freshName());
  await page.goto("/dashboard");
  await expect.poll(kept).not.toContain("My secret");
});

test("a draft outlives a sign-in that ends, for the same person @js", async ({
  page,
  ship,
  someoneElse,
}) => {
  const name = freshName();
  await ship.signIn(name);
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await page.getByLabel("Message").fill("Half a thought");
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await someoneElse.ship.signIn(name);
  await someoneElse.ship.post("/account", { intent: "sign-out-everywhere" });

  await page.getByRole("button", { name: "Send" }).click();
  await expect(page).toHaveURL(/\/login\?to=/);
  await signInAs(page, name);
  await expect(page.getByLabel("Message")).toHaveValue("Half a thought");
});

test("a message is not lost when another page is opened before its own has loaded @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  // The server answers, the browser takes its cookies, and the page never gets to see the answer.
  let answered = () => {};
  const isAnswered = new Promise<void>((resolve) => (answered = resolve));
  await page.route(
    /_data=root/,
    async (route) => {
      await route.fetch();
      answered();
    },
    { times: 1 },
  );

  await rowOf(page, "octo/cat").getByRole("button", { name: "Archive octo/cat" }).click();
  await isAnswered;
  await page.getByRole("link", { name: /^Archived \d/ }).click();

  const status = page.getByRole("status");
  await expect(status).toContainText("Archived octo/cat.");
  await expectRows(page, ["octo/cat"]);
  await status.getByRole("button", { name: "Undo" }).click();
  await expect(status).toContainText("Restored octo/cat.");
  await page.reload();
  await expect(status).toHaveText("");
});

test("a message is over in the moment that shows it: no reload is early enough to show it again @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  // An observer runs right after the step that shows the message, before the browser does anything else.
  const cookiesThen = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const status = document.querySelector("body > [role=status]")!;
        const observer = new MutationObserver(() => resolve(document.cookie));
        observer.observe(status, { childList: true });
      }),
  );

  await rowOf(page, "octo/cat").getByRole("button", { name: "Archive octo/cat" }).click();

  expect(await cookiesThen).not.toContain("flash");
  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  await page.reload();
  await expect(page.getByRole("status")).toHaveText("");
});
