import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright/test";
import { Agent } from "../support/agent";
import type { Client } from "../support/client";
import { permission, reportEveryKind, runEverything } from "../support/items";
import { cutNetwork, EMPTY, fillCreateForm, signInAs, untilListIsAlive } from "../support/pages";
import { CONNECTED, FAULTY, IMPATIENT, urlOf } from "../support/servers";
import { expect, test } from "../support/test";

/** The checker brings its own playwright-core, whose types may differ from ours. */
type AxePage = ConstructorParameters<typeof AxeBuilder>[0]["page"];

type States = Record<string, (page: Page, ship: Client) => Promise<unknown>>;

/** A message with many kinds of formatting. */
const RICH_TEXT = [
  "## Plan\n\n1. Read *all* of `app/`\n2. ~~Guess~~ [measure](https://example.com)\n\n> Slowly.",
  "```ts\nexport const words = 'a line of code that is longer than any phone is wide, by far';\n```",
  "| suite | passed | what it is about, at some length |\n|---|--:|---|\n| unit | 90 | all of it |",
  "- [x] done\n- [ ] to do\n\n---\n\nhttps://example.com/" + "long/".repeat(30),
];

/** Every page in every state that looks different, and how to get there. */
const STATES: States = {
  "the sign-in page": async (page) => {
    await page.context().clearCookies();
    await page.goto("/login");
  },
  "the sign-in page with a wrong name": async (page) => {
    await page.context().clearCookies();
    await page.goto("/login");
    await signInAs(page, "-");
    await expect(page.getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
  },
  "an empty list": (page) => page.goto("/dashboard"),
  "the list, after archiving": async (page, ship) => {
    await ship.create("octo/cat");
    await ship.create("octo/dog");
    await page.goto("/dashboard");
    await page.getByRole("button", { name: "Archive octo/cat" }).click();
    await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  },
  "a list with unread messages and what agents do": async (page, ship) => {
    for (const [status, repository] of Object.entries({
      working: "octo/busy",
      waiting: "octo/asking",
      done: "octo/done",
      failed: "octo/broken",
    })) {
      const agent = await Agent.connect(ship, await ship.create(repository));
      await agent.report({ status, text: "Hello" });
      if (status === "waiting")
        await agent.reportItem("push", permission("Push the branch? ".repeat(15)));
    }
    await expect(async () => {
      await page.goto("/dashboard?status=active");
      await expect(page.getByText("Unread")).toHaveCount(4, { timeout: 500 });
      await expect(page.getByText("Push the branch?")).toHaveCount(1, { timeout: 500 });
    }).toPass();
  },
  "a list with selected sessions": async (page, ship) => {
    await ship.create("octo/cat");
    await page.goto("/dashboard");
    await page.getByRole("checkbox", { name: "Select octo/cat" }).check();
    await expect(page.getByRole("group", { name: "Selected sessions" })).toBeVisible();
  },
  "a search that finds nothing": async (page, ship) => {
    await ship.create("octo/cat");
    await page.goto("/dashboard?status=all&q=dog");
    await expect(page.getByText("Nothing matches here.")).toBeVisible();
  },
  "the archive": async (page, ship) => {
    await ship.change("archive", await ship.create("octo/cat"));
    await page.goto("/dashboard?status=archived");
  },
  "the create dialog": async (page, ship) => {
    await ship.create("octo/cat");
    await page.goto("/dashboard/new");
    await expect(page.getByRole("dialog")).toBeVisible();
  },
  "the create dialog with wrong fields": async (page) => {
    await page.goto("/dashboard/new");
    await fillCreateForm(page, "-", "..");
    await expect(page.getByLabel("Repository name")).toHaveAttribute("aria-invalid", "true");
  },
  "the create dialog for a repository that has sessions": async (page, ship) => {
    for (let sessions = 0; sessions < 2; sessions++) await ship.create("octo/cat");
    await page.goto("/dashboard/new?repo=octo/cat");
    await expect(page.getByRole("alert")).toContainText("2 active sessions");
  },
  "the delete dialog": async (page, ship) => {
    await page.goto(`/dashboard/delete?id=${await ship.create("octo/cat")}`);
    await expect(page.getByRole("dialog")).toBeVisible();
  },
  "the dialog of a session that is gone": async (page, ship) => {
    const id = await ship.create("octo/cat");
    await ship.delete(id);
    await page.goto(`/dashboard/delete?id=${id}`);
    await expect(page.getByRole("dialog")).toBeVisible();
  },
  "a session with messages": async (page, ship) => {
    const id = await ship.create("octo/cat");
    for (let number = 1; number <= 3; number++) await ship.send(id, `Message ${number}`);
    await page.goto(`/session/${id}?before=3`);
  },
  "an empty session": async (page, ship) => {
    await page.goto(`/session/${await ship.create("octo/cat")}`);
    await expect(page.getByText(EMPTY)).toBeVisible();
  },
  "a session with all that a message can hold": openRichSession,
  "a session with items of every kind": openEveryKind,
  "a session whose run writes and asks": openRun,
  "a session whose run is to stop": async (page, ship) => {
    await openRun(page, ship);
    await page.getByRole("button", { name: "Stop" }).click();
    await expect(page.getByRole("button", { name: "Stopping…" })).toBeDisabled();
  },
  "a session that is scrolled away from its newest message": async (page, ship) => {
    await openLong(page, ship);
    await expect(page.getByRole("button", { name: "Jump to the newest" })).toBeVisible();
  },
  "a session that has lost the network": async (page, ship) => {
    await page.goto(`/session/${await ship.create("octo/cat")}`);
    await expect(page.getByText("Live", { exact: true })).toBeVisible();
    await cutNetwork(page);
  },
  "a session with a new token for an agent": openMadeToken,
  "a bulk that is under way or done": openBulk,
  "the account": (page) => page.goto("/account"),
  "the deletion of the account": (page) => page.goto("/account/delete"),
  "an archived session with a message that was not sent": async (page, ship) => {
    const id = await ship.create("octo/cat");
    await ship.change("archive", id);
    await page.goto(`/session/${id}`);
    await page.getByRole("button", { name: "Send" }).click();
    await expect(page.getByRole("alert")).toBeVisible();
  },
  "a session that does not exist": (page) =>
    page.goto("/session/00000000-0000-4000-8000-000000000000"),
  "a page that does not exist": (page) => page.goto("/nowhere"),
  "a list that does not exist": (page) => page.goto("/dashboard?status=lost"),
};

/** States that need another server. */
const ON_OTHER_SERVERS: Record<string, States> = {
  [urlOf(IMPATIENT)]: {
    "a list with a session that will soon be archived": async (page, ship) => {
      await ship.create("octo/cat");
      await expect(async () => {
        await page.goto("/dashboard");
        await expect(page.getByRole("button", { name: "Keep" })).toBeVisible({ timeout: 100 });
      }).toPass();
    },
  },
  [urlOf(FAULTY)]: {
    "a session that is being deleted": async (page, ship) => {
      const id = await ship.create("octo/prepare-loses-answer-1");
      await ship.post(`/dashboard/delete?id=${id}`);
      await page.goto(`/session/${id}`);
      await expect(page.getByText("Deleting is under way")).toBeVisible();
    },
    "a session that cannot be reached": async (page, ship) => {
      await page.goto(`/session/${await ship.create("octo/conversation-fails-9")}`);
      await expect(page.getByText("cannot be reached just now")).toBeVisible();
    },
  },
  [urlOf(CONNECTED)]: {
    "the sign-in page that offers GitHub": async (page) => {
      await page.context().clearCookies();
      await page.goto("/login");
      await expect(page.getByRole("button", { name: "Continue with GitHub" })).toBeVisible();
    },
  },
};

testStates(STATES);
for (const [baseURL, states] of Object.entries(ON_OTHER_SERVERS)) {
  test.describe(() => {
    test.use({ baseURL });
    testStates(states);
  });
}

function testStates(states: States) {
  for (const [state, open] of Object.entries(states)) {
    test(`${state} has no accessibility violations, in light and in dark, on a phone and a wide screen @js`, async ({
      page,
      ship,
      problems,
    }) => {
      problems.allowStatus(400);
      problems.allowStatus(404);
      problems.allowStatus(503);
      problems.allowOutage();
      await open(page, ship);
      await expectNoViolations(page);
    });
  }
}

// The checker is a script, so it cannot run with JavaScript turned off: the app's scripts are replaced by empty ones
// instead.
for (const state of ["the create dialog with wrong fields", "the delete dialog"]) {
  test(`${state} has no accessibility violations before its scripts run @js`, async ({
    page,
    ship,
    problems,
  }) => {
    problems.allowStatus(400);
    await page.route(/\/build\/.*\.js$/, (route) =>
      route.fulfill({ contentType: "text/javascript", body: "" }),
    );
    await STATES[state]?.(page, ship);
    await expect(page.locator("dialog:not(:modal)")).toBeVisible();
    await expectNoViolations(page);
  });
}

const PHONE = { width: 360, height: 740 };

async function expectNoViolations(page: Page) {
  for (const viewport of [page.viewportSize()!, PHONE]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const checker = new AxeBuilder({ page: page as unknown as AxePage });
      // The only rule of WCAG 2.2 AA that is off by default.
      const rules = { "target-size": { enabled: true } };
      const { violations } = await checker.options({ rules }).analyze();
      expect(violations, `${colorScheme}, ${viewport.width} pixels wide`).toEqual([]);
    }
  }
}

