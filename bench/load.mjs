// @ts-check
/** Asks a server as often as it answers, by connections that are kept open. */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Pool } from "undici";

/** Enough to keep a Worker busy, few enough to leave the rest of a small machine to it. */
const CONNECTIONS = 8;

/**
 * @typedef {object} Target
 * @property {string} url
 * @property {string} [cookie]
 * @property {number | undefined} pid  of the server's process
 * @typedef {object} Load
 * @property {number} perSecond  answers
 * @property {number[]} rounds  the answers a second of each round
 * @property {number} p50  of the time that one took, in milliseconds
 * @property {number} p99
 * @property {number} answers
 * @property {number} cpu  that the server's process spent on one, in milliseconds: what else the machine does changes it
 *   least; NaN where the system does not say
 */

/**
 * Measures several targets in turns, round by round, there and back again, so that what else the machine does meets all
 * of them alike; those that are to be compared stand beside each other.
 *
 * @template {Target} Measured
 * @param {Measured[]} targets
 * @param {{ rounds: number, ms: number }} options each target is asked for so long in each round
 * @returns {Promise<Map<Measured, Load>>} the medians of all rounds; of processor time the mean, as it comes in hundredths
 */
export async function inTurns(targets, { rounds, ms }) {
  /** @type {Map<Measured, Load[]>} */
  const loads = new Map(targets.map((target) => [target, []]));
  for (const target of targets) await ask(target, ms); // Not measured: code is compiled, pages are cached.
  for (let round = 1; round <= rounds; round++) {
    console.log(`round ${round} of ${rounds}`);
    const turns = round % 2 === 0 ? targets.toReversed() : targets;
    for (const target of turns) loads.get(target)?.push(await ask(target, ms));
  }
  return new Map(targets.map((target) => [target, summaryOf(loads.get(target) ?? [])]));
}

/**
 * @param {Target} target
 * @param {number} ms how long
 * @returns {Promise<Load>}
 * @throws where an answer is no success
 */
async function ask({ url, cookie, pid }, ms) {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });
  /** @type {number[]} */
  const times = [];
  const spent = cpuOf(pid);
  const began = performance.now();
  const askOn = async () => {
    while (performance.now() - began < ms) {
      const asked = performance.now();
      const answer = await pool.request({
        path: pathname + search,
        method: "GET",
        headers: cookie === undefined ? {} : { cookie },
      });
      await answer.body.arrayBuffer();
      if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode}`);
      times.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, askOn));
  const perSecond = times.length / ((performance.now() - began) / 1000);
  const cpu = (cpuOf(pid) - spent) / times.length;
  await pool.close();
  return {
    perSecond,
    rounds: [perSecond],
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    answers: times.length,
    cpu,
  };
}

/** @param {Load} load @param {Load} of @returns {number} how many times as much was answered: the median of all rounds */
export function ratioOf(load, of) {
  return quantile(
    load.rounds.map((perSecond, round) => perSecond / (of.rounds[round] ?? NaN)),
    0.5,
  );
}

/** Linux counts processor time in hundredths of a second. */
const TICK = 10;

/** @param {number | undefined} pid @returns {number} the processor time that a process has had, in milliseconds */
export function cpuOf(pid) {
  if (pid === undefined) return NaN;
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return ((user ?? NaN) + (system ?? NaN)) * TICK;
}

/** @param {Load[]} loads @returns {Load} */
function summaryOf(loads) {
  /** @param {"perSecond" | "p50" | "p99"} what */
  const median = (what) =>
    quantile(
      loads.map((load) => load[what]),
      0.5,
    );
  const answers = loads.reduce((sum, load) => sum + load.answers, 0);
  const spent = loads.reduce((sum, load) => sum + load.cpu * load.answers, 0);
  return {
    perSecond: median("perSecond"),
    rounds: loads.map(({ perSecond }) => perSecond),
    p50: median("p50"),
    p99: median("p99"),
    answers,
    cpu: spent / answers,
  };
}

/**
 * @param {number[]} values
 * @param {number} share 0.5 for the median
 * @returns {number} NaN where there are no values
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
