/** Runs as their owner sees them: a task is queued, worked on before their eyes, asks, is stopped, and ends. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright/test";
import { expectLive, openLive, test } from "../support/elsewhere";
import { permission, tool } from "../support/items";
import {
  bringNetworkBack,
  cutNetwork,
  detail,
  messages,
  press,
  sendMessage,
} from "../support/pages";
import { Runner } from "../support/runner";
import { expect } from "../support/test";

const conversation = (page: Page) => page.getByRole("region", { name: "Conversation" });

/** A line of the conversation by its text, not one that is in another line. */
const lineWith = (page: Page, text: string | RegExp) =>
  conversation(page).locator("ol:not(ol ol) > li").filter({ hasText: text });

const stop = (page: Page) => page.getByRole("button", { name: "Stop", exact: true });

/** Lets a page hear nothing, so that it still shows what was before. */
const withoutSocket = (page: Page) => page.routeWebSocket("**", () => undefined);

/** @returns what an element shows, as it was written */
const textOf = (element: Locator) => element.evaluate((shown) => shown.textContent);

interface Exported {
  messages: { text: string; withdrawn?: true }[];
  items: { run?: string; kind: string }[];
}

/** Downloads the session of a page. */
async function download(page: Page): Promise<Exported> {
  const file = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  return JSON.parse(await readFile(await (await file).path(), "utf8")) as Exported;
}

/** A text in Markdown, in pieces as an agent writes them: also between a line's words and a character's halves. */
const PIECES = [
  ..."I look at the **parser** first. ".match(/.{1,7}/g)!,
  ..."\n\nRows are split 日本語 👩‍🚀 outside".split(""),
  " of quotes only.\n\n",
  "- one\n- two\n\n```ts\nconst a = 1;\n```\n\n",
  "That is all.",
];

test("a task is queued, begun, and written before the eyes of whoever looks @js", async ({
  page,
  context,
  ship,
  elsewhere,
  problems,
  baseURL,
}) => {
  problems.allowOutage();
  const id = await ship.create("octo/cat");
  await ship.send(id, "Mend the parser");
  await openLive(page, id);
  await expect(lineWith(page, "Mend the parser")).not.toContainText("Queued");
  const runner = await Runner.connect(baseURL!, id);
  await expect(lineWith(page, "Mend the parser")).toContainText("Queued");
  await expect(detail(page, "Status")).toContainText("Queued");
  await expect(stop(page)).toHaveCount(0);

  expect(await runner.begin()).toBe("Mend the parser");
  await expect(detail(page, "Status")).toContainText("Working");
  await expect(lineWith(page, "Mend the parser")).not.toContainText("Queued");
  await expect(stop(page)).toBeVisible();
  await openLive(elsewhere.page, id);

  // It appears at once, before anything of it is stored, and is not announced piece by piece.
  const log = page.getByRole("log");
  const [first = "", ...others] = PIECES;
  runner.stream("text", first);
  for (const each of [page, elsewhere.page]) {
    await expect(lineWith(each, "I look")).toContainText("(agent)");
    await expect(messages(each)).toHaveCount(2);
  }
  await expect(lineWith(elsewhere.page, "I look")).toContainText("Claude Code");
  const joined = await context.newPage();
  await openLive(joined, id);
  await expect(messages(joined)).toHaveCount(1);

  const third = Math.floor(others.length / 3);
  for (const piece of others.slice(0, third)) runner.stream("text", piece);
  await expect(lineWith(page, "I look at the **parser** first.")).toBeVisible();
  await runner.store("text");
  for (const each of [page, elsewhere.page, joined]) {
    await expect(lineWith(each, "I look at the parser first.")).toBeVisible();
    await expect(messages(each)).toHaveCount(2);
  }

  // One page is cut, and comes back while it goes on.
  await cutNetwork(elsewhere.page);
  for (const piece of others.slice(third, 2 * third)) runner.stream("text", piece);
  const soFar = PIECES.slice(1 + third, 1 + 2 * third)
    .join("")
    .trim();
  for (const each of [page, joined]) await expect(lineWith(each, soFar)).toBeVisible();
  await bringNetworkBack(elsewhere.page);
  await expectLive(elsewhere.page);
  await expect(lineWith(elsewhere.page, soFar)).toHaveCount(0);
  for (const piece of others.slice(2 * third)) runner.stream("text", piece);
  await expect(lineWith(page, "That is all.")).toBeVisible();
  await expect(lineWith(joined, "That is all.")).toBeVisible();
  await expect(log).toBeEmpty();

  await runner.store("text");
  await expect(lineWith(elsewhere.page, "That is all.")).toBeVisible();
  await expect(log).toBeEmpty();
  await runner.items({ key: "tool 1", item: tool("read", "in_progress", "Read it") });
  await expect(log.getByText("That is all.")).toHaveCount(1);

  // What is thought and done folds in the end, whatever became of it.
  runner.stream("thought", "Hm, quotes.", "thought");
  await expect(lineWith(page, "Thought: Hm, quotes.")).toBeVisible();
  await runner.store("thought", "thought");
  for (const [index, status] of (["completed", "failed", "in_progress"] as const).entries()) {
    const item = tool("execute", status, `Call ${index + 2}`);
    await runner.items({ key: `tool ${index + 2}`, item });
  }
  await expect(lineWith(page, "Call 4")).toContainText("In progress");
  runner.stream("last", "Done");
  runner.stream("last", ", and tested.");
  await runner.items({ key: "last", item: { kind: "message", text: "Done, and tested." } });
  runner.stream("last", " Never stored.");
  await expect(lineWith(page, "Never stored.")).toBeVisible();
  await runner.end("done");
  for (const each of [page, elsewhere.page, joined]) {
    await expect(detail(each, "Status")).toContainText("Done");
    await expect(lineWith(each, "4 tool calls, 1 thought, 1 failed")).toBeVisible();
    await expect(each.getByText("Call 4")).toBeHidden();
    await expect(stop(each)).toHaveCount(0);
    await expect(lineWith(each, "Never stored.")).toHaveCount(0);
  }
  await expect(log.getByText("Done, and tested.")).toHaveCount(1);
  await expect(log.getByRole("paragraph")).toHaveCount(2);

  // Every page shows what is stored, as one that is opened now, byte for byte.
  const fresh = await context.newPage();
  await openLive(fresh, id);
  for (const text of ["I look at the parser", "Done, and tested."]) {
    const stored = await textOf(lineWith(fresh, text).locator(".markdown"));
    for (const each of [page, elsewhere.page, joined]) {
      expect(await textOf(lineWith(each, text).locator(".markdown"))).toBe(stored);
    }
  }
  const { messages: written, items } = await download(page);
  expect(written[1]!.text).toBe(PIECES.join(""));
  expect(items.map(({ run, kind }) => [run, kind])).toEqual(
    ["tool", "thought", "tool", "tool", "tool"].map((kind) => [runner.run, kind]),
  );
});

