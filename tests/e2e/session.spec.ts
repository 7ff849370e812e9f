import { randomUUID } from "node:crypto";
import {
  detail,
  EMPTY,
  expectFieldError,
  messages,
  openDetails,
  rowOf,
  sendMessage,
} from "../support/pages";
import { expect, test } from "../support/test";

test("a session is opened from the list, and tells what it is @phone", async ({ page, ship }) => {
  const before = Date.now();
  const id = await ship.create("octo/cat");
  const after = Date.now();
  await page.goto("/dashboard");
  await rowOf(page, "octo/cat").getByRole("link", { name: "octo/cat", exact: true }).click();

  await expect(page).toHaveURL(`/session/${id}`);
  await expect(page).toHaveTitle("octo/cat · Ship");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("octo/cat");
  const repository = detail(page, "Repository").getByRole("link", { name: "octo/cat on GitHub" });
  await expect(repository).toHaveAttribute("href", "https://github.com/octo/cat");
  await expect(detail(page, "Status")).toHaveText("Active");
  await openDetails(page);
  await expect(detail(page, "Messages")).toHaveText("no messages");
  for (const term of ["Created", "Last activity"]) {
    const time = detail(page, term).getByRole("time");
    await expect(time).toHaveText("just now");
    const exact = Date.parse((await time.getAttribute("datetime")) ?? "");
    expect(exact).toBeGreaterThanOrEqual(before);
    expect(exact).toBeLessThanOrEqual(after);
  }

  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page).toHaveURL("/dashboard?status=active");
});

test("a session leads back to the list that it is on", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await ship.change("archive", id);
  await page.goto(`/session/${id}`);
  await page.getByRole("link", { name: "All sessions" }).click();
  await expect(page).toHaveURL("/dashboard?status=archived");

  await page.goto(`/session/${id}`);
  await page.getByRole("link", { name: "Delete", exact: true }).click();
  await page.getByRole("link", { name: "Cancel" }).click();
  await expect(page).toHaveURL("/dashboard?status=archived");
});

test("the conversation comes first; its details are beside it, or folded below it on a phone @phone", async ({
  page,
  ship,
  isMobile,
}) => {
  const id = await ship.create("octo/cat");
  await ship.send(id, "Hello");
  await page.goto(`/session/${id}`);
  const boxOf = async (name: string) => (await page.getByRole("region", { name }).boundingBox())!;
  const conversation = await boxOf("Conversation");
  const details = await boxOf("Details");
  const name = page.getByLabel("Agent’s name");

  if (isMobile) {
    expect(details.y).toBeGreaterThan(conversation.y + conversation.height);
    await expect(name).toBeHidden();
    await page.getByText("Details", { exact: true }).click();
  } else {
    expect(details.x).toBeGreaterThan(conversation.x + conversation.width);
    await expect(page.getByText("Details", { exact: true })).toBeHidden();
  }
  await expect(name).toBeVisible();
  await expect(page.getByRole("region", { name: "History" })).toContainText("Created");
});

test("an empty page leads to what comes next, also on a phone", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`/session/${id}`);
  await expect(page.getByText(EMPTY)).toBeVisible();
  const connect = page.getByRole("link", { name: "Connect an agent" });
  await connect.click();
  await expect(page.getByLabel("Agent’s name")).toBeFocused();
  await expect(page.getByLabel("Agent’s name")).toBeInViewport();

  await page.keyboard.type("Bosun");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = page.getByRole("group", { name: "The new token" });
  await expect(token).toBeVisible();
  await connect.click();
  await expect(page.getByLabel("Agent’s name")).toBeFocused();
  await expect(token).toBeVisible();

  await sendMessage(page, "Hello");
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByText(EMPTY)).toHaveCount(0);
});

test("a message is sent, shown and counted at once @phone", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await expect(page.getByText(EMPTY)).toBeVisible();
  await openDetails(page);
  const lastActivity = detail(page, "Last activity").getByRole("time");
  const created = await lastActivity.getAttribute("datetime");

  await sendMessage(page, "Hello\nship");
  await expect(messages(page)).toHaveCount(1);
  await expect(messages(page)).toContainText("Hello\nship", { useInnerText: true });
  await expect(detail(page, "Messages")).toHaveText("1 message");
  await expect(lastActivity).not.toHaveAttribute("datetime", created ?? "");
  await expect(page.getByLabel("Message")).toHaveValue("");
  await expect(page).toHaveURL(`/session/${id}`);

  await sendMessage(page, "And again");
  await expect(messages(page)).toHaveCount(2);
  await expect(messages(page).last()).toContainText("And again");
  await expect(detail(page, "Messages")).toHaveText("2 messages");
});

test("a message is shown as it was written, whatever is in it", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  const odd = [
    "<script>alert(1)</script> & <b>bold</b>",
    "</textarea></script><!--",
    "🚀 👩‍👩‍👧‍👦",
    "שלום عالم",
    "line\r\n\r\n  indented\tline",
    "{{ }} ${1} \\u0000 %00 \u2028",
    "zero\0byte",
  ];
  for (const text of odd) await ship.send(id, text);

  await page.goto(`/session/${id}`);

  await expect(messages(page)).toHaveCount(odd.length);
  for (const [index, text] of odd.slice(0, -1).entries()) {
    await expect(messages(page).nth(index)).toContainText(text, { useInnerText: true });
  }
});

