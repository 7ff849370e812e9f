/** What is said of a session's agents, and by which icon. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { AgentStatus } from "../../app/sessions/protocol/session";
import { AgentStatusLabel } from "../../app/sessions/session-text";

const NOW = 1_800_000_000_000;
const AGO = NOW - 120_000;

function label(status: AgentStatus, at = AGO, asks: string | null = null): string {
  const report = { status, rev: 1, at };
  return renderToStaticMarkup(createElement(AgentStatusLabel, { report, asks, now: NOW }));
}

const textOf = (html: string) => html.replace(/<[^>]*>/g, "");

const WORDS: Record<AgentStatus, string> = {
  queued: "Queued 2 minutes ago",
  working: "Working, said 2 minutes ago",
  waiting: "Needs you, said 2 minutes ago",
  lost: "Connection lost, last heard 2 minutes ago",
  done: "Done, said 2 minutes ago",
  failed: "Failed, said 2 minutes ago",
  stopped: "Stopped 2 minutes ago",
  refused: "Refused 2 minutes ago",
  limit: "Limit reached 2 minutes ago",
  interrupted: "Interrupted 2 minutes ago",
};

test.each(Object.entries(WORDS) as [AgentStatus, string][])(
  "“%s” is called “%s”",
  (status, words) => {
    expect(textOf(label(status))).toBe(words);
  },
);

test("one that works without a word for ten minutes is silent", () => {
  expect(textOf(label("working", NOW - 600_000))).toBe("Silent, last heard 10 minutes ago");
});

test("every status has an icon of its own", () => {
  const css = readFileSync(join(import.meta.dirname, "../../app/ui/icons.css"), "utf8");
  const statuses = Object.keys(WORDS) as AgentStatus[];
  const icons = [...statuses.map((status) => label(status)), label("working", NOW - 600_000)].map(
    (html) => /icon-[a-z]+/.exec(html)![0],
  );
  expect(new Set(icons).size).toBe(icons.length);
  for (const icon of icons) expect(css).toContain(`.${icon} {`);
});

test("what is asked stands in place of the age, isolated from the words around it", () => {
  const asked = label("waiting", AGO, "Run <b>all</b> tests?");
  expect(asked).toContain("Needs you: <bdi>Run &lt;b&gt;all&lt;/b&gt; tests?</bdi></span>");
  expect(asked).not.toContain("ago");
});
