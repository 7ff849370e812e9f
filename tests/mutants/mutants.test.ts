/** `npm run chaos`: the tests catch every mutant, which is the app with one of its rules removed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ALL_MUTANTS } from "./mutate";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Always the same random sequences, so that they catch a mutant always or never. */
const HISTORIES = { MODEL_RUNS: "60", RUNS_HISTORIES: "20", MODEL_SEED: "1" };

const LIMIT = { timeout: 300_000 };

/** The parts of Vitest's JSON report that are used here. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { name: string; message: string; assertionResults: unknown[] }[];
}

const cases = ALL_MUTANTS.flatMap(({ name, killers }) =>
  killers.map((killer) => [name, killer] as const),
);

test.concurrent.for(cases)("“%s” is caught by %s", LIMIT, async ([name, killer], { signal }) => {
  const report = await runTests([killer], { MUTANT: name }, signal);

  expect(filesThatDidNotRun(report)).toEqual([]);
  expect(report.numFailedTests).toBeGreaterThan(0);
});

test.concurrent("without a mutant the same tests pass", LIMIT, async ({ signal }) => {
  const report = await runTests([...new Set(cases.map(([, killer]) => killer))], {}, signal);

  expect(filesThatDidNotRun(report)).toEqual([]);
  expect(report.numFailedTests).toBe(0);
  expect(report.numPassedTests).toBeGreaterThan(0);
});

/** Runs files of the Worker tests in a separate Vitest process, up to the first failure. */
async function runTests(
  files: string[],
  environment: Record<string, string>,
  signal: AbortSignal,
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "mutant-"));
  try {
    const output = join(folder, "report.json");
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "-c", "tests/vitest.config.ts"];
    const options = ["--project", "workers", "--bail", "1", "--reporter", "json"];
    const paths = files.map((file) => `tests/workers/${file}`);
    const child = spawn(
      process.execPath,
      [...vitest, ...options, "--outputFile", output, ...paths],
      {
        cwd: ROOT,
        env: { ...outerEnvironment(), ...HISTORIES, ...environment },
        stdio: "ignore",
        signal,
      },
    );
    await once(child, "exit");
    return JSON.parse(await readFile(output, "utf8")) as Report;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns the environment without this Vitest's own variables, and without the path of its report */
function outerEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(
    entries.filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$|REPORT$)/.test(name)),
  );
}

/**
 * @returns the errors of files that ran no test, for example because a mutant does not compile: that catches nothing
 */
function filesThatDidNotRun({ testResults }: Report): string[] {
  const idle = testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  return idle.map(({ name, message }) => `${name}: ${message}`);
}