test("a run asks: the first answer counts, and is the one that its agent gets @phone", async ({
  page,
  ship,
  elsewhere,
  problems,
  baseURL,
}) => {
  problems.allowStatus(409);
  const id = await ship.create("octo/cat");
  await ship.send(id, "Mend the parser");
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  await runner.items({ key: "ask", item: permission("Push to main?") });
  await withoutSocket(elsewhere.page);
  await page.goto(`/session/${id}`);
  await elsewhere.page.goto(`/session/${id}`);
  await expect(detail(page, "Status")).toContainText("Needs you");

  await page.getByRole("button", { name: "Allow once" }).click();
  expect(await runner.hear("answer")).toMatchObject({
    run: runner.run,
    key: "ask",
    option: "once",
  });
  await expect(lineWith(page, "Push to main?")).toContainText("chose “Allow once”.");
  await elsewhere.page.getByRole("button", { name: "Reject" }).click();
  const alert = elsewhere.page.getByRole("alert");
  await expect(alert).toContainText("Your answer came too late.");
  await expect(alert).toContainText("chose “Allow once”.");
  await expect(alert).toBeInViewport();

  // One that is asked by a run that is to stop is not asked any more.
  await runner.items({ key: "again", item: permission("Push again?") });
  await elsewhere.page.reload();
  await page.reload();
  await stop(page).click();
  await expect(page.getByRole("group", { name: "Push again?" })).toHaveCount(0);
  await expect(lineWith(page, "Push again?")).toContainText("Not asked any more.");
  await elsewhere.page.getByRole("button", { name: "Reject" }).click();
  await expect(alert).toHaveText("Your answer came too late: it is no longer asked.");
  expect((await runner.hear("stop")).run).toBe(runner.run);
});

