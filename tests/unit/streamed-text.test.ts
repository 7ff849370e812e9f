/** The text that an agent is writing, as an open page shows it before it is stored. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  tailOf,
  withDelta,
  withStored,
  type StreamedText,
} from "../../app/sessions/conversation/items/streamed-text";
import { StreamedTexts } from "../../app/sessions/conversation/items/streamed-texts";
import type { ShownItem } from "../../app/sessions/protocol/item";
import { runMessageKey } from "../../app/sessions/protocol/message";
import { laterRuns, type Delta, type RunReport } from "../../app/sessions/protocol/run";

const RUNNING: RunReport = { running: { id: "r", isStopping: false }, handled: 1 };
const ENDED: RunReport = { running: null, handled: 1 };

const delta = (at: number, text: string, run = "r"): Delta => ({
  ...{ run, key: "k", at, text },
  kind: "message",
});

function message(seq: number, length?: number, run = "r"): ShownItem {
  const client_key = runMessageKey(run, "k");
  const said = { id: 2, author: "Bot", content: [], created_at: 0, client_key };
  return {
    id: 7,
    seq,
    message: { ...said, role: "agent", ...(length !== undefined && { length }) },
  };
}

const thought = (seq: number, text: string): ShownItem => ({
  ...{ id: 8, seq, run: "r", key: "t", author: "Bot", created_at: 0, updated_at: 0 },
  body: { kind: "thought", text },
});

/** @returns what is shown behind so much of a text */
const behind = (text: StreamedText | undefined, length: number) => tailOf(text, length)?.text ?? "";

describe("a text that is being written", () => {
  test("grows by the pieces that fit; one that comes twice or leaves a gap changes nothing", () => {
    let text = withDelta(undefined, delta(0, "Hel"));
    expect(withDelta(text, delta(0, "Hel"))).toBe(text);
    expect(withDelta(text, delta(5, " all"))).toBe(text);
    text = withDelta(text, delta(3, "lo"));
    expect(behind(text, 0)).toBe("Hello");
  });

  test("has behind its stored part what that does not have, also where the page shows an older version for a moment", () => {
    const written = withDelta(withDelta(undefined, delta(0, "Hello ")), delta(6, "ship, "));
    const stored = withDelta(withStored(written, 5, 6), delta(12, "ahoy"));
    expect(behind(stored, 0)).toBe("Hello ship, ahoy");
    expect(tailOf(stored, 6)).toEqual({ space: " ", text: "ship, ahoy" });
    const later = withStored(stored, 6, 12);
    expect(behind(later, 6)).toBe("ship, ahoy");
    expect(tailOf(later, 12)).toEqual({ space: " ", text: "ahoy" });
    expect(tailOf(later, 16)).toBeUndefined();
  });

  test("goes on from the stored part where pieces were lost, and where one joins in the middle", () => {
    const joined = withStored(undefined, 5, 10);
    expect(withDelta(joined, delta(4, "before"))).toBe(joined);
    expect(behind(withDelta(joined, delta(10, "next")), 10)).toBe("next");
    const gone = withStored(withDelta(undefined, delta(0, "Hel")), 5, 10);
    expect(behind(withDelta(gone, delta(10, "next")), 10)).toBe("next");
  });

  test("shows nothing behind a text that was replaced by a shorter one, or cut", () => {
    const long = withStored(withStored(undefined, 4, 20), 5, 10);
    expect(behind(withDelta(long, delta(20, "lost")), 10)).toBe("");
    const cut = withStored(withDelta(undefined, delta(0, "Hello")), 5, Infinity);
    expect(tailOf(withDelta(cut, delta(5, " ship")), Infinity)).toBeUndefined();
  });

  test("is not set back by an older version of its item", () => {
    const text = withStored(undefined, 9, 10);
    expect(withStored(text, 8, 4)).toBe(text);
  });
});

