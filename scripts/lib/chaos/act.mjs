// @ts-check
/** What the clients of `npm run chaos` do: random actions of a person, one after the other. */
import { journal, operation } from "./journal.mjs";
import { append, create, open, send } from "./requests.mjs";

/**
 * @typedef {import("../client.mjs").Client} Client
 * @typedef {import("./journal.mjs").Session} Session
 */

/** The actions; one that is listed more often is done more often. */
const MIX = /** @type {const} */ ([
  ...["create", "create", "create", "create", "replay", "replay"],
  ...["append", "append", "append", "append", "append", "again"],
  ...["archive", "archive", "restore", "restore", "keep", "delete", "open", "open"],
]);

/** A seeded random number generator. */
export class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed;
  }

  /** @param {number} limit @returns {number} an integer from 0 to below the limit */
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
 * Does one random action.
 *
 * @param {Client} client
 * @param {Chance} chance
 * @param {boolean} enough whether this round has created all its sessions
 */
export async function act(client, chance, enough) {
  const mine = journal.sessions.filter((session) => session.person === client.name);
  const what = chance.of(MIX);
  if (what === "create" && !enough) return await createAnother(client, chance);
  if (what === "create" || what === "replay") {
    const again = mine.find((session) => !session.id) ?? chance.of(mine);
    return again && (await create(client, again));
  }
  const listed = mine.filter((session) => session.id);
  // Mostly the newest ones, so that several clients use the same session at the same time.
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
