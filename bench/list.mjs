// @ts-check
/** Measures the list, beside a bare Function that sends the same batch and beside a hello world. */
import { signIn } from "../scripts/lib/client.mjs";
import { inTurns, ratioOf } from "./load.mjs";
import { printCheck, printTable } from "./report.mjs";
import { seeded } from "./seed.mjs";
import { startServers } from "./servers.mjs";

const PAGE_SIZE = 50;

/** How many rows a page may read besides those that it shows or walks. */
const READ_BESIDE = 20;
/** The most rows a page may read: its sessions, the 12 repositories that it offers, and the allowance. */
const MOST_READ = PAGE_SIZE + 12 + READ_BESIDE;

/**
 * @typedef {import("../scripts/lib/client.mjs").Client} Client
 * @typedef {import("./load.mjs").Load} Load
 * @typedef {import("./meter.mjs").Metered} Metered
 * @typedef {object} Case  a page of the list of a person with `sessions` sessions, in a database of `rows` rows
 * @property {number} rows
 * @property {number} sessions
 * @property {number} counts  how many lines of kept counts the person has
 * @property {string} page
 * @property {Metered} cost
 * @property {import("./load.mjs").Target} app
 * @property {import("./load.mjs").Target} bare
 * @typedef {Case & { asApp: Load, asBare: Load }} Measured
 */

/** The views of the list, by their queries. People with at most one page get only those in `OF_ONE_PAGE`. */
const PAGES = {
  plain: "?status=active",
  landing: "",
  "needs you": "?status=needs-you",
  "by creation": "?sort=created",
  "by repository": "?sort=repository",
  "one repository": "?repo=acme/service-0",
  search: "?status=all&q=acme",
  "search, titles": "?status=all&q=parser",
  "search, nothing found": "?status=all&q=zzz",
  "idle for 7 days": "?idle=7",
};
/** @type {string[]} */
const OF_ONE_PAGE = ["plain", "landing", "by creation", "search"];
/** Views that may have to read the index entry of each of a person's sessions, or of those that need them. @type {string[]} */
const WALKS = [
  ...["landing", "needs you", "one repository", "idle for 7 days"],
  ...["search", "search, titles", "search, nothing found"],
];

/**
 * Measures and prints the list.
 *
 * @param {{ databases: number[], rounds: number, ms: number }} options databases: the rows of each; ms: how long each
 *   page is measured in each round
 */
export async function benchList({ databases, rounds, ms }) {
  /** @type {Case[]} */
  const cases = [];
  const running = [];
  for (const rows of databases) {
    const { state, people, bytesPerSession } = await seeded(rows);
    console.log(
      `${rows.toLocaleString("en")} sessions: ${bytesPerSession} bytes each, indexes included`,
    );
    const servers = await startServers(state);
    running.push(servers);
    for (const person of people) cases.push(...(await casesOf(servers, rows, person)));
  }
  const hello = { url: `${running[0]?.origins.hello}/`, pid: running[0]?.pid };
  try {
    const alike = cases.toSorted(
      (a, b) => a.sessions - b.sessions || a.page.localeCompare(b.page) || a.rows - b.rows,
    );
    const targets = [...alike.flatMap(({ app, bare }) => [app, bare]), hello];
    const loads = await inTurns(targets, { rounds, ms });
    const measured = cases.map((one) => ({
      ...one,
      asApp: /** @type {Load} */ (loads.get(one.app)),
      asBare: /** @type {Load} */ (loads.get(one.bare)),
    }));
    print(measured, /** @type {Load} */ (loads.get(hello)));
    check(measured);
  } finally {
    await Promise.all(running.map(({ end }) => end()));
  }
}

/**
 * @param {import("./servers.mjs").Servers} servers
 * @param {number} rows
 * @param {import("./seed.mjs").Person} person
 * @returns {Promise<Case[]>} with the cost of each page, whose statements were also stored in the bare Function
 */
async function casesOf({ origins, pid }, rows, { name, sessions, counts }) {
  const client = await signIn(origins.app, name);
  const cookie = client.cookie;
  const manyPages = sessions > PAGE_SIZE;
  const queries = Object.entries(PAGES).filter(([page]) => manyPages || OF_ONE_PAGE.includes(page));
  if (manyPages) queries.push(["deep page", await deepQuery(client, sessions)]);
  return Promise.all(
    queries.map(async ([page, query]) => {
      const path = `/dashboard${query}`;
      const bare = { url: `${origins.bare}/${name}${query}`, pid };
      const cost = await costOf(origins.metered + path, cookie);
      await fetch(bare.url, { method: "PUT", body: JSON.stringify(cost.batches.flat()) });
      return {
        rows,
        sessions,
        counts,
        page,
        cost,
        app: { url: origins.app + path, cookie, pid },
        bare,
      };
    }),
  );
}