/** One thing that happens to a page; what it is sent may come late, twice or never. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), size: fc.nat(4) }) },
  fc.constant({ do: "store" } as const),
  { weight: 4, arbitrary: fc.record({ do: fc.constant("piece" as const), place: fc.nat(5) }) },
  fc.record({ do: fc.constant("item" as const), place: fc.nat(5) }),
  fc.record({ do: fc.constant("repeat" as const), place: fc.nat(50) }),
  fc.record({ do: fc.constant("lose" as const), place: fc.nat(5) }),
);

test("whatever comes in whatever order, a page shows the beginning of the text, and in the end all that is stored", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 80 }), (events) => {
      let written = "";
      const pieces: Delta[] = [];
      const sent: Delta[] = [];
      const versions: { seq: number; text: string }[] = [];
      let arriving: { seq: number; text: string }[] = [];
      // The page: the item as it shows it, and what came behind it.
      let shown = { seq: 0, text: "" };
      const streamed = new StreamedTexts((flush) => flush());
      streamed.takeRuns(RUNNING);
      const id = `message ${runMessageKey("r", "k")}`;
      const page = () => shown.text + behind(streamed.find(id), shown.text.length);
      const take = (version: { seq: number; text: string }) => {
        const item = message(version.seq, version.text.length);
        streamed.takeItems([item]);
        expect(written.startsWith(page()), "before it is rendered").toBe(true);
        if (version.seq > shown.seq) shown = version;
        streamed.settle(shown.seq > 0 ? [message(shown.seq, shown.text.length)] : [], RUNNING);
      };
      for (const next of events) {
        switch (next.do) {
          case "write": {
            const text = Array.from(
              { length: next.size },
              (_, index) => " abc"[(written.length + index) % 4],
            ).join("");
            pieces.push(delta(written.length, text));
            written += text;
            break;
          }
          case "store":
            versions.push({ seq: versions.length + 1, text: written });
            arriving.push(versions.at(-1)!);
            break;
          case "piece": {
            const [piece] = pieces.splice(next.place, 1);
            if (piece) sent.push(piece);
            if (piece) streamed.takeDelta(piece);
            break;
          }
          case "item": {
            const [version] = arriving.splice(next.place, 1);
            if (version) take(version);
            break;
          }
          case "repeat":
            if (sent[next.place]) streamed.takeDelta(sent[next.place]!);
            if (versions[next.place]) take(versions[next.place]!);
            break;
          case "lose":
            pieces.splice(next.place, 1);
            break;
        }
        expect(written.startsWith(page())).toBe(true);
        expect(page().length).toBeGreaterThanOrEqual(shown.text.length);
      }
      // In the end all of it is stored, and the run is over.
      arriving = [{ seq: versions.length + 1, text: written }];
      take(arriving[0]!);
      expect(page()).toBe(written);
      streamed.settle([message(shown.seq, shown.text.length)], ENDED);
      expect(streamed.find(id)).toBeUndefined();
      expect(page()).toBe(written);
    }),
    { numRuns: 2_000 },
  );
});

test("a page that misses nothing shows each piece as soon as it comes, whenever it is stored", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.boolean())), (pieces) => {
      const streamed = new StreamedTexts((flush) => flush());
      streamed.takeRuns(RUNNING);
      const id = `message ${runMessageKey("r", "k")}`;
      let [written, stored, seq] = ["", 0, 0];
      for (const [text, isStored] of pieces) {
        streamed.takeDelta(delta(written.length, text));
        written += text;
        if (isStored) {
          stored = written.length;
          streamed.takeItems([message(++seq, stored)]);
        }
        expect(written.slice(0, stored) + behind(streamed.find(id), stored)).toBe(written);
      }
    }),
  );
});

/** A page's texts, and how often each of them was rendered. */
function rendered() {
  const frames: (() => void)[] = [];
  const streamed = new StreamedTexts((flush) => frames.push(flush));
  const page = { streamed, frames, times: 0, run: () => frames.splice(0).forEach((run) => run()) };
  streamed.subscribe(() => page.times++);
  streamed.takeRuns(RUNNING);
  return page;
}

