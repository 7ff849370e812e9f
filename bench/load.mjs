// @ts-check
/** Sends requests to a server over persistent connections, each as soon as the last one was answered. */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { Pool } from "undici";

/** Enough to keep a Worker busy, few enough to leave it most of a small machine. */
const CONNECTIONS = 8;

/**
 * @typedef {object} Target
 * @property {string} url
 * @property {string} [cookie]
 * @property {number | undefined} pid  of the server's process
 * @typedef {object} Load
 * @property {number} perSecond  responses a second
 * @property {number[]} rounds  the responses a second of each round
 * @property {number} p50  the median time of a response, in milliseconds
 * @property {number} p99  the 99th percentile, in milliseconds
 * @property {number} answers  how many responses
 * @property {number} cpu  the processor time that the server's process spent on a response, in milliseconds. It depends least
 *   on what else the machine is doing; NaN if the system does not report it
 */

/**
 * Measures several targets in turns, round by round, alternately forwards and backwards, so that other load on the
 * machine affects all of them alike. Targets that are compared with each other should be adjacent.
 *
 * @template {Target} Measured
 * @param {Measured[]} targets
 * @param {{ rounds: number, ms: number }} options ms: how long each target is measured in each round
 * @returns {Promise<Map<Measured, Load>>} the medians of all rounds; for processor time the mean, because its
 *   resolution is a hundredth of a second
 */
export async function inTurns(targets, { rounds, ms }) {
  /** @type {Map<Measured, Load[]>} */
  const loads = new Map(targets.map((target) => [target, []]));
  for (const target of targets) await ask(target, ms); // A warm-up, not measured.
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
 * @throws if a response is not a success
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

/** @param {Load} load @param {Load} of @returns {number} the ratio of responses a second, the median of all rounds */
export function ratioOf(load, of) {
  return quantile(
    load.rounds.map((perSecond, round) => perSecond / (of.rounds[round] ?? NaN)),
    0.5,
  );
}

/** Linux counts processor time in hundredths of a second. */
const TICK = 10;

/** @param {number | undefined} pid @returns {number} the processor time of a process so far, in milliseconds */
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
 * @returns {number} NaN if there are no values
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
