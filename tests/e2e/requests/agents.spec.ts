/** Runs the commands of docs/agents.md and of a session's page exactly as written, by bash and curl. */
import { Agent, blocksOf } from "../../support/agent";
import type { Client } from "../../support/client";
import { expect, requestTest as test } from "../../support/test";

interface Hooks {
  hooks: Record<string, { matcher?: string; hooks: { type: string; command: string }[] }[]>;
}

test("the documented commands do what they say", async ({ ship }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id, "Builder");
  const status = () => agentStatus(ship, id);
  const [working, asks, waits, withKey, json, newest, ...items] = await blocksOf("agents.md", "sh");
  const [tool, permission, answers, ...more] = items;
  const answer = async (command = "") => JSON.parse(await agent.shell(command)) as unknown;

  expect(await answer(working)).toEqual({ message: null });
  expect(await status()).toBe("Working");

  expect(await answer(asks)).toEqual({ message: 1 });
  expect(await status()).toBe("Needs you");

  const waiting = answer(waits);
  await ship.send(id, "No, keep it.");
  expect(await waiting).toMatchObject({
    messages: [{ id: 2, role: "user", text: "No, keep it." }],
  });

  expect(await answer(withKey)).toEqual({ message: 3 });
  expect(await answer(json)).toEqual({ message: 4 });
  expect(await status()).toBe("Failed");
  expect(await answer(withKey), "the same key again").toEqual({ message: 3 });
  expect(await status()).toBe("Failed");

  expect(await answer(newest)).toEqual({ messages: await agent.read() });
  expect((await agent.read()).map(({ author, text }) => [author, text])).toEqual([
    ["Builder", "May I drop the table `old_users`?"],
    [expect.stringMatching(/^user-/), "No, keep it."],
    ["Builder", "All **212** tests pass."],
    ["Builder", "The build broke.\n\n    make: *** [all] Error 2"],
  ]);

  expect(await answer(tool)).toEqual({ message: null, item: 5 });
  expect(await answer(permission)).toEqual({ message: null, item: 6 });
  expect(await status()).toBe("Needs you");
  await ship.post(`/session/${id}`, { intent: "answer:6:no" });
  expect(await answer(answers)).toMatchObject({
    items: [
      { id: 5, body: { kind: "tool", title: "npm test", status: "in_progress" } },
      { id: 6, seq: 7, body: { state: "answered", option: "no" } },
    ],
  });
  expect(more, "commands that this test does not know").toEqual([]);
});

test("the documented hooks report, print nothing, and are those that a session's page shows", async ({
  ship,
}) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);
  const [settings = "", ...more] = await blocksOf("agents.md", "json");
  const { hooks } = JSON.parse(settings) as Hooks;

  expect(shownOn(agent.page, "Hooks for Claude Code")).toBe(settings.trim());
  expect(more).toEqual([]);
  for (const [event, status] of [
    ["UserPromptSubmit", "Working"],
    ["Notification", "Needs you"],
    ["PostToolUse", "Working"],
    ["StopFailure", "Failed"],
    ["UserPromptSubmit", "Working"],
    ["Stop", "Done"],
    ["UserPromptSubmit", "Working"],
    ["SessionEnd", "Done"],
  ] as const) {
    for (const { command } of hooks[event]?.flatMap((group) => group.hooks) ?? []) {
      expect(await agent.shell(command), event).toBe("");
    }
    expect(await agentStatus(ship, id)).toBe(status);
  }
  expect(Object.keys(hooks)).toHaveLength(6);
  // A minute after every turn, Claude Code sends an idle notification, which must not turn Done into Needs you.
  expect(hooks.Notification?.map(({ matcher }) => matcher?.split("|"))).toEqual([
    ["permission_prompt", "elicitation_dialog", "elicitation_url_dialog"],
  ]);
  // Without a terminal, it ends with another reason right after a failed turn; the status must stay failed.
  expect(hooks.SessionEnd?.map(({ matcher }) => matcher)).toEqual(["prompt_input_exit|logout"]);
});

test("the commands that a session's page shows work as they are pasted", async ({ ship }) => {
  const id = await ship.create("octo/cat");
  const agent = await Agent.connect(ship, id);

  const printed = await agent.shell(`unset SHIP_SESSION SHIP_TOKEN
    ${shownOn(agent.page, "Commands for curl")}`);

  expect(printed).toContain('{"message":null}{"message":1}{"messages":[{"id":1,');
  expect(await agent.read()).toMatchObject([{ author: "Bot", text: "All tests pass." }]);
  expect(await agentStatus(ship, id)).toBe("Done");
});

test("a command with a wrong token says so and fails", async ({ ship }) => {
  const agent = await Agent.connect(ship, await ship.create("octo/cat"));
  const [report = ""] = await blocksOf("agents.md", "sh");

  const failed = await agent.shell(`SHIP_TOKEN=ship_wrong\n${report.trim()} || echo " $?"`);

  expect(failed).toBe(
    `{"error":"This token is not one of this session’s, or it was revoked, or not used for 90 days."} 22\n`,
  );
});

/** @returns the agents' status on the session's page */
async function agentStatus(ship: Client, id: string): Promise<string | undefined> {
  const page = await (await ship.request.get(`/session/${id}`)).text();
  return /(Working|Needs you|Done|Failed|Silent)<span class="said">, /.exec(page)?.[1];
}

/** @returns the text of the code block with this label */
function shownOn(page: string, label: string): string {
  const [, html = ""] =
    new RegExp(`<pre[^>]* aria-label="${label}">(.*?)</pre>`, "s").exec(page) ?? [];
  return html
    .replaceAll("&quot;", '"')
    .replaceAll("&#x27;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