/** @param {string} url @param {string} cookie @returns {Promise<Metered>} @throws if the status is not 200 */
async function costOf(url, cookie) {
  const answer = await fetch(url, { headers: { cookie } });
  const cost = /** @type {Metered} */ (await answer.json());
  if (cost.status !== 200) throw new Error(`${url}: ${cost.status}`);
  return cost;
}

/** @param {Client} person @param {number} sessions @returns {Promise<string>} the query of a page deep in their list */
async function deepQuery(person, sessions) {
  let query = "?status=active";
  for (let read = 0; read < sessions / 3; read += PAGE_SIZE) {
    const { older } = await person.listPage(query);
    query = `?${new URLSearchParams({ cursor: older ?? "" })}`;
  }
  return query;
}

/** @param {Measured[]} measured @param {Load} hello */
function print(measured, hello) {
  printTable(
    [
      "rows",
      "of the person",
      "page",
      "req/s",
      "p50 ms",
      "p99 ms",
      "bare req/s",
      "of bare",
      "CPU ms",
      "of bare",
      "D1 trips",
      "rows read",
      "objects",
      "bytes of HTML",
    ],
    measured.map(({ rows, sessions, page, cost, asApp, asBare }) => [
      ...[rows, sessions, page, Math.round(asApp.perSecond), asApp.p50, asApp.p99],
      ...[Math.round(asBare.perSecond), ratioOf(asApp, asBare)],
      ...[asApp.cpu, asBare.cpu / asApp.cpu],
      ...[cost.batches.length, cost.rowsRead, cost.objects, Buffer.byteLength(cost.body)],
    ]),
  );
  console.log(
    `hello world: ${Math.round(hello.perSecond)} req/s, p50 ${hello.p50.toFixed(2)} ms\n`,
  );
}

/**
 * Prints whether the targets were reached.
 *
 * @param {Measured[]} measured
 */
function check(measured) {
  const databases = [...new Set(measured.map(({ rows }) => rows))];
  const [smallest = 0, largest = 0] = [databases[0], databases.at(-1)];
  /** @param {Partial<Case>} wanted */
  const found = ({ rows, sessions, page }) =>
    measured.filter(
      (one) =>
        (rows ?? one.rows) === one.rows &&
        (sessions ?? one.sessions) === one.sessions &&
        (page ?? one.page) === one.page,
    );
  for (const { rows, asApp, asBare } of found({ sessions: 50, page: "plain" })) {
    checkRatio(`50 sessions in ${rows}, of the bare Function`, asApp, asBare, 0.35);
  }
  checkCosts(measured);
  const [small] = found({ rows: smallest, sessions: 50, page: "plain" });
  const [large] = found({ rows: largest, sessions: 50, page: "plain" });
  if (small && large) {
    checkRatio(`${largest} rows, of ${smallest}`, large.asApp, small.asApp, 0.9);
  }
  for (const plain of found({ sessions: 10_000, page: "plain" })) {
    for (const page of WALKS) {
      const [walk] = found({ ...plain, page });
      if (!walk) continue;
      checkRatio(`${page}, of the plain list`, walk.asApp, plain.asApp, 0.5);
    }
  }
}

/**
 * @param {string} what
 * @param {Load} load
 * @param {Load} of
 * @param {number} least
 */
function checkRatio(what, load, of, least) {
  const ratio = ratioOf(load, of);
  const numbers = `${ratio.toFixed(2)} (by CPU time ${(of.cpu / load.cpu).toFixed(2)})`;
  printCheck(`${what}: at least ${least}`, ratio >= least, numbers);
}

/** @param {Measured[]} measured */
function checkCosts(measured) {
  const trips = Math.max(...measured.map(({ cost }) => cost.batches.length));
  const objects = Math.max(...measured.map(({ cost }) => cost.objects));
  const one = trips === 1 && objects === 0;
  printCheck("every page: one round trip, no object", one, `${trips}, ${objects}`);

  const pages = measured.filter(({ page }) => !WALKS.includes(page));
  const read = Math.max(...pages.map(({ cost }) => cost.rowsRead));
  printCheck(
    `any page that walks nothing: at most ${MOST_READ} rows read`,
    read <= MOST_READ,
    `${read}`,
  );

  for (const { rows, sessions, page, counts, cost } of measured) {
    if (!page.startsWith("search")) continue;
    const own = 2 * sessions + 10 * counts + READ_BESIDE; // Once for the page, once for the counts.
    const what = `${page}, ${sessions} in ${rows}: no row but the person's own`;
    printCheck(what, cost.rowsRead <= own, `${cost.rowsRead} of ${own}`);
  }
}
