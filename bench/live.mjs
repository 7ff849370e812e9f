// @ts-check
/** Measures how fast agents' messages reach open pages, through a session's Durable Object. */
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
import { connectAgents, newSession, report, REQUESTS_PER_MINUTE } from "./session.mjs";
import { numberOf, opened, sizeOf } from "./storage.mjs";

const SOCKETS = 50;
/** How many agents send at full speed, and how many at a fixed pace. */
const AGENTS = { fast: 8, paced: 10 };
/** The fixed pace, in messages a second of all agents together. */
const PER_SECOND = 20;
/** In seconds: the object writes its row at most once in this time. */
const ALARM_EVERY = 10;

/**
 * @typedef {import("./meter.mjs").Cost} Cost
 * @typedef {import("./session.mjs").Session} Session
 * @typedef {{ sent: Map<string, number>, received: Map<string, number[]> }} Clock  when each message, by its first
 *   words, was sent, and when each socket received it; by `performance.now()`
 */

/** Measures and prints live messages. @param {{ seconds: number }} options how long each way of sending is measured */
export async function benchLive({ seconds }) {
  const state = join(FOLDER, "live");
  rmSync(state, { recursive: true, force: true });
  await migrate(state);
  const servers = await startServers(state);
  try {
    await sayAndListen(servers.origins, seconds);
  } finally {
    await servers.end();
  }
  const { messages, bytes } = stored(state);
  const each = Math.round(bytes / messages);
  console.log(`${messages} messages of 300 characters: ${each} bytes each in the object\n`);
}

/** @param {import("./servers.mjs").Origins} origins @param {number} seconds */
async function sayAndListen(origins, seconds) {
  const session = await newSession(origins.app, "live");
  const agents = await connectAgents(session, AGENTS.fast + AGENTS.paced);
  /** @type {Clock} */
  const clock = { sent: new Map(), received: new Map() };
  const sockets = await listen(session, clock);
  const before = await costOf(origins.objects);
  const began = performance.now();

  const [some, others] = [agents.slice(0, AGENTS.fast), agents.slice(AGENTS.fast)];
  const fast = await measured(clock, () => sayAsMuchAsPossible(session, clock, some, seconds));
  const paced = await measured(clock, () => sayAtPace(session, clock, others, seconds));
  await sleep((ALARM_EVERY + 2) * 1000); // The last alarm is counted too.

  const after = await costOf(origins.objects);
  printTable(
    ["said by", "messages/s", "delivered/s", "p50 ms", "p99 ms", "last p50 ms", "last p99 ms"],
    [
      [`${AGENTS.fast} agents, each at once`, ...fast.numbers],
      [`${AGENTS.paced} agents, ${PER_SECOND} a second`, ...paced.numbers],
    ],
  );
  checkBatches(before, after, (performance.now() - began) / 1000, clock.sent.size);
  for (const socket of sockets) socket.close();
}

/**
 * @param {Cost} before
 * @param {Cost} after
 * @param {number} seconds between the two
 * @param {number} messages that were sent meanwhile
 */
function checkBatches(before, after, seconds, messages) {
  const batches = after.batches.length - before.batches.length;
  const rows = (after.rowsWritten - before.rowsWritten) / batches;
  printCheck(
    `D1: at most one batch in ${ALARM_EVERY} s`,
    batches <= Math.ceil(seconds / ALARM_EVERY) + 1,
    `${batches} in ${Math.round(seconds)} s, ${((batches / messages) * 1000).toFixed(1)} for 1,000 messages; ` +
      `${rows.toFixed(1)} rows written by each`,
  );
}

/** @param {string} objects @returns {Promise<Cost>} the cost of what the objects have sent to D1 so far */
async function costOf(objects) {
  const answer = await fetch(objects);
  return /** @type {Cost} */ (await answer.json());
}

/** @param {Session} session @param {Clock} clock @returns {Promise<WebSocket[]>} open pages of the session */
async function listen({ origin, client, id }, clock) {
  return Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const headers = { Cookie: client.cookie, Origin: origin };
      const socket = new WebSocket(`${origin.replace("http", "ws")}/session/${id}/live`, {
        headers,
      });
      socket.addEventListener("message", ({ data }) => receive(clock, String(data)));
      await once(socket, "open");
      return socket;
    }),
  );
}

/** @param {Clock} clock @param {string} data a frame; the first words of each message are unique */
function receive({ received }, data) {
  const now = performance.now();
  for (const [words] of data.matchAll(/said-\d+/g)) received.get(words)?.push(now);
}

/** @param {Clock} clock @returns {string} a message of 300 characters that begins with unique words */
function newMessage({ sent, received }) {
  const words = `said-${sent.size}`;
  sent.set(words, performance.now());
  received.set(words, []);
  return `${words} `.padEnd(300, "of what was done ");
}

/**
 * @param {Clock} clock
 * @param {() => Promise<void>} say
 */
async function measured(clock, say) {
  const first = clock.sent.size;
  const began = performance.now();
  await say();
  const seconds = (performance.now() - began) / 1000;
  const words = [...clock.sent.keys()].slice(first);
  await receivedByAll(clock, words);
  const delays = words.map((word) => {
    const sent = clock.sent.get(word) ?? 0;
    return (clock.received.get(word) ?? []).map((at) => at - sent);
  });
  const all = delays.flat();
  const last = delays.map((delay) => Math.max(...delay));
  const rates = [words.length / seconds, all.length / seconds];
  const quantiles = [all, last].flatMap((of) => [quantile(of, 0.5), quantile(of, 0.99)]);
  return { messages: words.length, numbers: [...rates, ...quantiles] };
}

/** @param {Clock} clock @param {string[]} words @throws if a socket did not receive one of them within ten seconds */
async function receivedByAll({ received }, words) {
  const deadline = Date.now() + 10_000;
  while (words.some((word) => received.get(word)?.length !== SOCKETS)) {
    if (Date.now() > deadline) throw new Error("Not every socket has received everything.");
    await sleep(20);
  }
}

/**
 * Sends messages until the time is over, or the tokens' limit of requests a minute is reached.
 *
 * @param {Session} session
 * @param {Clock} clock
 * @param {string[]} tokens
 * @param {number} seconds
 */
async function sayAsMuchAsPossible(session, clock, tokens, seconds) {
  const until = Date.now() + seconds * 1000;
  const sayOn = async (/** @type {string} */ token) => {
    for (let said = 0; said < REQUESTS_PER_MINUTE && Date.now() < until; said++) {
      await report(session, token, { text: newMessage(clock) });
    }
  };
  await Promise.all(tokens.map(sayOn));
}

/** @param {Session} session @param {Clock} clock @param {string[]} tokens @param {number} seconds */
async function sayAtPace(session, clock, tokens, seconds) {
  const began = Date.now();
  const reports = [];
  for (let said = 0; said < seconds * PER_SECOND; said++) {
    await sleep(Math.max(0, began + (said * 1000) / PER_SECOND - Date.now()));
    reports.push(report(session, tokens[said % tokens.length] ?? "", { text: newMessage(clock) }));
  }
  await Promise.all(reports);
}

/** @param {string} state @returns {{ messages: number, bytes: number }} what the one object stores */
function stored(state) {
  return opened(join(state, "v3/do/ship-sessions-SessionDO"), (database) => ({
    messages: numberOf(database, "SELECT count(*) FROM messages"),
    bytes: sizeOf(database),
  }));
}
