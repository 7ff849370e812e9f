// @ts-check
/**
 * `npm run chaos`: the mutants, each of which the tests have to catch; a larger run of the model-based tests; then the real
 * thing, driven over HTTP from many clients and killed with SIGKILL in the midst of their writes, again and again. At the
 * end everything that was acknowledged must be there, and everything that was deleted must not.
 *
 *     npm run chaos -- [--rounds 10] [--sessions 250] [--seed N]
 *
 * PORT is 8789 and MODEL_RUNS, the number of random histories in the model-based tests, 1000 unless the environment says.
 */
import { randomInt, randomUUID } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { describe, findViolations, readStorage } from "./audit-storage.mjs";
import { signIn } from "./lib/client.mjs";
import { build, install, migrate } from "./lib/project.mjs";
import { answers, serve } from "./lib/server.mjs";
import { must } from "./lib/processes.mjs";

/**
 * @typedef {import("./lib/client.mjs").Client} Client
 * @typedef {import("./lib/client.mjs").Answer} Answer
 * @typedef {ReturnType<typeof readStorage>} Storage
 *
 * @typedef {object} Operation  what a client wanted; sent again, it stays the same operation. Times are epoch milliseconds
 * @property {"create" | "append" | "archive" | "restore" | "keep" | "delete"} kind
 * @property {string} key  of the form or the message
 * @property {number} begun
 * @property {number} ended  when its success was answered, or its last answer given up
 * @property {boolean} acknowledged
 * @property {boolean} doubted  whether an answer was missing or a 5xx, at least once
 *
 * @typedef {object} Session  a page of the journal
 * @property {string} person
 * @property {string} repository  its name, which no other session has
 * @property {string | undefined} id  as soon as it was seen on the list
 * @property {Operation} form  the operation that creates it
 * @property {Operation[]} operations  all of them, the form's first
 * @property {number | undefined} gone  since when it was known to be deleted
 */

const OWNER = "chaos";
const PEOPLE = ["ada", "ben", "cleo"];
const CLIENTS_EACH = 4;
const VARS = {
  AUTH_SECRETS: "a secret for chaos",
  LOCAL_SIGN_IN: "true",
  CREATE_LIMIT_PER_MINUTE: 0,
};
const { MODEL_RUNS = "1000" } = process.env;

/** In milliseconds. */
const ROUND_LIMIT = 60_000;
/** How long everything may take to settle, in milliseconds: an alarm that fails waits 5 s, then 10, then 20. */
const SETTLE_LIMIT = 60_000;

/** What wrangler's own proxy says to a POST when its connection to workerd broke: Ship has not answered at all. */
const CONNECTION_LOST = "Your worker restarted mid-request";

/** What clients do, as often as it stands here. */
const MIX = /** @type {const} */ ([
  ...["create", "create", "create", "create", "replay", "replay"],
  ...["append", "append", "append", "append", "append", "again"],
  ...["archive", "archive", "restore", "restore", "keep", "delete", "open", "open"],
]);

/** The status that an operation leaves behind. */
const EFFECTS = /** @type {Partial<Record<Operation["kind"], string>>} */ ({
  archive: "archived",
  restore: "active",
  append: "active",
});

/** What must not happen, in the words of the report. */
const FAULTS = {
  lost: "lost",
  messages: "messages lost",
  twice: "sessions made twice",
  rowless: "objects without row after settling",
  back: "deleted ones that came back",
  unopened: "rows that opened with an error",
  breaches: "other breaches in storage",
  failures: "failures while nothing was killed",
};

/** What was asked for and what was answered. */
const journal = {
  /** @type {Session[]} */
  sessions: [],
  /** @type {{ fault: keyof typeof FAULTS, text: string }[]} */
  faults: [],
  /** Whether the server of this round has been killed: no answer is to be had any more. */
  killed: false,
};

/**
 * @param {keyof typeof FAULTS} fault
 * @param {string} text the same one, found again elsewhere, counts once
 */
function blame(fault, text) {
  if (journal.faults.some((known) => known.text === text)) return;
  journal.faults.push({ fault, text });
}

/**
 * @param {Session} session
 * @param {Operation["kind"]} kind
 */
const begun = (session, kind) => session.operations.some((operation) => operation.kind === kind);

/**
 * @param {Session} session
 * @param {Operation["kind"]} kind
 * @returns {Operation[]}
 */
const acknowledged = (session, kind) =>
  session.operations.filter((operation) => operation.kind === kind && operation.acknowledged);

/** @returns {Session[]} */
const created = () => journal.sessions.filter(({ form }) => form.acknowledged);

