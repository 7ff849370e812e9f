/** `npm run chaos` shows that the tests catch every mutant; here, that each still fits the code that it is made of. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mutated } from "../mutants/mutate";
import { MUTANTS } from "../mutants/mutants";

test.for(MUTANTS)("“$name” fits its file", (mutant) => {
  const code = readFileSync(join(import.meta.dirname, "../..", mutant.file), "utf8");
  expect(mutated(mutant, code)).not.toBe(code);
});
