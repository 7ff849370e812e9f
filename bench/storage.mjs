// @ts-check
/** Opens Miniflare's SQLite files directly. */
import Database from "libsql";
import { readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Opens the only database, or the only Durable Object, in a folder.
 *
 * @template Result
 * @param {string} folder
 * @param {(database: Database.Database) => Result} read
 */
export function opened(folder, read) {
  const [name = ""] = readdirSync(folder).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file));
  const database = new Database(join(folder, name));
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** @param {Database.Database} database @returns {number} its size in bytes, indexes included */
export function sizeOf(database) {
  return numberOf(database, "PRAGMA page_count") * numberOf(database, "PRAGMA page_size");
}

/** @param {Database.Database} database @param {string} query @returns {number} the number that the query returns */
export function numberOf(database, query) {
  const [value] = Object.values(/** @type {object} */ (database.prepare(query).get()));
  return Number(value);
}