/**
 * Sends an operation, for the first time or again, and writes down what its answer says.
 *
 * @param {Session} session
 * @param {Operation} operation
 * @param {() => Promise<Answer>} post
 */
async function send(session, operation, post) {
  const sent = Date.now();
  if (!session.operations.includes(operation)) session.operations.push(operation);
  const answer = await ask(`${operation.kind} ${session.repository}`, post);
  if (!operation.acknowledged) operation.ended = Date.now();
  if (!answer) operation.doubted = true;
  else if (answer.status === 302) acknowledge(session, operation, sent, answer);
  // Too many messages for one minute: it was not taken, which is no fault, and may be sent again.
  else if (answer.status === 429) return;
  else if (operation.kind === "delete" || !begun(session, "delete")) {
    blame("lost", `${session.id ?? session.repository}: ${operation.kind} met ${answer.status}`);
  }
}

/**
 * @param {Session} session
 * @param {Operation} operation
 * @param {number} sent
 * @param {Answer} answer
 */
function acknowledge(session, operation, sent, { flash = "" }) {
  operation.acknowledged = true;
  if (operation.kind === "delete") {
    // "Deleting is under way" is a promise for later; the other answers are about now.
    if (!flash.includes("under way")) session.gone ??= Date.now();
  } else if (session.gone !== undefined && session.gone < sent) {
    blame("back", `${session.id}: ${operation.kind} succeeded after it was deleted`);
  }
}

/**
 * @param {string} what
 * @param {() => Promise<Answer>} request
 * @returns {Promise<Answer | undefined>} undefined where the answer is missing or a 5xx, and so everything in doubt
 */
async function ask(what, request) {
  const answer = await request().catch((/** @type {Error} */ error) => error);
  if (!(answer instanceof Error) && answer.status < 500) return answer;
  const text =
    answer instanceof Error
      ? `${answer.message} ${answer.cause}`
      : `${answer.status} ${answer.body.slice(0, 100)}`;
  if (!journal.killed && !text.includes(CONNECTION_LOST)) blame("failures", `${what}: ${text}`);
  return undefined;
}

/**
 * @param {Operation["kind"]} kind
 * @returns {Operation}
 */
function operation(kind) {
  const key = randomUUID();
  return { kind, key, begun: Date.now(), ended: Infinity, acknowledged: false, doubted: false };
}

/**
 * Sends a create form, and learns from the list which session it has made.
 *
 * @param {Client} client
 * @param {Session} session
 */
async function create(client, session) {
  const { form } = session;
  const name = `${OWNER}/${session.repository}`;
  await send(session, form, () => client.sendCreateForm(name, form.key));
  if (!form.acknowledged || session.id) return;
  const listed = await listSessions(client, "active").catch(() => undefined);
  session.id ??= listed?.find(({ repository }) => repository === name)?.id;
  if (listed && !session.id) blame("lost", `${session.repository}: created, but not on the list`);
}

/**
 * @param {Client} client
 * @param {"active" | "archived"} status
 * @returns {Promise<{ id: string, repository: string }[]>} every page of the list
 */
async function listSessions(client, status) {
  const listed = [];
  let cursor = "";
  do {
    const page = await client.listPage(`?status=${status}${cursor}`);
    listed.push(...page.sessions);
    cursor = page.older ? `&cursor=${page.older}` : "";
  } while (cursor);
  return listed;
}

/**
 * @param {Client} client
 * @param {Session} session
 * @param {Operation} message
 */
function append(client, session, message) {
  const { id = "" } = session;
  return send(session, message, () => client.sendMessageForm(id, textOf(message), message.key));
}

/** @param {Operation} message */
const textOf = ({ key }) => `What was said with the key ${key}`;

/**
 * @param {Client} client
 * @param {Session} session
 */
async function open(client, session) {
  const page = await ask(`open ${session.id}`, () => client.open(`/session/${session.id}`));
  const expected = page?.status === 200 || (page?.status === 404 && begun(session, "delete"));
  if (page && !expected) blame("unopened", `${session.id}: opened with ${page.status}`);
}

/** Numbers by chance, but the same ones for the same seed. */
class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed;
  }

  /** @param {number} limit @returns {number} a whole number below the limit */
  below(limit) {
    this.#state = (this.#state + 0x6d2b79f5) | 0; // mulberry32
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  /**
   * @template Item
   * @param {readonly Item[]} items
   * @returns {Item | undefined}
   */
  of(items) {
    return items[this.below(Math.max(items.length, 1))];
  }
}

