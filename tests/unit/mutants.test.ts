/** That each mutant still matches the code; `npm run chaos` checks that the tests catch every mutant. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALL_MUTANTS, mutated } from "../mutants/mutate";
import { RULES } from "../mutants/rules";

const ROOT = join(import.meta.dirname, "../..");

test.for(ALL_MUTANTS)("“$name” fits its file", (mutant) => {
  const code = readFileSync(join(ROOT, mutant.file), "utf8");
  expect(mutated(mutant, code)).not.toBe(code);
});

test("every rule of runs that a test names has a mutant, and every mutant’s rule is named by its tests", () => {
  const folder = join(ROOT, "tests/workers/runs");
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const named = files.flatMap((file) => {
    const code = readFileSync(join(folder, file), "utf8");
    return [...code.matchAll(/"\[([a-z][a-z0-9-]*)\]/g)].map(([, rule]) => `${rule} ${file}`);
  });
  const withMutant = RULES.map(({ rule, tests }) => `${rule} ${tests}`);

  const rules = (lines: string[]) => lines.map((line) => line.split(" ")[0]);
  expect(rules(withMutant)).toEqual(expect.arrayContaining([...new Set(rules(named))]));
  expect(named).toEqual(expect.arrayContaining(withMutant));
});
