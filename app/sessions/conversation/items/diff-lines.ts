/** Lines of a changed file, for display. */
import { diffArrays } from "diff";

/** Lines that follow each other and are all added, removed or neither; each ends with a line break. */
export interface DiffBlock {
  kind: "added" | "removed" | "same";
  text: string;
}

/** From how many blocks on a diff is not displayed line by line, because every block is an element of the page. */
const MAX_BLOCKS = 400;

/** From how many added and removed lines on the lines of two texts are not compared, because that takes too long. */
const MAX_EDITS = 100;

/** How many lines around a change are displayed. */
const CONTEXT = 3;

const SIGN = { added: "+ ", removed: "- ", same: "  " };

/** @returns what has changed between two texts, with a sign before every line and some unchanged lines around */
export function diffBlocks(old: string, now: string): DiffBlock[] {
  const [before, after] = [linesOf(old), linesOf(now)];
  const lines = compare(before, after) ?? wholeDiff(before, after);
  const blocks = joined(shortened(lines));
  return blocks.length > MAX_BLOCKS ? joined(wholeDiff(before, after)) : blocks;
}

/** @param patch a unified diff @returns its lines, as they are */
export function patchBlocks(patch: string): DiffBlock[] {
  const lines = linesOf(patch).map((text) => ({ kind: kindInPatch(text), text }));
  const blocks = joined(lines);
  return blocks.length > MAX_BLOCKS ? [{ kind: "same", text: patch }] : blocks;
}

function kindInPatch(line: string): DiffBlock["kind"] {
  if (/^\+(?!\+\+ )/.test(line)) return "added";
  return /^-(?!-- )/.test(line) ? "removed" : "same";
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** @returns a function that makes a line of this kind a part of a diff, without its end */
const signed = (kind: DiffBlock["kind"]) => (line: string) => ({ kind, text: SIGN[kind] + line });

function wholeDiff(before: string[], after: string[]): DiffBlock[] {
  return [...before.map(signed("removed")), ...after.map(signed("added"))];
}

/** @returns the shortest diff; undefined if it has more than `MAX_EDITS` edits */
function compare(before: string[], after: string[]): DiffBlock[] | undefined {
  const changes = diffArrays(before, after, { maxEditLength: MAX_EDITS });
  return changes?.flatMap(({ added, removed, value }) =>
    value.map(signed(added ? "added" : removed ? "removed" : "same")),
  );
}

/** Leaves out unchanged lines that are far from any change. */
function shortened(lines: DiffBlock[]): DiffBlock[] {
  const isNear = lines.map(() => false);
  for (const [place, { kind }] of lines.entries()) {
    if (kind !== "same") isNear.fill(true, Math.max(0, place - CONTEXT), place + CONTEXT + 1);
  }
  const short: DiffBlock[] = [];
  let left = 0;
  const mark = () => {
    if (left > 0) short.push({ kind: "same", text: `… ${left} unchanged` });
    left = 0;
  };
  for (const [place, line] of lines.entries()) {
    if (!isNear[place]) {
      left++;
      continue;
    }
    mark();
    short.push(line);
  }
  mark();
  return short;
}

function joined(lines: DiffBlock[]): DiffBlock[] {
  const blocks: DiffBlock[] = [];
  for (const { kind, text } of lines) {
    const last = blocks.at(-1);
    if (last?.kind === kind) last.text += `${text}\n`;
    else blocks.push({ kind, text: `${text}\n` });
  }
  return blocks;
}
