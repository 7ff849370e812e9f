// @ts-check
/**
 * `npm run chaos`: the mutants, each of which the tests must catch; a larger run of the model-based tests; then the
 * real server, used by many clients over HTTP and killed with SIGKILL in the middle of their writes, repeatedly. At the
 * end everything that was acknowledged must be stored, and everything that was deleted must be gone.
 *
 *     npm run chaos -- [--rounds 10] [--sessions 250] [--seed N]
 *
 * Environment: PORT (default 8789); MODEL_RUNS and RUNS_HISTORIES, the numbers of random sequences in the model-based
 * tests of sessions and of runs (default 1000 and 500).
 */
import { randomInt } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { act, Chance } from "./lib/chaos/act.mjs";
import { created, journal, report } from "./lib/chaos/journal.mjs";
import { blameViolations, settle, verifyOverHttp, verifyStored } from "./lib/chaos/verify.mjs";
import { signIn } from "./lib/client.mjs";
import { must } from "./lib/processes.mjs";
import { build, install, migrate } from "./lib/project.mjs";
import { answers, serve } from "./lib/server.mjs";
import { readStorage } from "./lib/storage.mjs";

const PEOPLE = ["ada", "ben", "cleo"];
const CLIENTS_EACH = 4;
const VARS = {
  AUTH_SECRETS: "a secret for chaos",
  LOCAL_SIGN_IN: "true",
  CREATE_LIMIT_PER_MINUTE: 0,
};
const { MODEL_RUNS = "1000", RUNS_HISTORIES = "500" } = process.env;
/** In milliseconds. */
const ROUND_TIMEOUT = 60_000;

/**
 * Runs all clients until there are as many sessions as wanted, and a moment longer; then kills the server.
 *
 * @param {Awaited<ReturnType<typeof serve>>} server
 * @param {string} origin
 * @param {Chance} chance
 * @param {number} wanted
 */
async function playRound(server, origin, chance, wanted) {
  journal.killed = false;
  const names = PEOPLE.flatMap((name) => Array.from({ length: CLIENTS_EACH }, () => name));
  const clients = await Promise.all(names.map((name) => signIn(origin, name)));
  const enough = () => created().length >= wanted;
  const playing = clients.map(async (client) => {
    while (!journal.killed) await act(client, chance, enough());
  });
  const deadline = Date.now() + ROUND_TIMEOUT;
  while (!enough()) {
    if (Date.now() > deadline) throw new Error("The clients get nowhere.");
    await sleep(10);
  }
  // Sometimes long enough for alarms to run before the kill.
  await sleep(chance.below(chance.below(3) === 0 ? 7_000 : 500));
  journal.killed = true;
  await server.end("SIGKILL");
  await Promise.all(playing);
}

/** @throws if an argument is invalid */
function readArguments() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "10" },
      sessions: { type: "string", default: "250" },
      seed: { type: "string", default: `${randomInt(2 ** 31)}` },
    },
  });
  const rounds = Number(values.rounds);
  const sessions = Number(values.sessions);
  const seed = Number(values.seed);
  if (!(rounds > 0 && sessions > 0 && [rounds, sessions, seed].every(Number.isSafeInteger))) {
    throw new Error("Usage: npm run chaos -- [--rounds N] [--sessions N] [--seed N]");
  }
  return { rounds, sessions, seed };
}

async function chaos() {
  const { rounds, sessions, seed } = readArguments();
  const port = process.env.PORT ?? 8789;
  if (await answers(port)) throw new Error(`Port ${port} is taken: set PORT to another one.`);
  const origin = `http://localhost:${port}`;
  const folder = mkdtempSync(join(tmpdir(), "ship-chaos-"));
  const state = join(folder, "state");
  const log = openSync(join(folder, "server.log"), "a");
  const chance = new Chance(seed);

  await install();
  await build();
  const tests = ["run", "-c", "tests/vitest.config.ts", "--project"];
  await must("vitest", [...tests, "mutants"]);
  const models = ["tests/workers/model", "tests/workers/runs/histories"];
  await must("vitest", [...tests, "workers", ...models], { env: { MODEL_RUNS, RUNS_HISTORIES } });

  await migrate(state);
  console.log(`${rounds} rounds, seed ${seed}, data, log and journal in ${folder}`);
  const start = () => serve({ port, state, vars: VARS }, ["ignore", log, log]);
  for (let round = 1; round <= rounds; round++) {
    await playRound(await start(), origin, chance, Math.ceil((sessions * round) / rounds));
    console.log(`round ${round}: ${created().length} sessions, then killed`);
  }

  journal.killed = false;
  const server = await start();
  const seconds = await settle(state);
  const settled = readStorage(state);
  for (const session of journal.sessions) verifyStored(session, settled);
  await Promise.all(
    PEOPLE.map(async (name) => verifyOverHttp(await signIn(origin, name), settled)),
  );
  await server.end("SIGKILL");
  blameViolations(readStorage(state));

  closeSync(log);
  writeFileSync(join(folder, "journal.json"), JSON.stringify(journal, null, 2));
  const passed = report(seconds);
  if (passed) rmSync(folder, { recursive: true });
  process.exitCode = passed ? 0 : 1;
}

try {
  await chaos();
} catch (error) {
  console.error(error);
  process.exit(1);
}
