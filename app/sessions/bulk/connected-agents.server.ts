/** The agents of all of a person's sessions together: how many there are, and how all of their tokens are revoked. */
import { sql } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import { sessionStatements } from "../session-table.server";
import { connectedTo } from "./bulk-choice.server";
import { startBulk, type BulkResult } from "./bulk.server";

/** @returns how many agents are connected to a person's sessions */
export async function countAgents(d1: Database, userId: string): Promise<ConnectedAgents> {
  const [[counted]] = await read(d1, countConnected(userId));
  return counted ?? { sessions: 0, agents: 0, unknown: 0 };
}

/**
 * Begins to revoke the tokens of all agents: a bulk of its own each time. By a form's idempotency key, a form that is sent
 * again would leave out the tokens that were made meanwhile; revoking twice does no harm.
 */
export function revokeAllAgents(env: Env, userId: string): Promise<BulkResult> {
  const key = crypto.randomUUID();
  return startBulk(env, userId, { key, kind: "revoke", choice: { connected: true } });
}

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