/** The states that need most room, for the narrowest screen and the largest text that WCAG requires. */
const ROOMY: States = {
  "the sign-in page": STATES["the sign-in page with a wrong name"]!,
  "the list": async (page, ship) => {
    await ship.change(
      "archive",
      await ship.create("a-long-owner/with-a-repository-name-that-is-long"),
    );
    await ship.create("octo/cat");
    await page.goto("/dashboard?status=all");
    await page.getByRole("checkbox", { name: "Select octo/cat" }).check();
    await expect(page.getByRole("group", { name: "Selected sessions" })).toBeVisible();
  },
  "the create dialog": STATES["the create dialog with wrong fields"]!,
  "the delete dialog": STATES["the delete dialog"]!,
  "a session": openRichSession,
  "a session with items of every kind": openEveryKind,
  "a session with a run": openRun,
  "a long session": openLong,
  "a session with a new token": openMadeToken,
  "a bulk": openBulk,
  "the account": STATES["the account"]!,
  "a page that does not exist": STATES["a page that does not exist"]!,
};

for (const [state, open] of Object.entries(ROOMY)) {
  test(`nothing of ${state} is cut off on a narrow screen or with large text`, async ({
    page,
    ship,
    problems,
  }) => {
    problems.allowStatus(400);
    problems.allowStatus(404);
    await open(page, ship);
    for (const { width, text } of [
      { width: 320, text: "100%" },
      { width: 640, text: "200%" },
      { width: 1280, text: "200%" },
    ]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate((size) => (document.documentElement.style.fontSize = size), text);
      expect(await page.evaluate(cutOff), `${width} px, text at ${text}`).toEqual([]);
    }
  });
}

