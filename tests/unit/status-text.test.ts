import { readFileSync } from "node:fs";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import type { AgentStatus } from "../../app/sessions/protocol/session";
import { AgentStatusLabel } from "../../app/sessions/session-text";
import { NOW } from "./support";

const ICONS = readFileSync(new URL("../../app/ui/icons.css", import.meta.url), "utf8");

const WORDS: Record<AgentStatus, string> = {
  queued: "Queued, just now",
  working: "Working, said just now",
  waiting: "Needs you, said just now",
  lost: "Connection lost, last heard just now",
  done: "Done, said just now",
  failed: "Failed, said just now",
  stopped: "Stopped, just now",
  refused: "Refused, just now",
  limit: "Limit reached, just now",
  interrupted: "Interrupted, just now",
};

test.each(Object.entries(WORDS))("the status %s is said as “%s”, with an icon", (name, words) => {
  const status = name as AgentStatus;
  const report = { status, rev: 1, at: NOW };
  const html = renderToStaticMarkup(createElement(AgentStatusLabel, { report, now: NOW }));
  expect(html.replace(/<[^>]+>/g, "")).toBe(words);
  expect(html).toContain(`icon-${status}`);
  expect(ICONS).toContain(`.icon-${status} {`);
});
