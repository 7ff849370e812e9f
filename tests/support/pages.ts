/** Actions on Ship's pages, and locators of their parts. */
import type { Locator, Page } from "playwright/test";
import { expect } from "./test";

/** Fills the sign-in form of the page that is open. */
export async function signInAs(page: Page, name: string) {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Continue locally" }).click();
}

/** Waits until the list that is open is hydrated. On a phone the button exists, but is hidden. */
export async function untilListIsAlive(page: Page) {
  const button = page.getByRole("button", { name: "Keyboard shortcuts", includeHidden: true });
  await expect(button).toBeAttached();
}

/** Fills in the create dialog that is open, and submits it. */
export async function fillCreateForm(page: Page, owner: string, name: string) {
  await page.getByLabel("Repository owner").fill(owner);
  await page.getByLabel("Repository name").fill(name);
  await page.getByRole("button", { name: "Create session" }).click();
}

/** The list's row of a repository, "owner/name". */
export function rowOf(page: Page, repository: string): Locator {
  const header = page.getByRole("rowheader", { name: repository, exact: true });
  return page.getByRole("row").filter({ has: header });
}

/** Expects the list to show these repositories, in this order, and no others. */
export async function expectRows(page: Page, repositories: string[]) {
  await expect(page.getByRole("rowheader")).toHaveText(repositories);
}

/** The detail of a session's page under this term. */
export function detail(page: Page, term: string): Locator {
  return page.locator("dt").getByText(term, { exact: true }).locator("xpath=following-sibling::dd");
}

/** Unfolds the details of the session's page that is open. On a wide screen they are always open. */
export async function openDetails(page: Page) {
  const folded = page.locator("details:not([open]) > summary").getByText("Details");
  if (await folded.isVisible()) await folded.click();
}

/** What a session's page says while it has no messages. */
export const EMPTY = "Nothing has been said here yet";

export async function sendMessage(page: Page, text: string) {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Presses a button that submits a form. @returns the status of the response */
export async function press(page: Page, button: string): Promise<number> {
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByRole("button", { name: button }).click();
  return (await answer).status();
}

/** The messages that a session's page shows. */
export function messages(page: Page): Locator {
  const conversation = page.getByRole("region", { name: "Conversation" });
  return conversation.getByRole("listitem");
}

/** Cuts the network. Without any other network, the browser would not notice, so it is also set offline. */
export async function cutNetwork(page: Page) {
  await page.context().setOffline(true);
  await page.evaluate(() => dispatchEvent(new Event("offline")));
  await expect(page.getByText("Offline. Reconnecting…")).toBeVisible();
}

/** Undoes `cutNetwork`, and waits until the page has noticed. */
export async function bringNetworkBack(page: Page) {
  await page.context().setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await expect(page.getByText("Offline. Reconnecting…")).toHaveCount(0);
}

/** Expects an icon in front of an element's text. */
export async function expectIcon(words: Locator) {
  const icon = await words.evaluate((element) => getComputedStyle(element, "::before").maskImage);
  expect(icon).toContain("icons");
}

/** Expects a field to show an error, visibly and for screen readers, and to keep the typed text. */
export async function expectFieldError(field: Locator, error: string, typed: string) {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toHaveAccessibleDescription(new RegExp(`^${escapeRegExp(error)}`));
  await expect(field.page().getByText(error)).toBeVisible();
  await expect(field).toHaveValue(typed);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