/**
 * Does one thing that a person might do.
 *
 * @param {Client} client
 * @param {Chance} chance
 * @param {boolean} enough whether there are as many sessions as this round is to make
 */
async function act(client, chance, enough) {
  const mine = journal.sessions.filter((session) => session.person === client.name);
  const what = chance.of(MIX);
  if (what === "create" && !enough) return await createAnother(client, chance);
  if (what === "create" || what === "replay") {
    const again = mine.find((session) => !session.id) ?? chance.of(mine);
    return again && (await create(client, again));
  }
  const listed = mine.filter((session) => session.id);
  // Mostly the newest ones, so that clients meet at the same session.
  const session = chance.of(chance.below(3) > 0 ? listed.slice(-12) : listed);
  if (!session) return;
  const { id = "" } = session;
  switch (what) {
    case "append":
      return await append(client, session, operation("append"));
    case "again": {
      const sent = session.operations.filter(({ kind }) => kind === "append");
      const message = sent.find((message) => !message.acknowledged) ?? chance.of(sent);
      return message && (await append(client, session, message));
    }
    case "delete":
      return await send(session, operation("delete"), () => client.sendDeleteForm(id));
    case "open":
      return await open(client, session);
    case "archive":
    case "restore":
    case "keep":
      return await send(session, operation(what), () => client.sendChangeForm(what, id));
  }
}

/**
 * @param {Client} client
 * @param {Chance} chance
 */
async function createAnother(client, chance) {
  const repository = `repository-${journal.sessions.length + 1}`;
  const form = operation("create");
  /** @type {Session} */
  const session = {
    person: client.name,
    repository,
    id: undefined,
    form,
    operations: [form],
    gone: undefined,
  };
  journal.sessions.push(session);
  const times = chance.below(4) === 0 ? 2 : 1; // a double click
  await Promise.all(Array.from({ length: times }, () => create(client, session)));
}

/**
 * Lets all clients loose until there are as many sessions as wanted, and a moment longer; then kills the server.
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
  const deadline = Date.now() + ROUND_LIMIT;
  while (!enough()) {
    if (Date.now() > deadline) throw new Error("The clients get nowhere.");
    await sleep(10);
  }
  // Now and then so long that alarms ring in the midst of it.
  await sleep(chance.below(chance.below(3) === 0 ? 7_000 : 500));
  journal.killed = true;
  await server.end("SIGKILL");
  await Promise.all(playing);
}

/**
 * Waits until storage breaks nothing any more.
 *
 * @param {string} state
 * @returns {Promise<number>} the seconds it took; those of the limit where it never did
 */
async function settle(state) {
  const since = Date.now();
  const waited = () => Date.now() - since;
  while (findViolations(readStorage(state)).length > 0 && waited() < SETTLE_LIMIT) await sleep(500);
  return waited() / 1_000;
}

/** @param {Storage} storage */
function blameViolations(storage) {
  for (const violation of findViolations(storage)) {
    const { breach } = violation;
    if (breach === "object-without-row") blame("rowless", describe(violation));
    else if (breach.endsWith("-of-deleted")) blame("back", describe(violation));
    else blame("breaches", describe(violation));
  }
}

/**
 * Compares what was acknowledged with what is stored.
 *
 * @param {Session} session
 * @param {Storage} storage
 */
function verifyStored(session, storage) {
  const { id, repository, form } = session;
  const rows = storage.rows.filter((row) => row.repo_name === repository);
  const [row] = rows;
  if (rows.length > 1) blame("twice", repository);
  if (acknowledged(session, "delete").length > 0) {
    const remembered = storage.tombstones.includes(id ?? "");
    if (row) blame("back", `${id}: was deleted, but has a row`);
    if (!remembered) blame("lost", `${id}: was deleted, but has no tombstone`);
  } else if (row) {
    verifyRow(row, session, storage);
  } else if (form.acknowledged && !begun(session, "delete")) {
    blame("lost", `${repository}: created, but has no row`);
  }
}

/**
 * @param {Storage["rows"][number]} row
 * @param {Session} session
 * @param {Storage} storage
 */
function verifyRow({ id, user_id, status }, session, storage) {
  if (user_id !== `local:${session.person}`) blame("lost", `${id}: is ${user_id}’s now`);
  if (!mayBe(status, session.operations)) blame("lost", `${id}: should not be ${status}`);
  const object = storage.objects.find(({ state }) => state?.id === id);
  for (const { key } of acknowledged(session, "append")) {
    if (!object?.messageKeys.includes(key)) blame("messages", `${id}: ${key}`);
  }
  const events = storage.events.filter((event) => event.session_id === id);
  for (const keep of acknowledged(session, "keep")) {
    if (!isKept(keep, session, events)) blame("lost", `${id}: “Keep” left no trace`);
  }
}

