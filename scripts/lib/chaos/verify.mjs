// @ts-check
/** The end of `npm run chaos`: compares what was acknowledged with what is stored, and with what the pages show. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, findViolations } from "../../audit-storage.mjs";
import { readStorage } from "../storage.mjs";
import { acknowledged, begun, blame, EFFECTS, journal, textOf } from "./journal.mjs";
import { create, listSessions } from "./requests.mjs";

/**
 * @typedef {import("../client.mjs").Client} Client
 * @typedef {import("../client.mjs").ShownMessage} ShownMessage
 * @typedef {import("./journal.mjs").Operation} Operation
 * @typedef {import("./journal.mjs").Session} Session
 * @typedef {import("../storage.mjs").Storage} Storage
 */

/** In milliseconds: an alarm that fails is retried after 5 s, then 10, then 20. */
const SETTLE_TIMEOUT = 60_000;

/**
 * Waits until the storage has no violations, at most until the timeout.
 *
 * @param {string} state the folder that the data lives in
 * @returns {Promise<number>} how many seconds that took
 * @throws {Error} if there is no data
 */
export async function settle(state) {
  const since = Date.now();
  const waited = () => Date.now() - since;
  while (findViolations(readStorage(state)).length > 0 && waited() < SETTLE_TIMEOUT)
    await sleep(500);
  return waited() / 1_000;
}

/** Records the violations in a storage as faults. @param {Storage} storage */
export function blameViolations(storage) {
  for (const violation of findViolations(storage)) {
    const { breach } = violation;
    if (breach === "object-without-row") blame("rowless", describe(violation));
    else if (breach.endsWith("-of-deleted")) blame("back", describe(violation));
    else blame("breaches", describe(violation));
  }
}

/**
 * Compares what was acknowledged of a session with what is stored.
 *
 * @param {Session} session
 * @param {Storage} storage
 */
export function verifyStored(session, storage) {
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
 * @returns {boolean} whether it is in the session's history, or the session may have been archived then, so that it did
 *   nothing
 */
function isKept(keep, { operations }, events) {
  const within = (/** @type {number} */ at) => keep.begun <= at && at <= keep.ended;
  return (
    events.some(({ kind, at }) => kind === "kept" && within(at)) ||
    operations.some(({ kind, begun }) => kind === "archive" && begun <= keep.ended)
  );
}

/**
 * Compares what was acknowledged of a person's sessions with what the pages show.
 *
 * @param {Client} client the person's
 * @param {Storage} storage
 * @throws if a page of the list is an error
 */
export async function verifyOverHttp(client, storage) {
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
    const intact = found.length === 1 && JSON.stringify(found).includes(textOf(message));
    if (!intact) blame("messages", `${id}: ${message.key}`);
  }
}

/**
 * @param {Client} client
 * @param {string} id
 * @returns {Promise<ShownMessage[]>} all messages of the conversation
 */
async function readMessages(client, id) {
  const messages = [];
  let before = "";
  do {
    const conversation = await client.conversation(id, before);
    if (conversation.state !== "ready") throw new Error(`opened as ${conversation.state}`);
    const [first] = conversation.items;
    messages.push(...conversation.items.flatMap(({ message }) => message ?? []));
    before = first ? `?before=${first.id}` : "";
  } while (before);
  return messages;
}
