import { expect, test } from "vitest";
import { countMoves } from "../../app/sessions/list/live-list";

/** @returns a list of rows with these one-letter ids */
function lines(ids: string) {
  return [...ids].map((id) => ({ id }));
}

test.each([
  ["nothing", "abcd", "abcd", 0],
  ["a line that came", "abcd", "xabcd", 1],
  ["a line that went", "abcd", "acd", 1],
  ["one that came and pushed another off the page", "abcd", "xabc", 2],
  ["a line that moved to the top", "abcd", "dabc", 1],
  ["two that moved to the top", "abcd", "cdab", 2],
  ["the first ones of an empty list", "", "ab", 2],
])(
  "%s: from %j to %j, the number of rows that appear, disappear or move is %d",
  (_, held, now, moves) => {
    expect(countMoves(lines(held), lines(now))).toBe(moves);
  },
);
