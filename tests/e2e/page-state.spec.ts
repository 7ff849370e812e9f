/** What a page that stays open remembers: nothing of one thing is shown, sent or lost under another. */
import type { Page } from "playwright/test";
import { messages, sendMessage } from "../support/pages";
import { expect, test } from "../support/test";

/** Makes a token in the session's page that is open. @returns it, as it is shown */
async function makeToken(page: Page, name: string): Promise<string> {
  const field = page.getByLabel("Agent’s name");
  if (!(await field.isVisible())) await page.getByText("Connect an agent").click();
  await field.fill(name);
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
