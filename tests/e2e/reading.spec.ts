/** A long conversation: what is read stays in sight and in place, and the newest is one press away. */
import type { Locator, Page } from "playwright/test";
import { Agent } from "../support/agent";
import type { Client } from "../support/client";
import { messages, openDetails } from "../support/pages";
import { expect, test } from "../support/test";

const LINES = Array.from({ length: 8 }, (_, index) => `line ${index}`).join("\n");

/** Opens a session with thirty messages that an agent has written, and waits until the page is live. */
async function openLong(page: Page, ship: Client): Promise<Agent> {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  for (let number = 1; number <= 30; number++) await agent.report({ text: `Number ${number}.` });
  await page.goto(`/session/${id}`);
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  return agent;
}

const jump = (page: Page) =>
  page.getByRole("button", { name: /^(Jump to the newest|[0-9]+ new messages?)$/ });

/** @returns where the element's upper and lower edges are in the window */
async function edges(element: Locator) {
  const { top, bottom } = await element.evaluate((element) => element.getBoundingClientRect());
  return { top, bottom };
}

/** Expects the newest message to be in the window, all of it, and nothing of it behind the composer. */
async function expectNewestInSight(page: Page) {
  await expect(async () => {
    const newest = await edges(messages(page).last());
    expect(newest.top).toBeGreaterThan(0);
    expect(newest.bottom).toBeLessThanOrEqual((await edges(page.locator(".composer"))).top);
  }).toPass();
}

test("a message that is written hides nothing that is read, and moves nothing @js @phone", async ({
  page,
  ship,
}) => {
  await openLong(page, ship);
  const composer = page.getByLabel("Message");
  await jump(page).click();
  await expectNewestInSight(page);
  await composer.fill(LINES);
  await expectNewestInSight(page);
  await composer.fill("");
  await expectNewestInSight(page);

  const read = messages(page).nth(8);
  await read.evaluate((element) => element.scrollIntoView({ block: "start" }));
  await composer.evaluate((field) => field.focus());
  const before = (await edges(read)).top;
  await composer.pressSequentially("Slowly");
  await composer.fill(LINES);
  await expect(jump(page)).toBeVisible();
  expect((await edges(read)).top).toBe(before);
  const button = await edges(jump(page));
  expect(button.bottom).toBeLessThan((await edges(page.locator(".composer"))).top);

  await page.getByRole("button", { name: "Send" }).click();
  await expect(messages(page).last()).toContainText("line 7");
  await expectNewestInSight(page);
});

test("what came while one read elsewhere is counted, and one press away by keyboard @js @phone", async ({
  page,
  ship,
}) => {
  const agent = await openLong(page, ship);
  await expect(jump(page)).toHaveAccessibleName("Jump to the newest");
  await agent.report({ text: "News." });
  await expect(jump(page)).toHaveAccessibleName("1 new message");
  await agent.report({ text: "More news." });
  await expect(jump(page)).toHaveAccessibleName("2 new messages");
  expect(await page.evaluate(() => scrollY)).toBe(0);

  await page.getByLabel("Message").focus();
  await page.keyboard.press("Shift+Tab");
  await expect(jump(page)).toBeFocused();
  await page.keyboard.press("Enter");
  await expectNewestInSight(page);
  await expect(jump(page)).toHaveCount(0);
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Message")).toBeFocused();

  await agent.report({ text: "Seen at once." });
  await expect(messages(page).last()).toContainText("Seen at once.");
  await expectNewestInSight(page);
  await expect(jump(page)).toHaveCount(0);
  await messages(page).first().scrollIntoViewIfNeeded();
  await expect(jump(page)).toHaveAccessibleName("Jump to the newest");
});

test("a page that opens with its end a little below does not scroll there @js", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 6; number++) await ship.send(id, `Message ${number}.`);
  await page.goto(`/session/${id}`);
  const composer = await edges(page.locator(".composer"));
  const { bottom } = await edges(messages(page).last());
  const height = Math.round(bottom + composer.bottom - composer.top) - 20;
  await page.setViewportSize({ width: 1280, height });

  await page.reload();
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await expect(jump(page)).toHaveCount(0);
});

test("the jump is done at once where motion is reduced, and shows the composer on a low screen @js", async ({
  page,
  ship,
}) => {
  await page.setViewportSize({ width: 1280, height: 500 });
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openLong(page, ship);
  await expect(page.getByLabel("Message")).not.toBeInViewport();
  const scrolled = await jump(page).evaluate((button: HTMLElement) => {
    button.click();
    return scrollY;
  });
  expect(scrolled).toBe(await page.evaluate(() => scrollY));
  await expectNewestInSight(page);
  await expect(page.getByLabel("Message")).toBeInViewport({ ratio: 1 });
});

test("news does not move the details that one works in below the conversation @js @phone", async ({
  page,
  ship,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const agent = await openLong(page, ship);
  await openDetails(page);
  const name = page.getByLabel("Agent’s name");
  await name.fill("Bosun");
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const before = (await edges(name)).top;
  await agent.report({ text: "News." });
  await expect(messages(page)).toHaveCount(31);
  expect(Math.abs((await edges(name)).top - before)).toBeLessThan(4);
});

test("what has the focus is never behind the composer", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 20; number++) await ship.send(id, `https://example.com/${number}`);
  await page.goto(`/session/${id}`);
  await page.getByRole("link", { name: "https://example.com/1", exact: true }).focus();
  for (let number = 2; number <= 20; number++) {
    await page.keyboard.press("Tab");
    const link = page.getByRole("link", { name: `https://example.com/${number}`, exact: true });
    await expect(link).toBeFocused();
    expect((await edges(link)).bottom).toBeLessThan((await edges(page.locator(".composer"))).top);
  }
});

test("the keyboard, and everybody without JavaScript, has a link past the messages", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 12; number++) await ship.send(id, `Message ${number}.`);
  await page.goto(`/session/${id}`);
  const link = page.getByRole("link", { name: "Skip to the newest" });
  if (javaScriptEnabled === false) {
    await link.click();
  } else {
    await expect(jump(page)).toBeVisible();
    await expect(link).not.toHaveCSS("clip-path", "none");
    await link.focus();
    await expect(link).toHaveCSS("clip-path", "none");
    await page.keyboard.press("Enter");
  }
  await expectNewestInSight(page);
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("Message")).toBeFocused();
});

test("a message that one sends from further up is shown @js", async ({ page, ship }) => {
  await openLong(page, ship);
  await page.getByLabel("Message").fill("My own");
  await page.reload();
  await expect(page.getByLabel("Message")).toHaveValue("My own");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(messages(page).last()).toContainText("My own");
  await expectNewestInSight(page);
  await expect(jump(page)).toHaveCount(0);
});
