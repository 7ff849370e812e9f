import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeMessages, latest } from "../../app/sessions/conversation/live-session";
import { agentStatusAt } from "../../app/sessions/protocol/session";
import { type ShownMessage } from "../../app/sessions/protocol/message";

/** @returns the messages from one id to another, as one response contains them */
function part(first: number, last: number, author = "Ada"): ShownMessage[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const id = first + index;
    return { id, role: "user", author, content: [], created_at: id, client_key: `${id}` };
  });
}

const ids = (messages: ShownMessage[]) => messages.map(({ id }) => id);

describe("parts of a conversation", () => {
  test("that touch or overlap, in any order, are each message once, in order", () => {
    const twoParts = fc
      .tuple(fc.nat(30), fc.nat(30), fc.nat(60), fc.nat(30))
      .map(([start, length, offset, otherLength]) => {
        const one = { first: start + 31, last: start + 31 + length };
        // From entirely before, but adjacent, to entirely after, but adjacent.
        const least = one.first - otherLength - 1;
        const first = Math.max(1, least + (offset % (one.last + 2 - least)));
        return { one, other: { first, last: first + otherLength } };
      });
    fc.assert(
      fc.property(twoParts, ({ one, other }) => {
        const all = mergeMessages(part(one.first, one.last), part(other.first, other.last));
        const first = Math.min(one.first, other.first);
        const last = Math.max(one.last, other.last);
        expect(ids(all)).toEqual(ids(part(first, last)));
      }),
    );
  });

  test("that come in frames, some of them again, are each message once, in order", () => {
    const frames = fc.array(fc.record({ again: fc.nat(15), more: fc.nat(15) }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, (lengths) => {
        let shown = part(1, 1);
        let end = 1;
        for (const { again, more } of lengths) {
          shown = mergeMessages(shown, part(Math.max(1, end + 1 - again), end + more));
          end += more;
        }
        expect(ids(shown)).toEqual(ids(part(1, end)));
      }),
    );
  });

  test("are shown as they came last", () => {
    const authors = mergeMessages(part(1, 3, "old"), part(2, 4, "new")).map(({ author }) => author);
    expect(authors).toEqual(["old", "new", "new", "new"]);
  });

  test.each([
    ["came later", part(1, 5), part(7, 9)],
    ["came first", part(7, 9), part(1, 5)],
  ])("between which messages are missing are the newer one alone, where it %s", (_, one, other) => {
    expect(ids(mergeMessages(one, other))).toEqual([7, 8, 9]);
  });

  test("of which one is empty are the other", () => {
    expect(mergeMessages(part(3, 4), [])).toEqual(part(3, 4));
    expect(mergeMessages([], part(3, 4))).toEqual(part(3, 4));
  });
});

describe("an agent's status", () => {
  const MINUTES = 60_000;

  test.each(["waiting", "done", "failed"] as const)("of %s stays", (status) => {
    expect(agentStatusAt({ status, at: 0 }, 1_000 * MINUTES)).toBe(status);
  });

  test("of working is silent from 10 minutes without a word on", () => {
    const report = { status: "working", at: MINUTES } as const;
    expect(agentStatusAt(report, 11 * MINUTES - 1)).toBe("working");
    expect(agentStatusAt(report, 11 * MINUTES)).toBe("silent");
    expect(agentStatusAt(report, 0), "by a clock that is behind").toBe("working");
  });

  test("is none where an agent has only written", () => {
    expect(agentStatusAt({ status: null, at: 0 }, 1_000 * MINUTES)).toBeNull();
  });
});

test("what an agent has just told is not undone by what was read before", () => {
  const [before, after] = [
    { status: "working", rev: 1, at: 1 },
    { status: "waiting", rev: 2, at: 2 },
  ] as const;
  expect(latest(after, before)).toBe(after);
  expect(latest(after, null)).toBe(after);
  expect(latest(before, after)).toBe(after);
  expect(latest(null, before)).toBe(before);
  expect(latest(null, null)).toBeNull();
});