test("what was asked long ago is still pinned, and answered @phone", async ({
  page,
  ship,
  baseURL,
}) => {
  const id = await ship.create("octo/cat");
  await ship.send(id, "Mend the parser");
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  const calls = Array.from({ length: 40 }, (_, index) => ({
    key: `${index}`,
    item: tool("read", "in_progress", `File ${index}.`),
  }));
  await runner.items({ key: "ask", item: permission("Push to main?") }, ...calls);
  await page.goto(`/session/${id}`);
  await expect(messages(page)).toHaveCount(30);
  await expect(lineWith(page, "Push to main?")).toHaveCount(0);
  const request = page.getByRole("group", { name: "Push to main?" });
  await expect(request).toBeInViewport({ ratio: 1 });
  await request.getByRole("button", { name: "Reject" }).click();
  expect((await runner.hear("answer")).option).toBe("no");
  await expect(request).toHaveCount(0);
  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(lineWith(page, "Push to main?")).toContainText("chose “Reject”.");
});

test("how a run has ended is said, and an interrupted one as well", async ({
  page,
  ship,
  javaScriptEnabled,
  baseURL,
}) => {
  const id = await ship.create("octo/cat");
  const runner = await Runner.connect(baseURL!, id);
  await page.goto(`/session/${id}`);
  const expectStatus = async (status: string) => {
    if (javaScriptEnabled === false) await page.reload();
    await expect(detail(page, "Status")).toContainText(`${status} just now`);
  };
  for (const [outcome, status] of [
    ["refused", "Refused"],
    ["limit", "Limit reached"],
    ["stopped", "Stopped"],
  ] as const) {
    await ship.send(id, `To be ${outcome}`);
    await expectStatus("Queued");
    await runner.begin();
    await runner.end(outcome);
    await expectStatus(status);
  }
  await ship.send(id, "To be interrupted");
  await runner.begin();
  await runner.items({ key: "ask", item: permission("Push to main?") });
  await runner.items({ key: "1", item: tool("execute", "in_progress", "npm test") });
  await runner.crash();
  await expectStatus("Interrupted");
  await expect(lineWith(page, "Push to main?")).toContainText("Not asked any more.");
  await expect(lineWith(page, "1 tool call: npm test")).toHaveCount(1);
  await expect(stop(page)).toHaveCount(0);
});

test("a run stops when its agent has stopped, not before; one that had ended is told so @phone", async ({
  page,
  ship,
  elsewhere,
  problems,
  javaScriptEnabled,
  baseURL,
}) => {
  problems.allowStatus(409);
  const id = await ship.create("octo/cat");
  await ship.send(id, "Mend the parser");
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  const stale = await page.context().newPage();
  await withoutSocket(stale);
  for (const each of [page, elsewhere.page, stale]) await each.goto(`/session/${id}`);
  const stopping = page.getByRole("button", { name: "Stopping…" });
  const shown = async () => {
    if (javaScriptEnabled === false) await page.reload();
    else await expectLive(page);
  };

  await page.getByLabel("Message").fill("Half a thought");
  await expect(stop(page)).toBeInViewport({ ratio: 1 });
  await stop(page).click();
  await expect(stopping).toBeDisabled();
  await expect(page.getByText("The agent is stopping.")).toBeAttached();
  if (javaScriptEnabled !== false) {
    await expect(elsewhere.page.getByRole("button", { name: "Stopping…" })).toBeDisabled();
    await expect(page.getByLabel("Message")).toHaveValue("Half a thought");
  }
  await expect(detail(page, "Status")).toContainText("Working");
  expect((await runner.hear("stop")).run).toBe(runner.run);
  runner.stream("text", "Too late");
  await runner.items({ key: "text", item: { kind: "message", text: "I was here." } });
  await shown();
  await expect(lineWith(page, "I was here.")).toHaveCount(1);
  await expect(stopping).toBeDisabled();

  await runner.end("stopped");
  await shown();
  await expect(stopping).toHaveCount(0);
  await expect(stop(page)).toHaveCount(0);
  await expect(detail(page, "Status")).toContainText("Stopped");

  expect(await press(stale, "Stop")).toBe(409);
  await expect(stale.getByRole("alert")).toHaveText("This had ended already.");
  await expect(stale.getByRole("alert")).toBeInViewport();
  await expect(stop(stale)).toHaveCount(0);
});

