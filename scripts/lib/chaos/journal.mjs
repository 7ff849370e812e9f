// @ts-check
/** The journal of `npm run chaos`: operations, their results, and faults. */
import { randomUUID } from "node:crypto";

/**
 * @typedef {object} Operation  what a client sent; a repetition is the same operation. Times are epoch milliseconds
 * @property {"create" | "append" | "archive" | "restore" | "keep" | "delete"} kind
 * @property {string} key  the idempotency key of the form or the message
 * @property {number} begun
 * @property {number} ended  when it succeeded, or when the last attempt failed
 * @property {boolean} acknowledged
 * @property {boolean} doubted  whether a response was missing or a 5xx at least once
 *
 * @typedef {object} Session  what the journal records of a session
 * @property {string} person
 * @property {string} repository  its name, unique to this session
 * @property {string | undefined} id  once it was seen on the list
 * @property {Operation} form  the operation that creates it
 * @property {Operation[]} operations  all of them, the form's first
 * @property {number | undefined} gone  when its deletion was confirmed
 */

/** The status of a session after an operation. */
export const EFFECTS = /** @type {Partial<Record<Operation["kind"], string>>} */ ({
  archive: "archived",
  restore: "active",
  append: "active",
});

/** Everything that must not happen: report texts. */
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

/** The journal of this run. */
export const journal = {
  /** @type {Session[]} */
  sessions: [],
  /** @type {{ fault: keyof typeof FAULTS, text: string }[]} */
  faults: [],
  /** Whether the server of this round was killed, so that missing responses are expected. */
  killed: false,
};

/**
 * Records a fault.
 *
 * @param {keyof typeof FAULTS} fault
 * @param {string} text what happened; the same text counts once
 */
export function blame(fault, text) {
  if (journal.faults.some((known) => known.text === text)) return;
  journal.faults.push({ fault, text });
}

/**
 * @param {Session} session
 * @param {Operation["kind"]} kind
 * @returns {boolean} whether an operation of this kind was sent at least once
 */
export const begun = (session, kind) =>
  session.operations.some((operation) => operation.kind === kind);

/**
 * @param {Session} session
 * @param {Operation["kind"]} kind
 * @returns {Operation[]} the operations of this kind that succeeded
 */
export const acknowledged = (session, kind) =>
  session.operations.filter((operation) => operation.kind === kind && operation.acknowledged);

/** @returns {Session[]} the sessions whose form succeeded */
export const created = () => journal.sessions.filter(({ form }) => form.acknowledged);

/**
 * @param {Operation["kind"]} kind
 * @returns {Operation} a new operation, with a key of its own
 */
export function operation(kind) {
  const key = randomUUID();
  return { kind, key, begun: Date.now(), ended: Infinity, acknowledged: false, doubted: false };
}

/** @param {Operation} message @returns {string} the text of the message */
export const textOf = ({ key }) => `What was said with the key ${key}`;

/**
 * Prints the faults and the totals.
 *
 * @param {number} seconds that storage took to settle
 * @returns {boolean} whether there was no fault
 */
export function report(seconds) {
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
