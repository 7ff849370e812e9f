/** Finds the active sessions that a repository already has, to warn a user before they create another one. */
import { sql } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import type { Repository, SessionRow } from "../protocol/session";
import type { ActiveOnRepository } from "../session-summary";
import { sessionStatements } from "../session-table.server";

/** The number of active sessions on a repository from which on the user is warned before they create another one. */
export const WARN_FROM = 2;

/** One of the active sessions of a repository; `count` is how many the repository has, the same in every row. */
export type ActiveSession = Pick<
  SessionRow,
  "id" | "heading" | "last_activity" | "message_count"
> & {
  count: number;
};

/** @returns the statement that reads at most 3 active sessions of a user on a repository, newest activity first */
export function readActive(userId: string, { owner, name }: Repository): Statement<ActiveSession> {
  const repo = `${owner}/${name}`.toLowerCase();
  return sql<ActiveSession>`
    SELECT id, heading, last_activity, message_count,
      (SELECT active FROM session_counts WHERE user_id = ${userId} AND repo = ${repo}) AS count
    FROM sessions WHERE user_id = ${userId} AND status = 'active' AND repo = ${repo}
    ORDER BY last_activity DESC, id DESC
    LIMIT 3`.compile(sessionStatements);
}

/** Reads what to warn a user of before they create a session. @returns null if there are fewer than `WARN_FROM` */
export async function findActiveOnRepository(
  d1: Database,
  userId: string,
  repository: Repository,
): Promise<ActiveOnRepository | null> {
  const [active] = await read(d1, readActive(userId, repository));
  return activeOnRepository(repository, active);
}

/** Summarizes the rows of `readActive` for the create dialog. @returns null if there are fewer than `WARN_FROM` */
export function activeOnRepository(
  { owner, name }: Repository,
  active: ActiveSession[],
): ActiveOnRepository | null {
  const count = active[0]?.count ?? 0;
  if (count < WARN_FROM) return null;
  const sessions = active.map(({ id, heading, last_activity, message_count }) => ({
    id,
    title: heading,
    lastActivity: last_activity,
    messageCount: message_count,
  }));
  return { repository: `${owner}/${name}`, count, sessions };
}
