import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { matching } from "../list/list-query.server";
import type { ListView } from "../list/list-view";
import { listed, sessionStatements } from "../session-table.server";
import { BULK_LIMIT, isOf, type BulkKey } from "./bulk-tables.server";

/** @returns a subquery that selects as `id` those of these sessions that belong to the user */
export function sessionsByIds(userId: string, ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT id FROM sessions WHERE id IN (${listed(ids)}) AND user_id = ${userId}`;
}

/**
 * @param matching a condition on the table `sessions`, including its owner
 * @param until only sessions created by then, epoch milliseconds
 * @returns a subquery that selects as `id` at most `BULK_LIMIT` sessions that match
 */
export function sessionsMatching(
  matching: RawBuilder<unknown>,
  until: number,
): RawBuilder<unknown> {
  return sql`
    SELECT id FROM sessions WHERE ${matching} AND created_at <= ${until}
    ORDER BY last_activity DESC, id DESC LIMIT ${BULK_LIMIT}`;
}

/** @returns a subquery that selects as `id` the sessions that a bulk has changed */
export function sessionsChangedBy(bulk: BulkKey): RawBuilder<unknown> {
  return sql`SELECT session_id AS id FROM bulk_items WHERE ${isOf(bulk)} AND outcome = 'done'`;
}

/** The summary of a set of sessions that a confirmation shows. */
export interface Measure {
  /** How many sessions there are. */
  count: number;
  /** How many messages they have, according to their rows, which are at most 10 seconds behind. */
  messages: number;
  /** Of the ids: tells whether the set has changed since it was shown. */
  checksum: string;
}

/**
 * SQL: the sums of the first 32 and of the last 48 bits of all ids, which do not depend on their order. SQLite has no
 * hash functions, but an id is part of a hash itself (`derivedId`), so other ids have other sums. The sums of
 * `BULK_LIMIT` ids fit into SQLite's integers. SQLite reads hexadecimal numbers only through its JSON functions.
 */
const CHECKSUM = sql`
  printf('%d.%d', sum(json_extract('0x' || substr(id, 1, 8), '$')),
    sum(json_extract('0x' || substr(id, 25, 12), '$')))`;

/** @param chosen a subquery that selects ids @returns the statement that reads the summary of these sessions */
export function measureSessions(userId: string, chosen: RawBuilder<unknown>): Statement<Measure> {
  return sql<Measure>`
    SELECT count(*) AS count, coalesce(sum(message_count), 0) AS messages, ${CHECKSUM} AS checksum
    FROM sessions WHERE id IN (${chosen}) AND user_id = ${userId}`.compile(sessionStatements);
}

/** @param chosen a subquery that selects ids @returns the statement that reads at most `limit` of them */
export function readChosen(chosen: RawBuilder<unknown>, limit: number): Statement<{ id: string }> {
  return sql<{ id: string }>`SELECT id FROM (${chosen}) LIMIT ${limit}`.compile(sessionStatements);
}

/** @returns the SQL condition that the sessions selected by `chosen` are still those that the user confirmed */
export function areConfirmed(
  chosen: RawBuilder<unknown>,
  { count, checksum }: Pick<Measure, "count" | "checksum">,
): RawBuilder<unknown> {
  return sql`
    (${count}, ${checksum}) =
      (SELECT count(*), ${CHECKSUM} FROM sessions WHERE id IN (${chosen}))`;
}

/**
 * @param limit how many at most; sessions that are known to have agents come first
 * @returns a subquery that selects as `id` the user's sessions that have agents connected, or may have some
 */
export function sessionsWithAgents(userId: string, limit: number): RawBuilder<unknown> {
  return sql`SELECT id FROM ${connectedTo(userId)} ORDER BY agent_tokens DESC LIMIT ${limit}`;
}

/**
 * The FROM and WHERE of the user's sessions that have agents connected, or may have some (`agent_tokens` is null).
 * SQLite uses the partial index only if the condition is written exactly as in the index.
 */
export function connectedTo(userId: string): RawBuilder<unknown> {
  return sql`sessions INDEXED BY idx_sessions_agents
    WHERE user_id = ${userId} AND agent_tokens IS NOT 0`;
}

/**
 * Which sessions a bulk changes:
 * - `ids`: these sessions;
 * - `view`, `until`: all that the view of the list shows, created by then (epoch milliseconds);
 * - `changedBy`: those that another bulk has changed, by its id;
 * - `connected`: those that have agents connected, or may have some.
 */
export type BulkChoice =
  | { ids: string[] }
  | { view: ListView; until: number }
  | { changedBy: string }
  | { connected: true };

/** @returns a subquery that selects the chosen sessions of the user as `id` */
export function chosenBy(userId: string, choice: BulkChoice): RawBuilder<unknown> {
  if ("ids" in choice) return sessionsByIds(userId, choice.ids);
  if ("changedBy" in choice) return sessionsChangedBy({ id: choice.changedBy, user_id: userId });
  if ("connected" in choice) return sessionsWithAgents(userId, BULK_LIMIT);
  const { view, until } = choice;
  return sessionsMatching(matching(userId, view, until), until);
}
