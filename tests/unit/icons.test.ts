import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drawIcons, ICONS_FILE } from "../../scripts/icons.mjs";

test("the icons are drawn as the library draws them: run `npm run icons` where they are not", () => {
  expect(readFileSync(ICONS_FILE, "utf8")).toBe(drawIcons());
});
