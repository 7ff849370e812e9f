// @ts-check
/** Measures runs: how fast a text that an agent is writing reaches open pages, and what a long session costs to open. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
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
import { newSession, send } from "./session.mjs";
import { numberOf, opened } from "./storage.mjs";

const PAGES = 50;
const PER_SECOND = 100;
/** How many items a short and a long session have. */
const ITEMS = { short: 30, long: 500 };
/** How many items a frame has. */
const FRAME = 50;

/**
 * @typedef {import("./session.mjs").Session} Session
 * @typedef {import("./servers.mjs").Servers} Servers
 * @typedef {import("../app/sessions/protocol/run-frames").RunnerFrame} RunnerFrame
 * @typedef {{ socket: WebSocket, run: string, heard: (type: string) => Promise<void> }} Runner  with a run that is running
 */

/** Measures and prints runs. @param {{ seconds: number, views: number }} options how long a text is, and how often each session is opened */
export async function benchRuns({ seconds, views }) {
  const state = join(FOLDER, "runs");
  rmSync(state, { recursive: true, force: true });
  await migrate(state);
  const servers = await startServers(state);
  try {
    await stream(servers, seconds);
  } finally {
    await servers.end();
  }
  const items = opened(join(state, "v3/do/ship-sessions-SessionDO"), (database) =>
    numberOf(database, "SELECT count(*) FROM items"),
  );
  printCheck(
    "nothing is stored but the item",
    items === 2,
    `${items} items, the task's one of them`,
  );

  const longState = join(FOLDER, "long");
  rmSync(longState, { recursive: true, force: true });
  await migrate(longState);
  const others = await startServers(longState);
  try {
    await openLong(others, views);
  } finally {
    await others.end();
  }
}

/** @param {Servers} servers @param {number} seconds */
async function stream(servers, seconds) {
  const session = await newSession(servers.origins.app, "stream");
  const runner = await beginRun(servers, session);
  /** @type {number[]} */
  const delays = [];
  /** @type {number[]} */
  const sent = [];
  const pages = await Promise.all(
    Array.from({ length: PAGES }, () =>
      openPage(session, (data) => {
        const [, count] = /"text":"delta-(\d+) "/.exec(data) ?? [];
        if (count !== undefined) delays.push(performance.now() - (sent[Number(count)] ?? 0));
      }),
    ),
  );
  const began = performance.now();
  let text = "";
  for (let count = 0; count < seconds * PER_SECOND; count++) {
    await sleep(Math.max(0, began + (count * 1000) / PER_SECOND - performance.now()));
    const piece = `delta-${count} `;
    sent.push(performance.now());
    sendFrame(runner.socket, {
      ...{ type: "delta", run: runner.run, key: "text", kind: "message" },
      ...{ at: text.length, text: piece },
    });
    text += piece;
  }
  const item = { key: "text", item: { kind: /** @type {const} */ ("message"), text } };
  sendFrame(runner.socket, { type: "items", run: runner.run, seq: 1, items: [item] });
  await runner.heard("kept");
  const expected = seconds * PER_SECOND * PAGES;
  for (let waits = 0; delays.length < expected && waits < 100; waits++) await sleep(100);
  printTable(
    [`${PER_SECOND} deltas a second to ${PAGES} pages`, "delivered", "p50 ms", "p95 ms", "most ms"],
    [
      [
        "",
        `${delays.length} of ${expected}`,
        quantile(delays, 0.5),
        quantile(delays, 0.95),
        Math.max(...delays),
      ],
    ],
  );
  const p95 = quantile(delays, 0.95);
  const isReached = p95 <= 300 && delays.length === expected;
  printCheck("a delta is on every page within 300 ms (p95)", isReached, `${Math.round(p95)} ms`);
  for (const page of pages) page.close();
  runner.socket.close();
}

