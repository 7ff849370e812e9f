// @ts-check
/**
 * Measures a page of the worst messages: bytes, processor time, the object's memory, and how long a send takes
 * meanwhile.
 */
import { once, setMaxListeners } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import { migrate } from "../scripts/lib/project.mjs";
import { cpuOf } from "./load.mjs";
import { printCheck, printTable } from "./report.mjs";
import { COMPANION, FOLDER, startServers } from "./servers.mjs";
import { connectAgents, newSession, report, send } from "./session.mjs";
import { WORST } from "./worst.mjs";

/** How many messages a page shows. */
const PAGE = 30;
const MB = 1_000_000;
/** The limits to stay below: bytes, milliseconds, bytes, milliseconds. */
const MOST = { html: 2 * MB, cpu: 300, memory: 64 * MB, wait: 1_000 };
/** Intervals in milliseconds; at most 120 messages may be sent in a minute. */
const EVERY = { sample: 10, send: 550 };

const PAGES = {
  "each of the worst": Object.values(WORST),
  "what makes the largest page": [WORST["empty cells, and characters that are escaped"]],
  "what takes longest to parse": [WORST["images in images"]],
};

/**
 * @typedef {import("./servers.mjs").Servers} Servers
 * @typedef {import("./session.mjs").Session} Session
 * @typedef {{ html: number, cpu: number, memory: number, wait: number }} Measured
 */

/** Measures and prints pages of the worst messages. @param {{ views: number }} options how often each is opened */
export async function benchContent({ views }) {
  const state = join(FOLDER, "content");
  rmSync(state, { recursive: true, force: true });
  await migrate(state);
  const servers = await startServers(state, { inspected: true });
  /** @type {[string, Measured][]} */
  const pages = [];
  try {
    for (const [what, texts] of Object.entries(PAGES)) {
      pages.push([what, await measure(servers, texts, views)]);
    }
  } finally {
    await servers.end();
  }
  print(pages);
}

/** @param {[string, Measured][]} pages */
function print(pages) {
  printTable(
    [`${PAGE} messages`, "KB of HTML", "ms of processor", "MB above idle", "ms a send waits"],
    pages.map(([what, { html, cpu, memory, wait }]) => [
      what,
      ...[html / 1_000, cpu, memory / MB, wait],
    ]),
  );
  for (const key of /** @type {const} */ (["html", "cpu", "memory", "wait"])) {
    const worst = Math.max(...pages.map(([, measured]) => measured[key]));
    printCheck(`worst ${key} under ${MOST[key]}`, worst < MOST[key], `${Math.round(worst)}`);
  }
}

/**
 * @param {Servers} servers
 * @param {string[]} texts sent in turn until a page is full
 * @param {number} views
 * @returns {Promise<Measured>}
 */
async function measure({ origins, pid, inspector }, texts, views) {
  const session = await newSession(origins.app, `content-${crypto.randomUUID().slice(0, 8)}`);
  const [token = ""] = await connectAgents(session, 1);
  const say = async () => {
    for (let said = 0; said < PAGE; said++)
      await report(session, token, { text: textOf(texts, said) });
  };
  const heap = await Heap.of(inspector);
  try {
    await say();
    const { html, cpu } = await view(session, views, pid);
    const wait = await longestSend(session, [say(), view(session, views, pid)]);
    return { html, cpu, wait, memory: heap.peak - heap.idle };
  } finally {
    heap.close();
  }
}

/** @param {string[]} texts @param {number} index */
function textOf(texts, index) {
  return texts[index % texts.length] ?? "";
}

/**
 * @param {Session} session
 * @param {number} views
 * @param {number | undefined} pid
 * @returns {Promise<{ html: number, cpu: number }>} the bytes of a page, and the processor time of one
 */
async function view({ client, id }, views, pid) {
  await client.open(`/session/${id}`); // A warm-up, not measured.
  const before = cpuOf(pid);
  let html = 0;
  for (let view = 0; view < views; view++) {
    const { status, body } = await client.open(`/session/${id}`);
    if (status !== 200) throw new Error(`The page was answered with ${status}.`);
    html = Buffer.byteLength(body);
  }
  return { html, cpu: (cpuOf(pid) - before) / views };
}

/**
 * Sends a person's messages as long as the work is under way.
 *
 * @param {Session} session
 * @param {Promise<unknown>[]} work
 * @returns {Promise<number>} the longest time that one of them took, in milliseconds
 */
async function longestSend(session, work) {
  let longest = 0;
  let done = false;
  const all = Promise.all(work).finally(() => (done = true));
  while (!done) {
    const began = performance.now();
    await send(session, "Beside it");
    longest = Math.max(longest, performance.now() - began);
    await sleep(EVERY.send);
  }
  await all;
  return longest;
}

/** Samples the memory of the objects' isolate, including garbage that is not collected yet; in bytes. */
class Heap {
  idle = 0;
  peak = 0;
  #socket;
  #asked = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    setMaxListeners(Infinity, socket);
  }

  /** @param {URL} inspector */
  static async of(inspector) {
    const socket = new WebSocket(new URL(`/core:user:${COMPANION}`, inspector));
    await once(socket, "open");
    const heap = new Heap(socket);
    await heap.#ask("HeapProfiler.collectGarbage");
    heap.idle = await heap.#used();
    heap.#timer = setInterval(() => void heap.#sample(), EVERY.sample);
    return heap;
  }

  close() {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  async #sample() {
    this.peak = Math.max(this.peak, await this.#used());
  }

  async #used() {
    const { usedSize, backingStorageSize = 0 } = await this.#ask("Runtime.getHeapUsage");
    return usedSize + backingStorageSize;
  }

  /**
   * @param {string} method of the DevTools protocol
   * @returns {Promise<{ usedSize: number, backingStorageSize?: number }>}
   */
  #ask(method) {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      /** @param {import("undici").MessageEvent} event */
      const onMessage = ({ data }) => {
        const answer = JSON.parse(String(data));
        if (answer.id !== id) return;
        this.#socket.removeEventListener("message", onMessage);
        resolve(answer.result);
      };
      this.#socket.addEventListener("message", onMessage);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}
