import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  announcedItems,
  askedRequests,
  isQueued,
  knownFrom,
  shownItems,
  takeAsked,
  takeChanges,
  takePart,
  type KnownItems,
} from "../../app/sessions/conversation/items/known-items";
import { latest } from "../../app/sessions/conversation/live-session";
import type { Item, Permission, ShownItem } from "../../app/sessions/protocol/item";
import { runMessageKey, type ShownMessage } from "../../app/sessions/protocol/message";
import { agentStatusAt } from "../../app/sessions/protocol/session";

function item(id: number, seq = id): Item {
  const body = { kind: "thought", text: `${seq}` } as const;
  return { id, seq, run: null, key: null, author: "Bot", created_at: 0, updated_at: 0, body };
}

/** @returns the items from one id to another, as one response contains them */
function part(first: number, last: number): ShownItem[] {
  return Array.from({ length: last - first + 1 }, (_, index) => item(first + index));
}

const ids = (known: KnownItems) => shownItems(known).map(({ id }) => id);

/** How many items a loaded part has. */
const PAGE = 4;

/** A conversation as its object stores it. */
class Stored {
  readonly items: ShownItem[] = [];
  seq = 0;

  add() {
    this.items.push(item(++this.seq));
  }

  change(place: number) {
    const index = place % Math.max(this.items.length, 1);
    const found = this.items[index];
    if (found) this.items[index] = item(found.id, ++this.seq);
  }

  part(before = Infinity): ShownItem[] {
    return this.items.filter(({ id }) => id < before).slice(-PAGE);
  }

  changed(since: number): ShownItem[] {
    return this.items.filter(({ seq }) => seq > since).sort((one, two) => one.seq - two.seq);
  }
}

