import { expect, test } from "vitest";
import { relativeTime } from "../../app/ui/time";

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
