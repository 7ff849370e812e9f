/** Lines of a changed file, for display. */

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

/** The parts of a diff, one line each, without their ends. */
function wholeDiff(before: string[], after: string[]): DiffBlock[] {
  const signed = (kind: DiffBlock["kind"]) => (line: string) => ({ kind, text: SIGN[kind] + line });
  return [...before.map(signed("removed")), ...after.map(signed("added"))];
}

/**
 * Compares line by line with Myers' algorithm ("An O(ND) Difference Algorithm", 1986).
 *
 * @returns the shortest diff; undefined if it has more than `MAX_EDITS` edits
 */
function compare(before: string[], after: string[]): DiffBlock[] | undefined {
  // For each number of edits: on each diagonal (x - y), how far one comes in `before` with one edit less.
  const rounds: Int32Array[] = [];
  const reached = new Int32Array(2 * MAX_EDITS + 3);
  for (let edits = 0; edits <= MAX_EDITS; edits++) {
    const round = reached.slice();
    rounds.push(round);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let { x } = start(round, diagonal, edits);
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
        x++;
      reached[diagonal + CENTRE] = x;
      if (x >= before.length && x - diagonal >= after.length) return trace(before, after, rounds);
    }
  }
  return undefined;
}

/** The place of diagonal 0. */
const CENTRE = MAX_EDITS + 1;

/** @returns whether the last edit adds a line, and where one then is in the text before */
function start(round: Int32Array, diagonal: number, edits: number) {
  const removed = round[diagonal - 1 + CENTRE]!;
  const added = round[diagonal + 1 + CENTRE]!;
  const isAdded = diagonal === -edits || (diagonal !== edits && removed < added);
  return { isAdded, x: isAdded ? added : removed + 1 };
}

/** Goes back from the ends of both texts, edit by edit. */
function trace(before: string[], after: string[], rounds: Int32Array[]): DiffBlock[] {
  const lines: DiffBlock[] = [];
  const add = (kind: DiffBlock["kind"], line = "") => lines.push({ kind, text: SIGN[kind] + line });
  let x = before.length;
  let y = after.length;
  for (let edits = rounds.length - 1; edits >= 0; edits--) {
    const begin = start(rounds[edits]!, x - y, edits);
    while (x > begin.x) {
      y--;
      add("same", before[--x]);
    }
    if (edits === 0) break;
    if (begin.isAdded) add("added", after[--y]);
    else add("removed", before[--x]);
  }
  return lines.reverse();
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
