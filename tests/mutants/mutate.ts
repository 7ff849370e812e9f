import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";
import { MUTANTS, type Mutant } from "./mutants";
import { RULE_MUTANTS } from "./rules";

/** Those of the session's life, and those of its runs. */
export const ALL_MUTANTS: Mutant[] = [...MUTANTS, ...RULE_MUTANTS];

/**
 * A plugin that applies one of the mutants while the tests load the app.
 *
 * @param name of the mutant; undefined leaves the app unchanged
 */
export function mutate(name: string | undefined): Plugin {
  const mutant = ALL_MUTANTS.find((one) => one.name === name);
  if (name && !mutant) throw new Error(`There is no mutant “${name}”`);
  const file = mutant && fileURLToPath(new URL(`../../${mutant.file}`, import.meta.url));
  return {
    name: "mutate",
    enforce: "pre",
    transform: (code, id) => (mutant && id.split("?")[0] === file ? mutated(mutant, code) : null),
  };
}

/** @returns the code without the mutant's rule @throws if the text to replace does not occur exactly once */
export function mutated({ name, from, to }: Mutant, code: string): string {
  const [before, after, ...more] = code.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`The mutant “${name}” does not fit its file`);
  }
  return before + to + after;
}