test("with reduced motion, nothing moves while a page loads @js", async ({ page, ship }) => {
  await ship.create("octo/cat");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route("/dashboard?*", async (route) => {
    await released;
    await route.continue();
  });
  await page.getByRole("link", { name: "Archived 0" }).click();

  await expect(page.locator(".progress")).toBeVisible();
  const running = () =>
    document.getAnimations().filter(({ playState }) => playState === "running").length;
  await expect.poll(() => page.evaluate(running)).toBe(0);
  release();
  await expect(page.getByText("Nothing is archived.")).toBeVisible();
});

test("with forced colours, focus, fields and the chosen tab can be distinguished", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.emulateMedia({ forcedColors: "active" });
  await page.goto("/dashboard");
  const tabs = page.getByRole("navigation", { name: "Status" }).getByRole("link");
  const colorOf = (element: Element) => getComputedStyle(element).backgroundColor;
  expect(await tabs.nth(0).evaluate(colorOf)).not.toBe(await tabs.nth(1).evaluate(colorOf));

  for (const control of [
    page.getByLabel("Search"),
    page.getByRole("button", { name: "Archive octo/cat" }),
    page.getByRole("link", { name: "New session" }),
  ]) {
    await expect(control).toHaveCSS("border-style", "solid");
    await control.focus();
    await expect(control).toHaveCSS("outline-style", "solid");
  }
});