describe("an open page", () => {
  const step = fc.oneof(
    fc.constant({ do: "add" } as const),
    fc.record({ do: fc.constant("change" as const), place: fc.nat(30) }),
    fc.constantFrom(
      { do: "frame" } as const,
      { do: "reload" } as const,
      { do: "earlier" } as const,
    ),
    fc.constantFrom({ do: "cut" } as const, { do: "miss" } as const),
    fc.record({ do: fc.constant("arrive" as const), place: fc.nat(3) }),
  );

  test.each([Infinity, 6])(
    "shows the newest items, each once and as it is now, whatever comes in whatever order (at most %s)",
    (max) => {
      fc.assert(
        fc.property(fc.nat(12), fc.array(step, { maxLength: 60 }), (length, steps) => {
          const stored = new Stored();
          for (let count = 0; count < length; count++) stored.add();
          let known = knownFrom(stored.part());
          let loading: { items: ShownItem[]; before?: number }[] = [];
          let sent = known.since;
          const frame = () => {
            known = takeChanges(known, stored.changed(sent), max);
            sent = stored.seq;
          };
          for (const next of steps) {
            switch (next.do) {
              case "add":
                stored.add();
                break;
              case "change":
                stored.change(next.place);
                break;
              case "frame":
                frame();
                break;
              // The socket is opened again, with all that was missed, or without because it is too much.
              case "cut":
                sent = known.since;
                break;
              case "miss":
                sent = stored.seq;
                known = { ...known, missed: true };
                loading = [{ items: stored.part() }];
                break;
              case "reload":
                loading.push({ items: stored.part() });
                break;
              case "earlier":
                loading.push({ items: stored.part(known.from), before: known.from });
                break;
              case "arrive": {
                const [arrived] = loading.splice(next.place, 1);
                if (arrived) known = takePart(known, arrived.items, arrived.before);
              }
            }
          }
          for (const { items, before } of loading) known = takePart(known, items, before);
          frame();
          const shown = shownItems(known);
          expect(shown).toEqual(stored.items.slice(stored.items.length - shown.length));
          expect(shown.length).toBeGreaterThanOrEqual(Math.min(1, stored.items.length));
        }),
        { numRuns: 1_000 },
      );
    },
  );

  test("shows the newest part alone, if items may be missing before it", () => {
    expect(ids(takePart(knownFrom(part(1, 5)), part(7, 9)))).toEqual([7, 8, 9]);
    expect(ids(takePart(knownFrom(part(7, 9)), part(1, 5)))).toEqual([7, 8, 9]);
    expect(ids(takePart(knownFrom(part(7, 9)), part(1, 5), 7))).toEqual([1, 2, 3, 4, 5, 7, 8, 9]);
    expect(ids(takePart(knownFrom(part(3, 4)), []))).toEqual([3, 4]);
  });

  test("keeps what has not changed as it is, so that it is not rendered again", () => {
    const known = knownFrom(part(1, 3));
    const again = takeChanges(takePart(known, part(1, 3)), [item(2, 4)]);
    expect(again.items.map((item, index) => item === known.items[index])).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("shows no earlier item because it has changed, but then its change", () => {
    const known = takeChanges(knownFrom(part(5, 7)), [item(2, 8)]);
    expect(ids(known)).toEqual([5, 6, 7]);
    expect(shownItems(takePart(known, part(1, 4), 5))[1]).toEqual(item(2, 8));
  });
});

function asked(id: number, state: Permission["state"] = "open", seq = id): Item {
  return { ...item(id, seq), body: { kind: "permission", title: "May I?", options: [], state } };
}

const askedIds = (known: KnownItems) => askedRequests(known).map(({ id }) => id);

describe("what is asked", () => {
  test("is pinned however long ago it was asked, and is no line before it is loaded", () => {
    const known = knownFrom([...part(51, 79), asked(80)], [asked(3)]);
    expect(askedIds(known)).toEqual([3, 80]);
    expect(ids(known)[0]).toBe(51);
    expect(askedIds(takePart(known, [item(1), item(2), asked(3)], 51))).toEqual([3, 80]);
  });

  test("is not pinned any more once it is answered, whatever was loaded before", () => {
    const known = takeChanges(knownFrom(part(51, 80), [asked(3)]), [asked(3, "answered", 81)]);
    expect(askedIds(known)).toEqual([]);
    expect(askedIds(takeAsked(takePart(known, part(51, 80)), [asked(3)]))).toEqual([]);
    expect(askedIds(takeAsked(known, []))).toEqual([]);
  });

  test("stays pinned where the page keeps only newer items, until it is answered", () => {
    let known = takeChanges(knownFrom([asked(1), item(2)]), part(3, 9), 4);
    expect(ids(known)).toEqual([6, 7, 8, 9]);
    expect(askedIds(known)).toEqual([1]);
    known = takeChanges(known, part(10, 12), 4);
    expect(askedIds(known)).toEqual([1]);
    known = takeChanges(known, [asked(1, "expired", 13)], 4);
    expect(askedIds(known)).toEqual([]);
    expect(askedIds(takeChanges(known, part(14, 20), 4))).toEqual([]);
  });
});

function said(id: number, about: Partial<ShownMessage>): ShownItem {
  const message = { id, author: "Bot", content: [], created_at: 0, client_key: `${id}` };
  return { id, seq: id, message: { ...message, role: "agent", ...about } };
}

describe("a message that a run writes", () => {
  const growing = (id: number) => said(id, { client_key: runMessageKey("r", `${id}`), length: 3 });
  const announced = (items: ShownItem[], running?: string) =>
    announcedItems(items, running).map(({ id }) => id);

  test("is announced once something of the agent follows, or its run is over; not what it grows by", () => {
    expect(announced([said(1, { role: "user" }), growing(2)], "r")).toEqual([1]);
    expect(announced([growing(2), said(3, { role: "user" })], "r")).toEqual([3]);
    expect(announced([growing(2), item(3), growing(4)], "r")).toEqual([2]);
    expect(announced([growing(2), growing(4)])).toEqual([2, 4]);
    expect(announced([growing(2)], "next")).toEqual([2]);
  });
});

describe("a message of the owner", () => {
  const user = (id: number, withdrawn?: true) => said(id, { role: "user", withdrawn });

  test("is queued while a runner works here and has not got it, unless it was taken back", () => {
    expect(isQueued(user(3), 2)).toBe(true);
    expect(isQueued(user(2), 2)).toBe(false);
    expect(isQueued(user(3), null)).toBe(false);
    expect(isQueued(user(3, true), 2)).toBe(false);
    expect(isQueued(said(3, {}), 2)).toBe(false);
    expect(isQueued(item(3), 2)).toBe(false);
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