test("a message that waits is taken back; one that was handed over is not @phone", async ({
  page,
  ship,
  problems,
  javaScriptEnabled,
  baseURL,
}) => {
  problems.allowStatus(409);
  const id = await ship.create("octo/cat");
  await ship.send(id, "Mend the parser");
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  await page.goto(`/session/${id}`);
  await sendMessage(page, "And the docs");
  await expect(lineWith(page, "And the docs")).toContainText("Queued");
  await sendMessage(page, "Then open a pull request");
  await expect(lineWith(page, "Then open")).toContainText("Queued");
  await expect(lineWith(page, "Mend the parser")).not.toContainText("Queued");
  await expect(page.getByRole("button", { name: "Take back" })).toHaveCount(2);
  const stale = await page.context().newPage();
  await withoutSocket(stale);
  await stale.goto(`/session/${id}`);

  const docs = lineWith(page, "And the docs");
  if (javaScriptEnabled === false) await docs.getByRole("button", { name: "Take back" }).click();
  else await docs.getByRole("button", { name: "Take back" }).dblclick();
  await expect(docs).toContainText("Taken back: no agent gets it.");
  await expect(docs).not.toContainText("Queued");
  if (javaScriptEnabled !== false) await expect(docs).toBeFocused();
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect((await runner.hear("withdrawn")).message).toBe(2);
  // As pressed on a page that was opened before.
  await lineWith(stale, "And the docs").getByRole("button", { name: "Take back" }).click();
  await expect(lineWith(stale, "And the docs")).toContainText("Taken back");

  await runner.end("done");
  expect(await runner.begin()).toBe("Then open a pull request");
  if (javaScriptEnabled === false) await page.reload();
  await expect(lineWith(page, "Then open")).not.toContainText("Queued");
  await stale.goto(`/session/${id}`);
  await expect(stale.getByRole("button", { name: "Take back" })).toHaveCount(0);
  await runner.end("done");

  await sendMessage(page, "One more");
  await expect(lineWith(page, "One more")).toContainText("Queued");
  await stale.goto(`/session/${id}`);
  expect(await runner.begin()).toBe("One more");
  await stale.getByRole("button", { name: "Take back" }).click();
  await expect(stale.getByRole("alert")).toHaveText("It was handed to the agent already.");
  await expect(lineWith(stale, "One more")).not.toContainText("Queued");
  await expect(lineWith(stale, "And the docs")).toContainText("Taken back: no agent gets it.");
  const { messages: sent } = await download(page);
  expect(sent.map(({ withdrawn }) => withdrawn)).toEqual([undefined, true, undefined, undefined]);
});

/** Output that is as high as output is shown. */
const OUTPUT = [{ type: "output" as const, text: "a line of output\n".repeat(40) }];

/** Begins to note, once a frame, where the line with this text is in the window. @returns a function that ends it */
async function watchPlace(page: Page, text: string): Promise<() => Promise<number[]>> {
  const watch = await page.evaluateHandle((text) => {
    const seen = { tops: [] as number[], isOver: false };
    const look = () => {
      const lines = [...document.querySelectorAll(".conversation ol > li")];
      const watched = lines.find((line) => line.textContent.includes(text));
      seen.tops.push(watched?.getBoundingClientRect().top ?? NaN);
      if (!seen.isOver) requestAnimationFrame(look);
    };
    look();
    return seen;
  }, text);
  return () =>
    watch.evaluate((seen) => {
      seen.isOver = true;
      return [...new Set(seen.tops.map(Math.round))];
    });
}

/** Scrolls an element to the upper edge of the window. */
const scrollTo = (element: Locator) =>
  element.evaluate((scrolled) => scrolled.scrollIntoView({ block: "start" }));