/** @param {Servers} servers @param {number} views */
async function openLong(servers, views) {
  const sessions = {
    short: await sessionOf(servers, "short", ITEMS.short),
    long: await sessionOf(servers, "long", ITEMS.long),
  };
  /** @type {{ short: number[], long: number[] }} */
  const times = { short: [], long: [] };
  for (let view = 0; view < views; view++) {
    for (const name of /** @type {const} */ (["short", "long"])) {
      const { client, id } = sessions[name];
      const began = performance.now();
      await client.open(`/session/${id}`);
      times[name].push(performance.now() - began);
    }
  }
  const [short, long] = [quantile(times.short, 0.5), quantile(times.long, 0.5)];
  printTable(
    ["a session's page", "p50 ms", "p95 ms"],
    [
      [`${ITEMS.short} items`, short, quantile(times.short, 0.95)],
      [`${ITEMS.long} items`, long, quantile(times.long, 0.95)],
    ],
  );
  printCheck(
    "a long session opens as fast as a short one",
    long <= short * 1.15,
    `${(long / short).toFixed(2)} of its time`,
  );
}

/** @param {Servers} servers @param {string} name @param {number} count @returns {Promise<Session>} one with a run of this many calls of a tool */
async function sessionOf(servers, name, count) {
  const session = await newSession(servers.origins.app, name);
  const runner = await beginRun(servers, session);
  for (let seq = 1; (seq - 1) * FRAME < count; seq++) {
    const length = Math.min(FRAME, count - (seq - 1) * FRAME);
    const items = Array.from({ length }, (_, index) => toolCall((seq - 1) * FRAME + index));
    sendFrame(runner.socket, { type: "items", run: runner.run, seq, items });
    await runner.heard("kept");
  }
  runner.socket.close();
  return session;
}

/** @param {number} number @returns {import("../app/sessions/protocol/run-frames").RunItem} */
function toolCall(number) {
  return {
    key: `${number}`,
    item: {
      ...{ kind: "tool", title: `Read file ${number}`, tool: "read", status: "completed" },
      content: [{ type: "output", text: "a line of output that is rather long\n".repeat(10) }],
    },
  };
}

/**
 * Gives a session to a new runner, which begins a run for a message.
 *
 * @param {Servers} servers
 * @param {Session} session
 * @returns {Promise<Runner>}
 */
async function beginRun({ database, origins }, session) {
  await send(session, "Do it.");
  const [runner, token] = [randomUUID(), `shipr_${randomBytes(32).toString("hex")}`];
  const hash = createHash("sha256").update(token).digest("hex");
  const d1 = await database();
  const now = Date.now();
  await d1.batch([
    d1
      .prepare(
        `INSERT INTO runners (id, user_id, name, token_hash, created_at, used_at)
         SELECT ?, user_id, 'bench', ?, ?, ? FROM sessions WHERE id = ?`,
      )
      .bind(runner, hash, now, now, session.id),
    d1
      .prepare(
        "UPDATE sessions SET runner_id = ?, assign = assign + 1, agent = 'Bench' WHERE id = ?",
      )
      .bind(runner, session.id),
  ]);
  const url = `${origins.app.replace("http", "ws")}/runner/sessions/${session.id}/live`;
  const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
  const heard = listener(socket);
  await once(socket, "open");
  const run = randomUUID();
  sendFrame(socket, { type: "attach", instance: randomUUID() });
  await heard("attached");
  sendFrame(socket, { type: "begin", turn: 1, run });
  await heard("begun");
  return { socket, run, heard };
}

/** @param {WebSocket} socket @returns {Runner["heard"]} waits for the next frame of a type */
function listener(socket) {
  /** @type {string[]} */
  const types = [];
  socket.addEventListener("message", ({ data }) => {
    const { type } = /** @type {{ type: string }} */ (JSON.parse(String(data)));
    types.push(type);
    socket.dispatchEvent(new Event("heard"));
  });
  return async (type) => {
    while (!types.includes(type)) await once(socket, "heard");
    types.splice(0, types.indexOf(type) + 1);
  };
}

/** @param {WebSocket} socket @param {RunnerFrame} frame */
function sendFrame(socket, frame) {
  socket.send(JSON.stringify(frame));
}

/** @param {Session} session @param {(data: string) => void} onFrame @returns {Promise<WebSocket>} an open page */
async function openPage({ origin, client, id }, onFrame) {
  const headers = { Cookie: client.cookie, Origin: origin };
  const socket = new WebSocket(`${origin.replace("http", "ws")}/session/${id}/live`, { headers });
  socket.addEventListener("message", ({ data }) => onFrame(String(data)));
  await once(socket, "open");
  return socket;
}
