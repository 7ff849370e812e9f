/** The agents of all of a person's sessions together: how many there are, and how all of their tokens are revoked. */
import { read, type Database } from "../../platform/database.server";
import { startBulk, type BulkResult } from "./bulk.server";
import { countConnected, type ConnectedAgents } from "./connected-agents-query.server";

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