test("what one reads does not move while text comes, calls of tools fold and earlier ones are loaded @js @phone", async ({
  page,
  ship,
  baseURL,
}) => {
  const id = await ship.create("octo/cat");
  await ship.send(id, "Tell me all");
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  const words = (number: number) => `Number ${number}.\n\n${"It goes on. ".repeat(20)}`;
  for (let number = 1; number <= 25; number++) {
    await runner.items({ key: `${number}`, item: { kind: "message", text: words(number) } });
  }
  for (let number = 1; number <= 6; number++) {
    const call = { ...tool("execute", "in_progress", `Call ${number}`), content: OUTPUT };
    await runner.items({ key: `tool ${number}`, item: call });
  }
  for (let number = 26; number <= 28; number++) {
    await runner.items({ key: `${number}`, item: { kind: "message", text: words(number) } });
  }
  await openLive(page, id);

  // Far from where it happens.
  await scrollTo(lineWith(page, "Number 5."));
  const read = await watchPlace(page, "Number 5.");
  for (let number = 0; number < 100; number++) runner.stream("text", `word ${number}\n`);
  await expect(lineWith(page, "word 99")).toHaveCount(1);
  await runner.store("text");
  await expect(lineWith(page, "word 99").locator("p.whitespace-pre-wrap")).toHaveCount(0);
  await page
    .getByRole("link", { name: "Load earlier" })
    .evaluate((link: HTMLElement) => link.click());
  await expect(messages(page)).toHaveCount(36);
  expect(await read()).toHaveLength(1);

  // Just behind calls of tools, which fold when the run ends.
  await scrollTo(lineWith(page, "Number 26."));
  const behind = await watchPlace(page, "Number 26.");
  await runner.end("done");
  await expect(lineWith(page, "6 tool calls")).toHaveCount(1);
  await expect(page.getByText("Call 3")).toBeHidden();
  expect(await behind()).toHaveLength(1);

  // Within them: one stays where they were.
  await ship.send(id, "Again");
  await runner.begin();
  for (let number = 7; number <= 16; number++) {
    const call = { ...tool("execute", "in_progress", `Call ${number}.`), content: OUTPUT };
    await runner.items({ key: `tool ${number}`, item: call });
  }
  for (let number = 29; number <= 31; number++) {
    await runner.items({ key: `${number}`, item: { kind: "message", text: words(number) } });
  }
  await expect(lineWith(page, "Number 31.")).toHaveCount(1);
  await scrollTo(lineWith(page, "Call 9."));
  await runner.end("done");
  await expect(lineWith(page, "10 tool calls")).toBeInViewport();
});

test("who reads at the end stays there while text comes, and it is stored in its place @js @phone", async ({
  page,
  ship,
  baseURL,
}) => {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 20; number++) await ship.send(id, `Number ${number}.`);
  const runner = await Runner.connect(baseURL!, id);
  await runner.begin();
  await openLive(page, id);
  await page.getByRole("button", { name: "Jump to the newest" }).click();
  await expect(page.getByRole("button", { name: "Jump to the newest" })).toHaveCount(0);

  runner.stream("text", "It begins ");
  const text = lineWith(page, "It begins");
  await expect(text).toBeVisible();
  const read = await watchPlace(page, "It begins");
  await runner.store("text");
  runner.stream("text", "well");
  await expect(text.locator("p")).toHaveText(["Claude Code (agent)just now", "It begins well"]);
  expect(await read()).toHaveLength(1);

  const composer = page.locator(".composer");
  const edge = async () => (await composer.boundingBox())!.y;
  for (let number = 1; number <= 60; number++) runner.stream("text", `\nline ${number}`);
  await expect(text).toContainText("line 60");
  const bottomOf = async () => {
    const { y, height } = (await text.boundingBox())!;
    return y + height;
  };
  expect(await bottomOf()).toBeLessThanOrEqual(await edge());
  await runner.store("text");
  await runner.end("done");
  await expect(detail(page, "Status")).toContainText("Queued");
  expect(await bottomOf()).toBeLessThanOrEqual(await edge());
  expect(await bottomOf()).toBeGreaterThan((await edge()) - 100);
});

test("a session of 500 items opens with the newest thirty, as one of thirty does", async ({
  page,
  ship,
  baseURL,
}) => {
  const sizes: number[] = [];
  for (const length of [30, 500]) {
    const id = await ship.create("octo/cat");
    await ship.send(id, "Read all files");
    const runner = await Runner.connect(baseURL!, id);
    await runner.begin();
    for (let sent = 1; sent < length; sent += 100) {
      const count = Math.min(100, length - sent);
      const calls = Array.from({ length: count }, (_, index) => ({
        key: `${sent + index}`,
        item: tool("read", "in_progress", `File ${String(sent + index).padStart(3, "0")}.`),
      }));
      await runner.items(...calls);
    }
    await page.goto(`/session/${id}`);
    await expect(messages(page)).toHaveCount(30);
    sizes.push((await (await ship.request.get(`/session/${id}`)).text()).length);
  }
  await expect(lineWith(page, "File 499.")).toHaveCount(1);
  expect(sizes[1]! / sizes[0]!).toBeLessThan(1.05);
  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(lineWith(page, "File 441.")).toHaveCount(1);
});