test("a message that cannot be sent is told why, and stays", async ({
  page,
  ship,
  problems,
  javaScriptEnabled,
}) => {
  problems.allowStatus(400);
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);

  // With JavaScript, a message that is too long gets an error before it is sent: see live.spec.ts.
  const tooLong = { text: "é".repeat(16 * 1024 + 1), error: "A message has at most 32 KiB." };
  for (const { text, error } of [
    { text: "", error: "Write a message first." },
    { text: "   \n ", error: "Write a message first." },
    ...(javaScriptEnabled === false ? [tooLong] : []),
  ]) {
    await sendMessage(page, text);
    await expectFieldError(page.getByLabel("Message"), error, text);
    await expect(messages(page)).toHaveCount(0);
  }

  await sendMessage(page, "é".repeat(16 * 1024));
  await expect(messages(page)).toHaveCount(1);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a double click on Send sends one message", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  await page.goto(`/session/${id}`);
  await page.getByLabel("Message").fill("Hello");
  await page.getByRole("button", { name: "Send" }).dblclick();

  await expect(messages(page)).toHaveCount(1);
  await page.goto(`/session/${id}`);
  await expect(messages(page)).toHaveCount(1);
  await expect(detail(page, "Messages")).toHaveText("1 message");
});

test("the same message sent ten times at once is there once", async ({ page, ship }) => {
  const id = await ship.create("octo/cat");
  const key = randomUUID();
  await Promise.all(Array.from({ length: 10 }, () => ship.sendMessageForm(id, "Hello", key)));

  await page.goto(`/session/${id}`);
  await expect(messages(page)).toHaveCount(1);
  await expect(detail(page, "Messages")).toHaveText("1 message");
});

test("a long conversation begins with its newest messages, and loads earlier ones", async ({
  page,
  ship,
  javaScriptEnabled,
}) => {
  const id = await ship.create("octo/cat");
  for (let number = 1; number <= 32; number++) await ship.send(id, `Message ${number}.`);
  await page.goto(`/session/${id}`);
  await expect(detail(page, "Messages")).toHaveText("32 messages");
  await expect(messages(page)).toHaveCount(30);
  await expect(messages(page).first()).toContainText("Message 3.");
  await expect(messages(page).last()).toContainText("Message 32.");

  await page.getByRole("link", { name: "Load earlier" }).click();
  await expect(messages(page).first()).toContainText("Message 1.");
  await expect(page.getByRole("link", { name: "Load earlier" })).toHaveCount(0);

  // Without JavaScript, earlier messages are on another page.
  if (javaScriptEnabled === false) {
    await page.getByRole("link", { name: "Newest messages" }).click();
  }
  await expect(messages(page).last()).toContainText("Message 32.");
});

test("what does not exist and what is someone else's are answered alike", async ({
  page,
  ship,
  someoneElse,
  problems,
}) => {
  problems.allowStatus(404);
  expect(await ship.list()).toEqual([]);
  const foreign = await someoneElse.ship.create("octo/cat");

  const answers = [];
  for (const id of [randomUUID(), foreign, "no-id"]) {
    const answer = await page.goto(`/session/${id}`);
    answers.push({
      status: answer?.status(),
      title: await page.title(),
      text: await page.locator("main").innerText(),
    });
  }

  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]?.status).toBe(404);
  expect(answers[0]?.text).toContain("This session does not exist, or it is not yours.");
  await page.getByRole("link", { name: "Go to your sessions" }).click();
  await expect(page).toHaveURL("/dashboard?status=active");
});

test("a damaged link into a conversation is told so", async ({ page, ship, problems }) => {
  problems.allowStatus(400);
  const id = await ship.create("octo/cat");
  for (const before of ["0", "-1", "x", "1e3", ""]) {
    const answer = await page.goto(`/session/${id}?before=${before}`);
    expect(answer?.status()).toBe(400);
    await expect(page.getByText("This link to a part of the conversation is")).toBeVisible();
  }
});

test("writing into an archived session brings it back, and it says so before", async ({
  page,
  ship,
}) => {
  const id = await ship.create("octo/cat");
  await ship.change("archive", id);
  await page.goto(`/session/${id}`);
  await expect(detail(page, "Status")).toHaveText("Archived");
  await expect(page.getByLabel("Message")).toHaveAccessibleDescription(
    "Writing brings this session back from the archive.",
  );

  await sendMessage(page, "Hello again");

  await expect(async () => {
    await page.goto(`/session/${id}`);
    await expect(detail(page, "Status")).toHaveText("Active", { timeout: 100 });
  }).toPass();
  await expect(page.getByRole("listitem").getByText("Restored by a new message")).toBeVisible();
  expect(await ship.list()).toEqual([id]);
});

test("Enter sends and Shift and Enter break the line; on a phone Enter breaks it @js @phone", async ({
  page,
  ship,
  isMobile,
}) => {
  const id = await ship.create("octo/cat");
  await page.goto("/dashboard");
  await rowOf(page, "octo/cat").getByRole("link", { name: "octo/cat", exact: true }).click();
  await expect(page).toHaveURL(`/session/${id}`);
  const composer = page.getByLabel("Message");
  await expect(composer).toHaveAccessibleDescription(
    isMobile
      ? "Markdown, at most 32 KiB. Enter breaks the line."
      : "Markdown, at most 32 KiB. Enter sends, Shift+Enter breaks the line.",
  );

  await composer.pressSequentially("First");
  await composer.press(isMobile ? "Enter" : "Shift+Enter");
  await composer.pressSequentially("second");
  await (isMobile ? page.getByRole("button", { name: "Send" }).tap() : composer.press("Enter"));

  await expect(messages(page)).toContainText("First\nsecond", { useInnerText: true });
  await expect(composer).toHaveValue("");
  await expect(composer).toBeFocused();

  await composer.pressSequentially("Third");
  await composer.press("Control+Enter");
  await expect(messages(page)).toHaveCount(2);
});
