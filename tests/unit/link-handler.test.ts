import { expect, test } from "vitest";
import { isFollowedHere } from "../../app/ui/hooks/use-client-links";

const ORIGIN = "https://ship.example";
const CLICK = {
  button: 0,
  metaKey: false,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  defaultPrevented: false,
};
const LINK = { origin: ORIGIN, target: "", hasAttribute: () => false };

test("a plain click on a plain link is followed by the page itself", () => {
  expect(isFollowedHere(CLICK, LINK, ORIGIN)).toBe(true);
  expect(isFollowedHere(CLICK, { ...LINK, target: "_self" }, ORIGIN)).toBe(true);
});

test.each([
  ["to another site", CLICK, { ...LINK, origin: "https://github.com" }],
  ["to another port", CLICK, { ...LINK, origin: "https://ship.example:8443" }],
  ["to an address to write to", CLICK, { ...LINK, origin: "null" }],
  ["for another tab", CLICK, { ...LINK, target: "_blank" }],
  ["to a file", CLICK, { ...LINK, hasAttribute: (name: string) => name === "download" }],
  ["by the middle button", { ...CLICK, button: 1 }, LINK],
  ["with Control", { ...CLICK, ctrlKey: true }, LINK],
  ["with Command", { ...CLICK, metaKey: true }, LINK],
  ["with Shift", { ...CLICK, shiftKey: true }, LINK],
  ["with Alt", { ...CLICK, altKey: true }, LINK],
  ["that was dealt with already", { ...CLICK, defaultPrevented: true }, LINK],
])("a click on a link %s is the browser's", (_, click, link) => {
  expect(isFollowedHere(click, link, ORIGIN)).toBe(false);
});
