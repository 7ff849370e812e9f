/** Items of every kind, as an agent reports them. */
import type { Permission, ToolKind, ToolStatus } from "../../app/sessions/protocol/item";
import type { RunItem } from "../../app/sessions/protocol/run-frames";
import type { Agent } from "./agent";
import type { Client } from "./client";
import { Runner } from "./runner";

const LONG =
  "a/path/that/is/longer/than/any/phone/is/wide/by/far/and/has/no/place/to/break/parser.ts";

const OLD = "export function parse(text: string) {\n  return text.split(',');\n}\n";

/** By key. The last one is a request. */
export const EVERY_KIND: Record<string, { kind: string } & Record<string, unknown>> = {
  thought: { kind: "thought", text: "The tests fail because rows may have quotes.\nI look first." },
  read: { ...tool("read", "completed", "Read parser.ts"), locations: [{ path: LONG, line: 12 }] },
  search: {
    ...tool("search", "failed", "Look for callers"),
    content: [{ type: "output", text: "rg: command not found" }],
  },
  plan: {
    kind: "plan",
    entries: [
      { content: "Read the parser", priority: "medium", status: "completed" },
      { content: "Mend how quotes are read", priority: "high", status: "in_progress" },
      { content: "Document it", priority: "low", status: "pending" },
    ],
  },
  edit: {
    ...tool("edit", "in_progress", `Edit ${LONG}`),
    locations: [{ path: LONG, line: 2 }],
    content: [
      { type: "text", text: "Rows are split outside of quotes only." },
      { type: "diff", path: LONG, old: OLD, new: OLD.replace("text.split(',')", "rowsOf(text)") },
    ],
  },
  run: {
    ...tool("execute", "pending", "npm test"),
    content: [{ type: "output", text: "ok a line of output that is rather long\n".repeat(40) }],
  },
  changes: {
    kind: "changes",
    branch: "ship/mend-the-parser",
    base: "main",
    files: [
      { path: LONG, added: 12, removed: 3 },
      { path: "docs/rows.md", added: 1_204, removed: 0 },
    ],
    patch: `--- a/${LONG}\n+++ b/${LONG}\n@@ -1,2 +1,2 @@\n export\n-old\n+new\n`,
    missing: { files: 1, lines: 1_204 },
    pullRequest: "https://github.com/octo/cat/pull/1",
  },
  started: { kind: "notice", severity: "info", text: "Claude Code 2.1 was started." },
  quiet: { kind: "notice", severity: "warning", text: "Nothing was heard for a minute." },
  died: { kind: "notice", severity: "error", text: "The agent ended unexpectedly (code 137)." },
  earlier: permission("May I read the network’s logs?"),
  asks: permission(`Run rm -rf ${LONG}?`),
};

/** A call of a tool. */
export function tool(kind: ToolKind, status: ToolStatus, title: string) {
  return { kind: "tool" as const, tool: kind, status, title };
}

/** A request with two options whose names say what they do, and two whose names do not. */
export function permission(title: string): Pick<Permission, "kind" | "title" | "options"> {
  return {
    kind: "permission",
    title,
    options: [
      { id: "once", name: "Allow once", kind: "allow_once" },
      { id: "tab:2", name: "Yes, and do not ask again", kind: "allow_always" },
      { id: "no", name: "Reject", kind: "reject_once" },
      { id: "never", name: "Never in this session", kind: "reject_always" },
    ],
  };
}

/** Reports an item of every kind, and a message. */
export async function reportEveryKind(agent: Agent) {
  await agent.report({ text: "I begin with the **parser**." });
  for (const [key, item] of Object.entries(EVERY_KIND)) await agent.reportItem(key, item);
}

/** @returns items as a run sends them, with their keys */
function runItems(items: Record<string, object>): RunItem[] {
  return Object.entries(items).map(([key, item]) => ({ key, item: item as RunItem["item"] }));
}

/**
 * Has a runner work in a session: one run has ended, another one is writing and asks, a message waits, and one was taken
 * back.
 */
export async function runEverything(ship: Client, id: string): Promise<Runner> {
  await ship.send(id, "Mend the parser");
  const runner = await Runner.connect(ship.origin, id);
  await runner.begin();
  const work = Object.entries(EVERY_KIND).filter(([, { kind }]) => kind !== "permission");
  const said = { kind: "message", text: "I begin." };
  await runner.items(...runItems({ said, ...Object.fromEntries(work) }));
  await runner.end("done");
  await ship.send(id, "Now the **docs**, please.");
  await runner.begin();
  await ship.send(id, "Then open a pull request.");
  await ship.send(id, "And `publish` it: https://example.com");
  await ship.post(`/session/${id}`, { intent: "withdraw:5" });
  await runner.items(
    ...runItems({ asks: EVERY_KIND.asks!, text: { kind: "message", text: "I look at" } }),
  );
  return runner;
}
