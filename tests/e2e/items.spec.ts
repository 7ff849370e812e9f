/** What an agent does between its messages, and the requests that a person answers. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright/test";
import { Agent } from "../support/agent";
import { EVERY_KIND, permission, reportEveryKind, tool } from "../support/items";
import { bringNetworkBack, cutNetwork, detail, messages, sendMessage } from "../support/pages";
import { expect, test } from "../support/test";

const conversation = (page: Page) => page.getByRole("region", { name: "Conversation" });

/** A line of the conversation by its text, not one that is in another line. */
const lineWith = (page: Page, text: string | RegExp) =>
  conversation(page).locator("ol:not(ol ol) > li").filter({ hasText: text });

const isLive = (page: Page) => expect(page.getByText("Live", { exact: true })).toBeVisible();

/** Lets a page hear nothing, so that it still shows what others have answered. */
const withoutSocket = (page: Page) => page.routeWebSocket("**", () => undefined);

test("an agent’s work is seen as it happens, and its question answered from the same page @js @phone", async ({
  page,
  context,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id, "Bosun");
  await agent.report({ text: "I begin.", status: "working" });
  await page.goto(`/session/${id}`);
  await isLive(page);

  // A tool call goes on in its place, and is not announced.
  await agent.reportItem("t1", tool("execute", "in_progress", "npm test"));
  const call = lineWith(page, "npm test");
  await expect(call).toContainText("In progress");
  await expect(call).toContainText("Run: npm test");
  await agent.reportItem("t1", {
    ...tool("execute", "completed", "npm test"),
    content: [{ type: "output", text: "412 passed" }],
  });
  await expect(call).toContainText("Completed");
  await expect(call.getByRole("group", { name: "Output" })).toHaveText("412 passed");
  const log = page.getByRole("log");
  await expect(log).toBeEmpty();

  // A second one that is over folds with it; one that goes on does not.
  await agent.reportItem("t2", tool("read", "failed", "Read the log"));
  await agent.reportItem("t3", tool("read", "in_progress", "Read again"));
  await expect(page.getByText("2 tool calls, 1 failed")).toBeVisible();
  await expect(page.getByText("Run: npm test")).toBeHidden();
  await expect(lineWith(page, "Read again")).toBeVisible();
  await page.getByText("2 tool calls, 1 failed").click();
  await expect(page.getByText("Run: npm test")).toBeVisible();

  await agent.reportItem("p", plan("in_progress"));
  await expect(page.getByRole("list", { name: "Plan" })).toContainText("In progress");
  await agent.reportItem("p", plan("completed"));
  await expect(page.getByRole("list", { name: "Plan" })).not.toContainText("In progress");
  await expect(page.getByText("1 of 1 done")).toBeVisible();
  await expect(page.getByRole("list", { name: "Plan" })).toHaveCount(1);

  // Items are no messages.
  await expect(detail(page, "Messages")).toHaveText("1 message");

  // The question is above the composer wherever one reads, also in another tab.
  await agent.reportItem("ask", permission("Push to main?"));
  const request = page.getByRole("group", { name: "Push to main?" });
  await expect(request).toHaveCount(1);
  await expect(request).toBeInViewport({ ratio: 1 });
  await expect(detail(page, "Status")).toContainText("Needs you");
  await expect(log).toContainText("Bosun asks: Push to main?");
  await expect(request.getByRole("button")).toHaveText([
    "Allow once",
    "Yes, and do not ask again",
    "Reject",
    "Never in this session",
  ]);
  await expect(request).toContainText("allow always");
  await expect(request).toContainText("reject always");
  const other = await context.newPage();
  await other.goto(`/session/${id}`);
  await isLive(other);
  const late = await context.newPage();
  await withoutSocket(late);
  await late.goto(`/session/${id}`);

  await request.getByRole("button", { name: "Yes, and do not ask again" }).dblclick();
  await expect(request).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveCount(0);
  const answered = "chose “Yes, and do not ask again”, which is to allow always.";
  await expect(lineWith(page, "Push to main?")).toContainText(answered);
  await expect(lineWith(page, "Push to main?")).toBeFocused();
  await expect(other.getByRole("group", { name: "Push to main?" })).toHaveCount(0);
  await expect(lineWith(other, "Push to main?")).toContainText(answered);
  await expect(log.getByText("Push to main?")).toHaveCount(1);

  await late.getByRole("button", { name: "Reject" }).click();
  await expect(late.getByRole("alert")).toContainText(`Your answer came too late.`);
  await expect(late.getByRole("alert")).toContainText(answered);
  await expect(late.getByRole("alert")).toBeInViewport();
  await expect(late.getByRole("group", { name: "Push to main?" })).toHaveCount(0);

  await agent.reportItem("note", { kind: "notice", severity: "warning", text: "I was slow." });
  await expect(log).toContainText("Bosun: I was slow.");
  await expect(lineWith(page, "I was slow.")).toContainText("Warning:");
  await sendMessage(page, "Go on");
  await expect(detail(page, "Messages")).toHaveText("2 messages");
});

function plan(status: string) {
  return { kind: "plan", entries: [{ content: "Mend it", priority: "high", status }] };
}

