/** The agents of all sessions of a user: counts them, and revokes all of their tokens. */
import { sql } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import { sessionStatements } from "../session-table.server";
import { connectedTo } from "./bulk-choice.server";
import { startBulk, type BulkResult } from "./bulk.server";

/** Counts the agents that are connected to a user's sessions. */
export async function countAgents(d1: Database, userId: string): Promise<ConnectedAgents> {
  const [[counted]] = await read(d1, countConnected(userId));
  return counted ?? { sessions: 0, agents: 0, unknown: 0 };
}

/**
 * Starts a bulk that revokes the tokens of all agents. Each call starts another bulk: with the form's idempotency key,
 * a form sent again would miss the tokens created meanwhile, and revoking twice does no harm.
 */
export function revokeAllAgents(env: Env, userId: string): Promise<BulkResult> {
  const key = crypto.randomUUID();
  return startBulk(env, userId, { key, kind: "revoke", choice: { connected: true } });
}

/** How many agents are connected to a user's sessions. */
export interface ConnectedAgents {
  /** How many sessions have agents. */
  sessions: number;
  /** How many agents these sessions have together; each has one token. */
  agents: number;
  /** For how many sessions it is not known yet whether they have agents. */
  unknown: number;
}

/** @returns the statement that reads the counts of `countAgents` */
export function countConnected(userId: string): Statement<ConnectedAgents> {
  return sql<ConnectedAgents>`
    SELECT count(agent_tokens) AS sessions, coalesce(sum(agent_tokens), 0) AS agents,
      count(*) - count(agent_tokens) AS unknown
    FROM ${connectedTo(userId)}`.compile(sessionStatements);
}
