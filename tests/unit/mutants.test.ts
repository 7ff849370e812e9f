/** That each mutant still matches the code; `npm run chaos` checks that the tests catch every mutant. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutated } from "../mutants/mutate";
import { MUTANTS } from "../mutants/mutants";

test.for(MUTANTS)("“$name” fits its file", (mutant) => {
  const code = readFileSync(join(import.meta.dirname, "../..", mutant.file), "utf8");
  expect(mutated(mutant, code)).not.toBe(code);
});