test("of two requests the newest is pinned and the other in its place; each is answered once, and one may expire", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowStatus(409);
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id, "Bosun");
  await agent.reportItem("one", permission("May I read?"));
  await agent.reportItem("two", permission("May I write?"));
  await withoutSocket(page);
  await page.goto(`/session/${id}`);
  await expect(page.getByText("1 of 2 requests")).toBeVisible();
  const [one, two] = ["May I read?", "May I write?"].map((name) =>
    page.getByRole("group", { name }),
  );
  await expect(one!).toHaveCount(1);
  await expect(two!).toHaveCount(1);
  await two!.getByRole("button", { name: "Reject" }).click();
  await expect(lineWith(page, "May I write?")).toContainText("chose “Reject”.");
  await expect(page.getByText("1 of 2 requests")).toHaveCount(0);
  await expect(one!).toBeInViewport({ ratio: 1 });

  // Sent as a page would that was opened before.
  const press = (option: string) => ship.post(`/session/${id}`, { intent: `answer:2:${option}` });
  expect(await (await press("no")).text()).not.toContain("too late");
  const refused = await press("once");
  expect(refused.status()).toBe(409);
  expect(await refused.text()).toContain("Your answer came too late.");

  await agent.report({ status: "done" });
  await one!.getByRole("button", { name: "Allow once" }).click();
  await expect(page.getByRole("alert")).toContainText("it is no longer asked");
  await expect(lineWith(page, "May I read?")).toContainText("Not asked any more.");
});

test("what an agent can report is all shown, and is in the download @phone", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await reportEveryKind(await Agent.connect(ship, id, "Bosun"));
  await page.goto(`/session/${id}`);

  await expect(page.getByText("1 thought")).toHaveCount(1);
  await page.getByText("2 tool calls, 1 thought, 1 failed").click();
  await page.getByText("Thought: The tests fail").click();
  await expect(page.getByText("I look first.").last()).toBeVisible();
  await expect(lineWith(page, "2 tool calls")).toContainText("parser.ts:12");
  await expect(lineWith(page, "2 tool calls")).toContainText("rg: command not found");

  const edit = lineWith(page, /Edit:/);
  await expect(edit.getByRole("deletion")).toHaveText("Removed:-   return text.split(',');\n");
  await expect(edit.getByRole("insertion")).toHaveText("Added:+   return rowsOf(text);\n");
  const output = lineWith(page, "npm test").getByRole("group", { name: "Output" });
  await output.focus();
  await expect(output).toBeFocused();
  const { height } = (await output.boundingBox())!;
  expect(height).toBeLessThan(page.viewportSize()!.height / 2);

  const plan = page.getByRole("list", { name: "Plan" }).getByRole("listitem");
  await expect(plan.nth(0)).toContainText("Done");
  await expect(plan.nth(1)).toContainText("In progress");
  await expect(plan.nth(1)).toContainText("high priority");
  await expect(plan.nth(2)).toContainText("To do");

  const changes = lineWith(page, "Changes on");
  await expect(changes).toContainText("ship/mend-the-parser since main: 2 files");
  await expect(changes.getByRole("listitem").nth(1)).toHaveText(
    "docs/rows.md +1,204 added −0 removed",
  );
  await changes.getByText("Patch", { exact: true }).click();
  await expect(changes.getByRole("insertion")).toContainText("+new");
  await expect(changes).toContainText("Not in the patch: 1 file, 1,204 lines.");
  await expect(changes.getByRole("link", { name: "Pull request" })).toHaveAttribute(
    "href",
    "https://github.com/octo/cat/pull/1",
  );
  await expect(lineWith(page, "was started")).toContainText("Note:");
  await expect(lineWith(page, "137")).toContainText("Error:");
  await expect(page.getByRole("group", { name: /^Run rm/ })).toHaveCount(1);
  await expect(detail(page, "Messages")).toHaveText("1 message");

  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download" }).click();
  const { items } = JSON.parse(await readFile(await (await download).path(), "utf8")) as {
    items: object[];
  };
  for (const item of Object.values(EVERY_KIND)) {
    expect(items).toContainEqual(expect.objectContaining(item));
  }
});

test("a page that was offline while an agent worked catches up, and loads what was before @js", async ({
  page,
  ship,
  problems,
}) => {
  problems.allowOutage();
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  for (let number = 1; number <= 40; number++) {
    await agent.reportItem(`t${number}`, tool("read", "in_progress", `File ${number}.`));
  }
  await page.goto(`/session/${id}`);
  await isLive(page);
  await expect(messages(page)).toHaveCount(30);
  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(messages(page)).toHaveCount(40);
  await expect(page.getByRole("link", { name: "Load earlier" })).toHaveCount(0);

  await cutNetwork(page);
  await agent.reportItem("t2", tool("read", "pending", "File 2."));
  await agent.reportItem("t40", tool("read", "failed", "File 40."));
  await agent.report({ text: "Slowly." });
  await bringNetworkBack(page);
  await expect(lineWith(page, "File 2.")).toContainText("Not begun");
  await expect(lineWith(page, "File 40.")).toContainText("Failed");
  await expect(messages(page)).toHaveCount(41);
  await expect(messages(page).last()).toContainText("Slowly.");
});
