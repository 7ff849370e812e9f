/** How a page shows items: what folds into one line, and what a diff marks. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  diffBlocks,
  patchBlocks,
  type DiffBlock,
} from "../../app/sessions/conversation/items/diff-lines";
import { foldItems, foldText } from "../../app/sessions/conversation/items/fold-items";
import type { Item, ItemBody, ShownItem, ToolStatus } from "../../app/sessions/protocol/item";

function item(id: number, body: ItemBody, author = "Bot"): Item {
  return { id, seq: id, run: null, key: null, author, created_at: 0, updated_at: 0, body };
}

/** The same item, as one of a run. */
const ofRun = (item: Item, run = "r"): Item => ({ ...item, run, key: `${item.id}` });

function tool(id: number, status: ToolStatus = "completed", author?: string): Item {
  const body = { kind: "tool", title: "Read", tool: "read", content: [], locations: [] } as const;
  return item(id, { ...body, content: [], locations: [], status }, author);
}

const thought = (id: number) => item(id, { kind: "thought", text: "Hm." });

function message(id: number): ShownItem {
  const said = { id, role: "agent", author: "Bot", content: [], created_at: 0, client_key: "" };
  return { id, seq: id, message: { ...said, role: "agent" } };
}

/** @returns the ids of each line */
function folded(items: ShownItem[], running?: string) {
  return foldItems(items, running).map((line) =>
    Array.isArray(line) ? line.map(({ id }) => id) : line.id,
  );
}

describe("tool calls and thoughts", () => {
  test("that are over and follow each other fold into one line; one alone does not", () => {
    expect(folded([tool(1), thought(3), tool(4, "failed"), message(5), tool(6)])).toEqual([
      [1, 3, 4],
      5,
      6,
    ]);
    expect(folded([])).toEqual([]);
  });

  test("that go on stay visible, in their place", () => {
    const items = [tool(1), tool(2), tool(3, "in_progress"), tool(4), tool(5), tool(6, "pending")];
    expect(folded(items)).toEqual([[1, 2], 3, [4, 5], 6]);
  });

  test("of two agents do not fold together, and nothing else folds", () => {
    const plan = item(3, { kind: "plan", entries: [] });
    const notice = item(4, { kind: "notice", severity: "info", text: "Started." });
    expect(folded([tool(1), tool(2, "completed", "Bosun"), plan, notice])).toEqual([1, 2, 3, 4]);
  });

  test("of a run that has ended fold, also those that never ended and one alone", () => {
    const of = (item: Item) => ofRun(item);
    const items = [
      ...[thought(1), tool(2, "in_progress"), tool(3), tool(4, "failed"), tool(5, "pending")].map(
        of,
      ),
      message(6),
      of(tool(7)),
      message(8),
      of(thought(9)),
    ];
    expect(folded(items, "r")).toEqual([1, 2, [3, 4], 5, 6, 7, 8, 9]);
    expect(folded(items)).toEqual([[1, 2, 3, 4, 5], 6, [7], 8, 9]);
    expect(folded(items, "next")).toEqual([[1, 2, 3, 4, 5], 6, [7], 8, 9]);
  });

  test("of two runs do not fold together", () => {
    expect(folded([ofRun(tool(1)), ofRun(tool(2)), ofRun(tool(3), "s")], "s")).toEqual([[1, 2], 3]);
  });

  test("are counted in words, and the failed ones named", () => {
    expect(foldText([tool(1), tool(2)])).toBe("2 tool calls");
    expect(foldText([tool(1, "failed"), thought(2)])).toBe("1 tool call, 1 thought, 1 failed");
    expect(foldText([thought(1), thought(2)])).toBe("2 thoughts");
    expect(foldText([tool(1, "failed")])).toBe("1 tool call, 1 failed: Read");
  });
});

/** @returns the lines of a diff with these signs, without the signs */
function side(blocks: DiffBlock[], ...signs: string[]): string[] {
  const lines = blocks.flatMap(({ text }) => text.slice(0, -1).split("\n"));
  return lines.filter((line) => signs.includes(line[0]!)).map((line) => line.slice(2));
}

describe("a diff", () => {
  test("marks what was added and removed, with three lines around", () => {
    const old = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].join("\n");
    expect(diffBlocks(old, old.replace("e", "E\nE"))).toEqual([
      { kind: "same", text: "… 1 unchanged\n  b\n  c\n  d\n" },
      { kind: "removed", text: "- e\n" },
      { kind: "added", text: "+ E\n+ E\n" },
      { kind: "same", text: "  f\n  g\n  h\n… 1 unchanged\n" },
    ]);
  });

  test("of a new file is all added, and of one that is emptied all removed", () => {
    expect(diffBlocks("", "a\nb\n")).toEqual([{ kind: "added", text: "+ a\n+ b\n" }]);
    expect(diffBlocks("a\nb\n", "")).toEqual([{ kind: "removed", text: "- a\n- b\n" }]);
  });

  test("has both texts in it, whatever they are, and as few changes as possible", () => {
    // So few lines that none is far from a change.
    const text = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, text, (old, now) => {
        fc.pre(old.join() !== now.join());
        const blocks = diffBlocks(old.join("\n"), now.join("\n"));
        expect(side(blocks, " ", "-")).toEqual(old);
        expect(side(blocks, " ", "+")).toEqual(now);
        expect(side(blocks, " ").length).toBe(commonLines(old, now));
      }),
    );
  });

  test.each([
    [50, true],
    [51, false],
  ])("with %d changed lines is shown line by line: %j", (changed, isCompared) => {
    const lines = Array.from({ length: 120 }, (_, index) => `${index}`);
    const now = lines.map((line, index) => (index % 2 && index < 2 * changed ? `${line}!` : line));
    const blocks = diffBlocks(lines.join("\n"), now.join("\n"));
    expect(blocks.some(({ kind }) => kind === "same")).toBe(isCompared);
  });

  test("of texts that have nothing in common is quick, and few elements", () => {
    const lines = (prefix: string) =>
      Array.from({ length: 10_000 }, (_, index) => prefix + (index % 2 ? index : "")).join("\n");
    const blocks = diffBlocks(lines("a"), lines("b"));
    expect(blocks.map(({ kind }) => kind)).toEqual(["removed", "added"]);
  });
});

test("a patch is marked by its own signs, and not where files are named", () => {
  const patch = "--- a/x.ts\n+++ b/x.ts\n@@ -1,2 +1,2 @@\n same\n-old\n+new\n+++count;\n";
  expect(patchBlocks(patch)).toEqual([
    { kind: "same", text: "--- a/x.ts\n+++ b/x.ts\n@@ -1,2 +1,2 @@\n same\n" },
    { kind: "removed", text: "-old\n" },
    { kind: "added", text: "+new\n+++count;\n" },
  ]);
  const long = "+a\n b\n".repeat(10_000);
  expect(patchBlocks(long)).toEqual([{ kind: "same", text: long }]);
});

/** The length of the longest common subsequence, the plain way. */
function commonLines([one, ...ones]: string[], [two, ...twos]: string[]): number {
  if (one === undefined || two === undefined) return 0;
  if (one === two) return 1 + commonLines(ones, twos);
  return Math.max(commonLines(ones, [two, ...twos]), commonLines([one, ...ones], twos));
}