test("an action's message appears in a live region that existed before @js", async ({
  page,
  ship,
}) => {
  await ship.create("octo/cat");
  await page.goto("/dashboard");
  await untilListIsAlive(page);
  const region = await page.getByRole("status").elementHandle();
  await page.getByRole("button", { name: "Archive octo/cat" }).click();

  await expect(page.getByRole("status")).toContainText("Archived octo/cat.");
  expect(await region?.innerText()).toContain("Archived octo/cat.");
});

async function openRichSession(page: Page, ship: Client) {
  const id = await ship.create("octo/cat");
  for (const text of RICH_TEXT) await ship.send(id, text);
  await page.goto(`/session/${id}`);
  await expect(page.getByText("Slowly.")).toBeVisible();
}

async function openEveryKind(page: Page, ship: Client) {
  const id = await ship.create("octo/cat");
  await reportEveryKind(await Agent.connect(ship, id, "Bosun"));
  await page.goto(`/session/${id}`);
  for (const folded of await page.locator("details:not([open]) > summary").all()) {
    if (await folded.isVisible()) await folded.click();
  }
}

async function openRun(page: Page, ship: Client) {
  const id = await ship.create("octo/cat");
  const runner = await runEverything(ship, id);
  await page.goto(`/session/${id}`);
  await expect(page.getByText("Taken back: no agent gets it.")).toBeVisible();
  runner.stream("text", "I look at");
  runner.stream("text", " the docs.");
  runner.stream("more", "And then");
}

async function openLong(page: Page, ship: Client) {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 12; number++) await ship.send(id, `Message ${number}`);
  await page.goto(`/session/${id}`);
}

async function openMadeToken(page: Page, ship: Client) {
  await page.goto(`/session/${await ship.create("octo/cat")}`);
  await page.getByLabel("Agent’s name").fill("Bosun");
  await page.getByRole("button", { name: "Make a token" }).click();
  await expect(page.getByRole("group", { name: "The new token" })).toBeVisible();
}

async function openBulk(page: Page, ship: Client) {
  const ids = [await ship.create("octo/cat"), await ship.create("octo/dog")];
  await page.goto(`/dashboard/delete?id=${ids.join("&id=")}`);
  await page.getByRole("button", { name: "Delete 2 sessions" }).click();
  await expect(page.getByRole("progressbar")).toBeVisible();
}

/** Runs in the page. @returns the elements that overflow the screen horizontally, or whose content overflows them */
function cutOff(): string[] {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`the page, ${root.scrollWidth} px`] : [];
  for (const control of document.querySelectorAll("a, button, input, textarea, summary, h1, h2")) {
    if (!control.checkVisibility() || control.closest("pre, .sr-only, [role=group][tabindex]"))
      continue;
    const { left, right } = control.getBoundingClientRect();
    const isOut = left < -1 || right > root.clientWidth + 1;
    const isCut = control.matches("a, button") && control.scrollWidth > control.clientWidth + 1;
    const isInline = getComputedStyle(control).display === "inline";
    if (isOut || (isCut && !isInline)) found.push(control.outerHTML.slice(0, 120));
  }
  return found;
}
