// @ts-check
/** Measures how soon a change of an agent's status is in the row, and so in lists, tabs and titles. */
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import { migrate } from "../scripts/lib/project.mjs";
import { quantile } from "./load.mjs";
import { printCheck, printTable } from "./report.mjs";
import { FOLDER, startServers } from "./servers.mjs";
import { connectAgents, newSession, report } from "./session.mjs";

/** How many agents change their status, each in a session of its own. */
const AGENTS = 8;
/** How long a session is quiet before a change, in milliseconds: after it, a change is written at once. */
const QUIET = 2_100;
/** How long an open list gathers messages before it reloads, in milliseconds: `THROTTLE` in list/live-list.tsx. */
const GATHERED = 400;

/** Measures and prints changes of status. @param {{ changes: number }} options how many each agent makes */
export async function benchStatus({ changes }) {
  const state = join(FOLDER, "status");
  rmSync(state, { recursive: true, force: true });
  await migrate(state);
  const servers = await startServers(state);
  try {
    const people = Array.from({ length: AGENTS }, (_, index) => index);
    const delays = await Promise.all(
      people.map((index) => delaysOf(servers.origins.app, `status-${index}`, changes)),
    );
    print(delays.flat());
  } finally {
    await servers.end();
  }
}

/** @typedef {{ told: number, listed: number }} Delay  until the list was told, and until it was read with the change */

/**
 * @param {string} origin
 * @param {string} name
 * @param {number} changes
 * @returns {Promise<Delay[]>} in milliseconds from before the report was sent
 */
async function delaysOf(origin, name, changes) {
  const session = await newSession(origin, name);
  const [token = ""] = await connectAgents(session, 1);
  const headers = { Cookie: session.client.cookie, Origin: origin };
  const list = new WebSocket(`${origin.replace("http", "ws")}/dashboard/live`, { headers });
  await once(list, "open");
  await sleep(QUIET); // The token is written to the row a second after it was made.
  const delays = [];
  for (let change = 0; change < changes; change++) {
    await sleep(QUIET);
    const needsYou = change % 2 === 0;
    const sent = performance.now();
    const told = untilTold(list, needsYou ? 1 : 0);
    await report(session, token, { status: needsYou ? "waiting" : "working" });
    await told;
    const toldAt = performance.now();
    const { counts } = await session.client.listPage("?status=active");
    if (counts["needs-you"] !== Number(needsYou)) throw new Error("The list was told too early.");
    delays.push({ told: toldAt - sent, listed: performance.now() - sent });
  }
  list.close();
  return delays;
}

/**
 * @param {WebSocket} list
 * @param {number} count
 * @returns {Promise<void>} resolves when the list is told that this many sessions need their owner
 */
async function untilTold(list, count) {
  for (;;) {
    const [{ data }] = /** @type {[{ data: unknown }]} */ (await once(list, "message"));
    if (String(data).includes(`"count":${count},`)) return;
  }
}

/** @param {Delay[]} delays */
function print(delays) {
  const told = delays.map((delay) => delay.told);
  const listed = delays.map((delay) => delay.listed + GATHERED);
  printTable(
    ["a change of status", "p50 ms", "p95 ms", "most ms"],
    [
      ["told to open lists", quantile(told, 0.5), quantile(told, 0.95), Math.max(...told)],
      ["shown by them", quantile(listed, 0.5), quantile(listed, 0.95), Math.max(...listed)],
    ],
  );
  const reached = quantile(listed, 0.95) <= 1_000;
  printCheck("shown within a second (p95)", reached, `${Math.round(quantile(listed, 0.95))} ms`);
}
