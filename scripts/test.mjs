// @ts-check
/**
 * `npm test`: installs what is missing, then runs every check and every test. Prints the totals at the end, and writes
 * them to test-results/totals.txt; the exit code is 0 only if everything passed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, install } from "./lib/project.mjs";
import { run } from "./lib/processes.mjs";
import { ROOT } from "./lib/processes.mjs";
import { CHECKS, passes } from "./validate.mjs";

const RESULTS = join(ROOT, "test-results");
/** The part of a deployment that needs no account. @type {import("./validate.mjs").Check} */
const REHEARSAL = {
  name: "deployment",
  command: "node",
  args: ["scripts/deploy.mjs", "--dry-run"],
};
const totals = { passed: 0, failed: 0 };

/**
 * Runs a test runner, which writes its report as JSON. If it fails without a failed test, that counts as one failure.
 *
 * @template Report
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {(report: Report) => { passed: number, failed: number }} count reads the totals from the runner's report
 */
async function suite(name, command, args, count) {
  console.log(`\n— ${name}`);
  const report = join(RESULTS, `${name}.json`);
  const code = await run(command, args, { env: { REPORT: report } });
  const counted = readCounts(report, count);
  totals.passed += counted.passed;
  totals.failed += code !== 0 && counted.failed === 0 ? 1 : counted.failed;
}

/**
 * @template Report
 * @param {string} report
 * @param {(report: Report) => { passed: number, failed: number }} count
 */
function readCounts(report, count) {
  try {
    return count(JSON.parse(readFileSync(report, "utf8")));
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** @param {{ numPassedTests: number, numFailedTests: number, numFailedTestSuites: number }} report */
function countVitest({ numPassedTests, numFailedTests, numFailedTestSuites }) {
  return { passed: numPassedTests, failed: numFailedTests + numFailedTestSuites };
}

/** @param {{ stats: { expected: number, flaky: number, unexpected: number } }} report */
function countPlaywright({ stats: { expected, flaky, unexpected } }) {
  return { passed: expected + flaky, failed: unexpected };
}

await install();
const { installChromium } = await import("./lib/chromium.mjs");
await installChromium();
await build();
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS);

for (const check of [...CHECKS, REHEARSAL]) {
  totals[(await passes(check)) ? "passed" : "failed"] += 1;
}
await suite(
  "vitest",
  "vitest",
  ["run", "-c", "tests/vitest.config.ts", "--project", "unit", "--project", "workers"],
  countVitest,
);
await suite(
  "playwright",
  "playwright",
  ["test", "-c", "tests/playwright.config.ts"],
  countPlaywright,
);

const line = `${totals.passed} passed, ${totals.failed} failed`;
writeFileSync(join(RESULTS, "totals.txt"), `${line}\n`);
console.log(`\n${line}`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
