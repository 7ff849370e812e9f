// @ts-check
/**
 * `npm run audit:storage`: compares the local database with the storage of every Durable Object and lists each violated
 * invariant (docs/decisions/0002). The invariants hold once all alarms have run. Reads only; the app may be running.
 *
 *     npm run audit:storage -- [--state DIR]
 */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/processes.mjs";
import { readStorage } from "./lib/storage.mjs";

export { readStorage };

/** The invariants that can be violated by a session, or by the kept counts of a person and repository: report texts. */
export const BREACHES = {
  "row-of-deleted": "was deleted, but has a row",
  "object-of-deleted": "was deleted, but its object has state",
  "deletion-unfinished": "is still being deleted",
  "object-without-row": "has an object with state, but no row",
  "events-without-row": "has a history, but no row",
  "task-without-row": "has a task, but no row",
  "task-left": "has a task in the database that its object could have taken",
  "owners-differ": "has a row and an object of different owners",
  "activity-differs": "has another last activity in its row than in its object",
  "count-differs": "has another message count in its row than in its object",
  "tokens-differ": "has another number of agents' tokens in its row than in its object",
  "messages-miscounted": "has an object that holds more or fewer messages than it counts",
  "alarm-missing": "has an object with state, but without an alarm",
  "name-differs": "has an object that was made under another id",
  "tables-left": "has an object without state that still has tables",
  "kept-count-differs": "has another kept count than sessions",
};

/**
 * @typedef {import("./lib/storage.mjs").Facts} Facts
 * @typedef {import("./lib/storage.mjs").Row} Row
 * @typedef {import("./lib/storage.mjs").StoredObject} StoredObject
 * @typedef {import("./lib/storage.mjs").Storage} Storage
 * @typedef {import("./lib/storage.mjs").KeptCount} KeptCount
 * @typedef {{ id: string, breach: keyof typeof BREACHES, detail?: string }} Violation
 */

/**
 * Compares rows, tombstones, history, objects and kept counts. A row with an empty object is fine: it has no messages
 * yet.
 *
 * @param {Storage} storage
 * @returns {Violation[]} every violated invariant
 */
export function findViolations({ rows, tombstones, events, tasks, objects, counts }) {
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const deleted = new Set(tombstones);
  const withHistory = new Set(events.map((event) => event.session_id));
  return [
    ...tombstones.filter((id) => rowOf.has(id)).map((id) => violation(id, "row-of-deleted")),
    ...[...withHistory]
      .filter((id) => !rowOf.has(id))
      .map((id) => violation(id, "events-without-row")),
    ...tasks.filter((id) => !rowOf.has(id)).map((id) => violation(id, "task-without-row")),
    ...objects
      .filter(({ state }) => state && rowOf.has(state.id) && tasks.includes(state.id))
      .map(({ state }) => violation(state?.id ?? "", "task-left")),
    ...objects.flatMap((object) => violationsOf(object, rowOf, deleted)),
    ...miscounts(rows, counts),
  ];
}

/**
 * Compares the kept counts with the rows.
 *
 * @param {Row[]} rows
 * @param {KeptCount[]} counts
 * @returns {Violation[]}
 */
function miscounts(rows, counts) {
  /** @type {Map<string, KeptCount>} */
  const counted = new Map();
  for (const { user_id, repo: repository, status, needs_you } of rows) {
    for (const repo of ["", repository]) {
      const id = `${user_id} ${repo}`;
      const before = counted.get(id) ?? { user_id, repo, active: 0, archived: 0, needs_you: 0 };
      counted.set(id, {
        ...before,
        active: before.active + (status === "active" ? 1 : 0),
        archived: before.archived + (status === "archived" ? 1 : 0),
        needs_you: before.needs_you + (repo === "" ? needs_you : 0),
      });
    }
  }
  const kept = new Map(counts.map((count) => [`${count.user_id} ${count.repo}`, count]));
  return [...new Set([...kept.keys(), ...counted.keys()])].flatMap((id) => {
    const [is, there] = [countsText(kept.get(id)), countsText(counted.get(id))];
    return is === there
      ? []
      : [violation(id.trim(), "kept-count-differs", `${is} kept, ${there} there`)];
  });
}

/** @param {Pick<KeptCount, "active" | "archived" | "needs_you">} [counts] */
function countsText({ active, archived, needs_you } = { active: 0, archived: 0, needs_you: 0 }) {
  return `${active} active, ${archived} archived, ${needs_you} in need`;
}

/**
 * @param {StoredObject} object
 * @param {Map<string, Row>} rowOf
 * @param {Set<string>} deleted
 * @returns {Violation[]}
 */
function violationsOf({ file, name, tables, state, messageKeys, tokens, alarm }, rowOf, deleted) {
  if (!state)
    return tables.length > 0 ? [violation(name ?? file, "tables-left", tables.join())] : [];
  const { id } = state;
  /** @type {Violation[]} */
  const found = [];
  if (name !== undefined && name !== id) found.push(violation(id, "name-differs", name));
  if (alarm === undefined) found.push(violation(id, "alarm-missing"));
  if (messageKeys.length !== state.message_count) {
    found.push(
      violation(
        id,
        "messages-miscounted",
        `${messageKeys.length} held, ${state.message_count} counted`,
      ),
    );
  }
  const row = rowOf.get(id);
  if (deleted.has(id)) found.push(violation(id, "object-of-deleted"));
  else if (state.deleting) found.push(violation(id, "deletion-unfinished"));
  else if (!row) found.push(violation(id, "object-without-row"));
  else {
    found.push(...differences(row, state));
    if (row.agent_tokens !== null && row.agent_tokens !== tokens) {
      const detail = `${row.agent_tokens} in the row, ${tokens} in the object`;
      found.push(violation(id, "tokens-differ", detail));
    }
  }
  return found;
}

/**
 * @param {Facts} row
 * @param {Facts} state
 * @returns {Violation[]}
 */
function differences(row, state) {
  const compared = /** @type {const} */ ([
    ["user_id", "owners-differ"],
    ["last_activity", "activity-differs"],
    ["message_count", "count-differs"],
  ]);
  return compared
    .filter(([fact]) => row[fact] !== state[fact])
    .map(([fact, breach]) =>
      violation(row.id, breach, `${row[fact]} in the row, ${state[fact]} in the object`),
    );
}

/**
 * @param {string} id
 * @param {Violation["breach"]} breach
 * @param {string} [detail]
 * @returns {Violation}
 */
function violation(id, breach, detail) {
  return detail === undefined ? { id, breach } : { id, breach, detail };
}

/** @param {Violation} violation @returns {string} the violation as a line of the report */
export function describe({ id, breach, detail }) {
  return `${id} ${BREACHES[breach]}${detail === undefined ? "" : ` (${detail})`}`;
}

function main() {
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  const storage = readStorage(values.state ?? join(ROOT, ".wrangler/state"));
  const violations = findViolations(storage);
  for (const found of violations) console.log(describe(found));
  const { rows, tombstones, events, objects } = storage;
  const full = objects.filter((object) => object.state).length;
  console.log(`rows                ${rows.length}
tombstones          ${tombstones.length}
events              ${events.length}
objects with state  ${full}
empty objects       ${objects.length - full}
violations          ${violations.length}`);
  if (violations.length === 0) return;
  console.log("\nAlarms may not have rung yet: look again when the app has run for a minute.");
  process.exitCode = 1;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
