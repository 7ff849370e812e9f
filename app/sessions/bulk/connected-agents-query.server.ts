/** The statements about the agents of all of a person's sessions, on an index made for them (migrations/0008). */
import { sql, type RawBuilder } from "kysely";
import type { Statement } from "../../platform/database.server";
import { sessionStatements } from "../session-table.server";

/** How many agents are connected to a person's sessions. */
export interface ConnectedAgents {
  /** How many sessions have agents. */
  sessions: number;
  /** How many tokens these have together: one an agent. */
  agents: number;
  /** Of how many sessions it is not known. */
  unknown: number;
}

export function countConnected(userId: string): Statement<ConnectedAgents> {
  return sql<ConnectedAgents>`
    SELECT count(agent_tokens) AS sessions, coalesce(sum(agent_tokens), 0) AS agents,
      count(*) - count(agent_tokens) AS unknown
    FROM ${connectedTo(userId)}`.compile(sessionStatements);
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
function connectedTo(userId: string): RawBuilder<unknown> {
  return sql`sessions INDEXED BY idx_sessions_agents
    WHERE user_id = ${userId} AND agent_tokens IS NOT 0`;
}
