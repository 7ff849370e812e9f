// @ts-check
/**
 * `npm run seed -- --user NAME --sessions N`: creates sessions with the form of a running Ship, at
 * http://localhost:8788 (or PORT), within the limit of new sessions a minute. If none is running, it starts one
 * temporarily, without that limit.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { complaintOf, signIn } from "./lib/client.mjs";
import { build, install, makeSecrets, migrate } from "./lib/project.mjs";
import { answers, serve } from "./lib/server.mjs";

const STATE = ".wrangler/state";
const AT_ONCE = 8;
const REPOSITORIES = [
  "remix-run/remix",
  "cloudflare/workerd",
  "facebook/react",
  "kysely-org/kysely",
  "colinhacks/zod",
  "tailwindlabs/tailwindcss",
  "vitest-dev/vitest",
  "microsoft/playwright",
  "dubzzz/fast-check",
  "sqlite/sqlite",
];

/** @throws if an argument is missing or invalid */
function readArguments() {
  const { values } = parseArgs({
    options: { user: { type: "string" }, sessions: { type: "string" } },
  });
  const { user, sessions = "" } = values;
  if (!user || !/^[1-9]\d{0,5}$/.test(sessions)) {
    throw new Error("Usage: npm run seed -- --user NAME --sessions N");
  }
  return { user, sessions: Number(sessions) };
}

/**
 * @param {string} origin
 * @param {string} user
 * @param {number} sessions
 */
async function seed(origin, user, sessions) {
  const client = await signIn(origin, user);
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < sessions) await create(client, next++);
    }),
  );
  console.log(`Made ${sessions} sessions for ${client.name}.`);
}

/**
 * @param {import("./lib/client.mjs").Client} client
 * @param {number} index
 */
async function create(client, index) {
  const repository = REPOSITORIES[index % REPOSITORIES.length] ?? "";
  const key = randomUUID();
  let { status, body, wait } = await client.sendCreateForm(repository, key);
  while (status === 429 && wait > 0) {
    console.log(`Waiting ${wait / 1000} s: more sessions a minute are not allowed.`);
    await sleep(wait);
    ({ status, body, wait } = await client.sendCreateForm(repository, key));
  }
  if (status !== 302) throw new Error(`A session was not made (${status}): ${complaintOf(body)}`);
}

/** @param {number | string} port */
async function startShip(port) {
  console.log(`Ship is not running on port ${port}: starting it for the while.`);
  await install();
  makeSecrets();
  await build();
  await migrate(STATE);
  return await serve({ port, state: STATE, vars: { CREATE_LIMIT_PER_MINUTE: 0 } }, [
    "ignore",
    "ignore",
    "inherit",
  ]);
}

try {
  const { user, sessions } = readArguments();
  const port = process.env.PORT ?? 8788;
  const started = (await answers(port)) ? undefined : await startShip(port);
  const origin = `http://localhost:${port}`;
  await seed(origin, user, sessions).finally(() => started?.end("SIGTERM"));
  console.log(started ? "To see them: npm start" : `See them at ${origin}/dashboard`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
