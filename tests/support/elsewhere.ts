/** For tests with two browsers of one person. */
import type { Page } from "playwright/test";
import { Client } from "./client";
import { expect, test as base } from "./test";

interface Fixtures {
  /** The same person's second browser. */
  elsewhere: { page: Page; ship: Client };
}

export const test = base.extend<Fixtures>({
  elsewhere: async ({ browser, baseURL, problems, ship }, run) => {
    const context = await browser.newContext();
    problems.watch(context);
    const other = new Client(context.request, baseURL ?? "");
    await other.signIn(await nameOf(ship));
    await run({ page: await context.newPage(), ship: other });
    await context.close();
  },
});

/** @returns the name of the signed-in person */
export async function nameOf(ship: Client): Promise<string> {
  const account = await (await ship.request.get("/account")).text();
  return /user-[0-9a-f]{8}/.exec(account)?.[0] ?? "";
}

/** Opens a session's page, and waits until its live socket is open. */
export async function openLive(page: Page, id: string) {
  await page.goto(`/session/${id}`);
  await expectLive(page);
}

export async function expectLive(page: Page) {
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
}