describe("an open page", () => {
  test("renders once a frame, however many pieces come", () => {
    const page = rendered();
    for (let number = 0; number < 100; number++) page.streamed.takeDelta(delta(number, "a"));
    expect(page.frames).toHaveLength(1);
    expect(page.times).toBe(0);
    page.run();
    expect(page.times).toBe(1);
    page.streamed.takeDelta(delta(100, "b"));
    page.run();
    expect(page.times).toBe(2);
  });

  test("shows a text without an item as a new line, until its item is shown", () => {
    const { streamed } = rendered();
    streamed.takeDelta(delta(0, "Hello"));
    streamed.takeDelta({ ...delta(0, "Hm"), kind: "thought", key: "t" });
    expect(streamed.newTexts().map(({ kind }) => kind)).toEqual(["message", "thought"]);
    streamed.takeItems([message(5, 3)]);
    expect(streamed.newTexts(), "not rendered yet").toHaveLength(2);
    streamed.settle([message(5, 3)], RUNNING);
    expect(streamed.newTexts().map(({ kind }) => kind)).toEqual(["thought"]);
    streamed.settle([message(5, 3), thought(6, "Hm")], RUNNING);
    expect(streamed.newTexts()).toEqual([]);
    streamed.settle([], RUNNING); // Only the newest items are kept.
    expect(streamed.newTexts()).toEqual([]);
  });

  test("shows nothing of a run that is not running, and forgets what is not stored when it ends", () => {
    const page = rendered();
    page.streamed.takeDelta(delta(0, "Late", "before"));
    expect(page.streamed.newTexts()).toEqual([]);
    page.streamed.takeDelta(delta(0, "Hello"));
    page.streamed.takeRuns(ENDED);
    page.streamed.takeDelta(delta(5, " ship"));
    expect(page.streamed.newTexts(), "not rendered yet").toHaveLength(1);
    page.streamed.settle([], ENDED);
    expect(page.streamed.newTexts()).toEqual([]);
    expect(page.times).toBe(1);
  });

  test("keeps the first pieces of a run that begins before the end of the last one is rendered", () => {
    const { streamed } = rendered();
    const next: RunReport = { running: { id: "next", isStopping: false }, handled: 2 };
    streamed.takeRuns(next);
    streamed.takeDelta(delta(0, "Hello", "next"));
    streamed.settle([], ENDED);
    expect(streamed.newTexts()).toHaveLength(1);
    streamed.settle([message(5, 5, "next")], next);
    expect(streamed.newTexts()).toEqual([]);
  });

  test("takes no pieces of a text whose end was cut", () => {
    const { streamed } = rendered();
    const id = `message ${runMessageKey("r", "k")}`;
    streamed.takeItems([message(5), thought(6, "Hm\n… 12 bytes more")]);
    streamed.takeDelta(delta(0, "again"));
    streamed.takeDelta({ ...delta(18, "and more"), kind: "thought", key: "t" });
    expect(tailOf(streamed.find(id), Infinity)).toBeUndefined();
    expect(streamed.newTexts()).toEqual([]);
    expect(streamed.find(`thought ${runMessageKey("r", "t")}`)?.pieces).toBe("");
  });
});

describe("what runs", () => {
  const stopping: RunReport = { running: { id: "r", isStopping: true }, handled: 1 };
  const next: RunReport = { running: { id: "s", isStopping: false }, handled: 2 };

  test.each([
    [RUNNING, stopping],
    [stopping, ENDED],
    [RUNNING, ENDED],
    [ENDED, next],
  ])("is not set back by what was read before: %j, %j", (before, after) => {
    expect(laterRuns(before, after)).toBe(after);
    expect(laterRuns(after, before)).toBe(after);
  });

  test("is as it comes where a runner is given or taken", () => {
    const none: RunReport = { running: null, handled: null };
    expect(laterRuns(none, ENDED)).toBe(ENDED);
    expect(laterRuns(next, none)).toBe(none);
  });
});
