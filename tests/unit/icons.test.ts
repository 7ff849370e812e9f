import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { drawIcons } from "../../scripts/icons.mjs";
import { ROOT } from "../../scripts/lib/processes.mjs";

test.each(Object.entries(drawIcons()))(
  "%s shows the icons as the library draws them: run `npm run icons` where it does not",
  (path, drawn) => {
    expect(readFileSync(join(ROOT, path), "utf8")).toBe(drawn);
  },
);
