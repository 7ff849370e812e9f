import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CLOSED,
  isFinal,
  parseListMessage,
  parseLiveMessage,
} from "../../app/sessions/protocol/live-messages";

describe("a page's socket", () => {
  test.each([
    { type: "items", items: [], agent: null },
    { type: "agent", agent: { status: "done", rev: 1, at: 1 } },
    { type: "row", status: "archived", heading: "Fix it" },
    { type: "delta", run: "r", key: "k", kind: "message", at: 3, text: "lo" },
    { type: "changed" },
  ])("takes %j", (message) => {
    expect(parseLiveMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each([
    "pong",
    "",
    "{",
    "{}",
    "null",
    "[]",
    '"changed"',
    '{"type":"shout"}',
    '{"type":["changed"]}',
    '{"type":"items"}',
    '{"type":"items","items":{}}',
    undefined,
    new ArrayBuffer(8),
    { type: "changed" },
  ])("takes nothing from %j", (data) => {
    expect(parseLiveMessage(data)).toBeUndefined();
  });
});

describe("a list's socket", () => {
  test("takes the ids of what has changed", () => {
    const message = { type: "changed", sessions: ["a"] };
    expect(parseListMessage(JSON.stringify(message))).toEqual(message);
  });

  test.each([
    "pong",
    '{"type":"changed"}',
    '{"type":"changed","sessions":"a"}',
    '{"type":"agent"}',
  ])("takes nothing from %j", (data) => {
    expect(parseListMessage(data)).toBeUndefined();
  });
});

test("nothing that comes over a socket breaks a page", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.anything()), (data) => {
      parseLiveMessage(data);
      parseListMessage(data);
    }),
  );
});

test("what was closed with a reason is not opened again; what broke is", () => {
  for (const { code } of Object.values(CLOSED)) expect(isFinal(code)).toBe(true);
  for (const code of [1000, 1001, 1006, 1011, 1012, 4000]) expect(isFinal(code)).toBe(false);
});
