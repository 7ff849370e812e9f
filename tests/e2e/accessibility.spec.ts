import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright/test";
import { Agent } from "../support/agent";
import type { Client } from "../support/client";
import { fillCreateForm, signInAs } from "../support/pages";
import { expect, test } from "../support/test";

/** The checker has a playwright-core of its own, whose version and so whose types may be others. */
type AxePage = ConstructorParameters<typeof AxeBuilder>[0]["page"];

/** Every page in every state that looks its own way, and how one gets there. */
const STATES: Record<string, (page: Page, ship: Client) => Promise<unknown>> = {
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
  "a session with agents, one of them just connected": async (page, ship) => {
    const id = await ship.create("octo/cat");
    const agent = await Agent.connect(ship, id);
    const code = `const line = "${"long ".repeat(60)}";`;
    await agent.report({ text: `# Plan\n\n\`\`\`ts\n${code}\n\`\`\``, status: "waiting" });
    await page.goto(`/session/${id}`);
    await page.getByText("Connect an agent").click();
    await page.getByLabel("Agent’s name").fill("Reviewer");
    await page.getByRole("button", { name: "Make a token" }).click();
    await expect(page.getByRole("group", { name: "The new token" })).toBeVisible();
    await expect(page.getByText("2 connected")).toBeVisible();
  },
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

for (const [state, open] of Object.entries(STATES)) {
  test(`nothing is in the way of anyone on ${state}, in light and in dark @js`, async ({
    page,
    ship,
    problems,
  }) => {
    problems.allowStatus(400);
    problems.allowStatus(404);
    await open(page, ship);
    await expectNoViolations(page);
  });
}

// The checker is a script itself, so it cannot run where there is no JavaScript: the app's scripts are emptied instead.
for (const state of ["the create dialog with wrong fields", "the delete dialog"]) {
  test(`nothing is in the way of anyone on ${state} before its scripts run @js`, async ({
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

async function expectNoViolations(page: Page) {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page: page as unknown as AxePage }).analyze();
    expect(violations, colorScheme).toEqual([]);
  }
}
