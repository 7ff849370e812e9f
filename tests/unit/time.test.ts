import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { ExactTime, relativeTime } from "../../app/ui/time";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test.each([
  [0, "just now"],
  [-59_000, "just now"],
  [-5 * MINUTE, "5 minutes ago"],
  [-DAY, "yesterday"],
  [3 * DAY, "in 3 days"],
  [30_000, "in a moment"],
])("%d ms from now is told as “%s”", (distance, told) => {
  const now = Date.UTC(2026, 10, 22, 12);
  expect(relativeTime(now + distance, now)).toBe(told);
});

test("an exact time is told in UTC, where no browser has said its own time", () => {
  const at = Date.UTC(2026, 2, 4, 5, 6, 7);
  expect(renderToStaticMarkup(createElement(ExactTime, { at }))).toBe(
    '<time dateTime="2026-03-04T05:06:07.000Z">4 Mar 2026, 05:06 UTC</time>',
  );
});