/**
 * @param {string} status
 * @param {Operation[]} operations
 * @returns {boolean} whether a session can have this status after these operations, some of them at the same time
 */
function mayBe(status, operations) {
  const effective = operations.filter(({ kind }) => kind in EFFECTS);
  const certain = effective.filter((operation) => operation.acknowledged);
  const last = effective.filter(({ ended }) => !certain.some((later) => later.begun > ended));
  if (certain.length === 0 && status === "active") return true;
  return last.some(({ kind }) => EFFECTS[kind] === status);
}

/**
 * @param {Operation} keep
 * @param {Session} session
 * @param {Storage["events"]} events
 * @returns {boolean} whether it is in the session's history, or may have met an archived session, where it does nothing
 */
function isKept(keep, { operations }, events) {
  const within = (/** @type {number} */ at) => keep.begun <= at && at <= keep.ended;
  return (
    events.some(({ kind, at }) => kind === "kept" && within(at)) ||
    operations.some(({ kind, begun }) => kind === "archive" && begun <= keep.ended)
  );
}

/**
 * Looks at everything that a person has through the front door.
 *
 * @param {Client} client
 * @param {Storage} storage
 */
async function verifyOverHttp(client, storage) {
  const lists = [await listSessions(client, "active"), await listSessions(client, "archived")];
  const listed = new Set(lists.flat().map(({ id }) => id));
  const mine = journal.sessions.filter((session) => session.person === client.name);
  for (const session of mine) {
    const row = storage.rows.find(({ repo_name }) => repo_name === session.repository);
    if (!row) await verifyGone(client, session);
    else if (!listed.has(row.id)) blame("lost", `${row.id}: has a row, but is not on the list`);
    else await verifyOpens(client, session, row.id);
  }
}

/**
 * @param {Client} client
 * @param {Session} session
 */
async function verifyGone(client, session) {
  if (acknowledged(session, "delete").length === 0) return;
  session.gone ??= Date.now();
  const { status } = await client.open(`/session/${session.id}`);
  if (status !== 404) blame("back", `${session.id}: was deleted, but opened with ${status}`);
  await create(client, session);
}

/**
 * @param {Client} client
 * @param {Session} session
 * @param {string} id
 */
async function verifyOpens(client, session, id) {
  const page = await client.open(`/session/${id}`);
  if (page.status !== 200) blame("unopened", `${id}: opened with ${page.status}`);
  const messages = await readMessages(client, id).catch((/** @type {Error} */ { message }) => {
    blame("unopened", `${id}: ${message}`);
    return [];
  });
  for (const message of acknowledged(session, "append")) {
    const found = messages.filter(({ client_key }) => client_key === message.key);
    const intact = found.length === 1 && found[0]?.text === textOf(message);
    if (!intact) blame("messages", `${id}: ${message.key}`);
  }
}

/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<{ id: number, client_key: string, text: string }[]>} the whole conversation
 */
async function readMessages(client, id) {
  const messages = [];
  let before = "";
  do {
    const conversation = await client.conversation(id, before);
    if (conversation.state !== "ready") throw new Error(`opened as ${conversation.state}`);
    const [first] = conversation.messages;
    messages.push(...conversation.messages);
    before = first ? `?before=${first.id}` : "";
  } while (before);
  return messages;
}

/**
 * @param {number} seconds
 * @returns {boolean} whether nothing happened that must not
 */
function report(seconds) {
  const operations = journal.sessions.flatMap((session) => session.operations);
  const doubted = operations.filter((operation) => operation.doubted);
  const again = doubted.filter((operation) => operation.acknowledged);
  for (const { fault, text } of journal.faults) console.log(`${FAULTS[fault]}: ${text}`);
  const lines = [
    ["sessions", created().length],
    ["acknowledged operations", operations.filter((operation) => operation.acknowledged).length],
    ["operations in doubt", `${doubted.length}, of them acknowledged later ${again.length}`],
    ...Object.entries(FAULTS).map(([name, words]) => [
      words,
      journal.faults.filter(({ fault }) => fault === name).length,
    ]),
    ["seconds to settle", seconds.toFixed(1)],
  ];
  console.log();
  for (const [words, count] of lines) console.log(`${`${words}`.padEnd(36)}${count}`);
  return journal.faults.length === 0;
}

/** @throws where an argument is wrong */
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
  await must("vitest", [...tests, "workers", "tests/workers/model"], { env: { MODEL_RUNS } });

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
