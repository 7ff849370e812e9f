import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { matching } from "../list/list-query.server";
import type { ListView } from "../list/list-view";
import { listed, sessionStatements } from "../session-table.server";
import { BULK_LIMIT, isOf, type BulkKey } from "./bulk-tables.server";

/** A query of `id`s: those of these sessions that are this person's. */
export function sessionsByIds(userId: string, ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT id FROM sessions WHERE id IN (${listed(ids)}) AND user_id = ${userId}`;
}

/**
 * A query of `id`s: the sessions that match, at most as many as a bulk can be about.
 *
 * @param matching a condition on the table `sessions` that names the owner too
 * @param until only those created by then
 */
export function sessionsMatching(
  matching: RawBuilder<unknown>,
  until: number,
): RawBuilder<unknown> {
  return sql`
    SELECT id FROM sessions WHERE ${matching} AND created_at <= ${until}
    ORDER BY last_activity DESC, id DESC LIMIT ${BULK_LIMIT}`;
}

/** A query of `id`s: what a bulk has changed. */
export function sessionsChangedBy(bulk: BulkKey): RawBuilder<unknown> {
  return sql`SELECT session_id AS id FROM bulk_items WHERE ${isOf(bulk)} AND outcome = 'done'`;
}

/** What there is to say of sessions before something is done with them. */
export interface Measure {
  count: number;
  /** As their rows know them: at most 10 seconds old. */
  messages: number;
  /** The same for the same sessions only: tells whether others match now than those that were shown. */
  checksum: string;
}

/**
 * The sums of the first 32 and of the last 48 bits of all ids, in whatever order these come. SQLite has no hash functions,
 * but an id is a piece of a hash itself (`derivedId`), so that other ids have other sums. Of `BULK_LIMIT` ids they fit into
 * SQLite's integers; its JSON functions read hexadecimal.
 */
const CHECKSUM = sql`
  printf('%d.%d', sum(json_extract('0x' || substr(id, 1, 8), '$')),
    sum(json_extract('0x' || substr(id, 25, 12), '$')))`;

/** @param chosen a query of ids */
export function measureSessions(userId: string, chosen: RawBuilder<unknown>): Statement<Measure> {
  return sql<Measure>`
    SELECT count(*) AS count, coalesce(sum(message_count), 0) AS messages, ${CHECKSUM} AS checksum
    FROM sessions WHERE id IN (${chosen}) AND user_id = ${userId}`.compile(sessionStatements);
}

/** @param chosen a query of ids @param limit how many at most */
export function readChosen(chosen: RawBuilder<unknown>, limit: number): Statement<{ id: string }> {
  return sql<{ id: string }>`SELECT id FROM (${chosen}) LIMIT ${limit}`.compile(sessionStatements);
}

/** @returns the condition that these sessions are those that were shown to the person */
export function areConfirmed(
  chosen: RawBuilder<unknown>,
  { count, checksum }: Pick<Measure, "count" | "checksum">,
): RawBuilder<unknown> {
  return sql`
    (${count}, ${checksum}) =
      (SELECT count(*), ${CHECKSUM} FROM sessions WHERE id IN (${chosen}))`;
}

/**
 * A query of `id`s: a person's sessions that have agents, and those of which that is not known.
 *
 * @param limit how many at most; those with agents come first
 */
export function sessionsWithAgents(userId: string, limit: number): RawBuilder<unknown> {
  return sql`SELECT id FROM ${connectedTo(userId)} ORDER BY agent_tokens DESC LIMIT ${limit}`;
}

/** The condition is the index's own, or SQLite would not use it. */
export function connectedTo(userId: string): RawBuilder<unknown> {
  return sql`sessions INDEXED BY idx_sessions_agents
    WHERE user_id = ${userId} AND agent_tokens IS NOT 0`;
}

/**
 * Which sessions a bulk is about: some; all of a view of the list created by then; what another bulk has changed; or those
 * that have agents connected, or may have some.
 */
export type BulkChoice =
  | { ids: string[] }
  | { view: ListView; until: number }
  | { changedBy: string }
  | { connected: true };

export function chosenBy(userId: string, choice: BulkChoice): RawBuilder<unknown> {
  if ("ids" in choice) return sessionsByIds(userId, choice.ids);
  if ("changedBy" in choice) return sessionsChangedBy({ id: choice.changedBy, user_id: userId });
  if ("connected" in choice) return sessionsWithAgents(userId, BULK_LIMIT);
  const { view, until } = choice;
  return sessionsMatching(matching(userId, view, until).where, until);
}
