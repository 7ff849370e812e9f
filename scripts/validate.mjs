// @ts-check
/** `npm run validate`: every check that does not run the app, in about a minute; `npm test` runs them first. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { install } from "./lib/project.mjs";
import { run } from "./lib/processes.mjs";

/** @typedef {{ name: string, command: string, args: string[] }} Check  a command that passes or fails as a whole */

const VITEST = ["run", "-c", "tests/vitest.config.ts", "--project", "unit"];

/** @type {Check[]} */
export const CHECKS = [
  { name: "format", command: "prettier", args: ["--check", "--log-level", "warn", "."] },
  { name: "generated types", command: "npm", args: ["run", "--silent", "typegen"] },
  { name: "types", command: "tsc", args: [] },
  { name: "lint", command: "eslint", args: ["--max-warnings", "0", "."] },
  { name: "structure", command: "vitest", args: [...VITEST, "tests/unit/structure.test.ts"] },
  { name: "dead code", command: "knip", args: ["--no-progress"] },
];

/**
 * @param {Check} check
 * @returns {Promise<boolean>} whether it passed
 */
export async function passes({ name, command, args }) {
  console.log(`\n— ${name}`);
  const passed = (await run(command, args)) === 0;
  if (!passed) console.error(`${name} failed`);
  return passed;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await install();
  for (const check of CHECKS) if (!(await passes(check))) process.exitCode = 1;
}
