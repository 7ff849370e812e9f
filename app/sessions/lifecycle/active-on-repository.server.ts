/** The active sessions that a repository has already, of which a person is told before they make another. */
import { sql } from "kysely";
import { read, type Database, type Statement } from "../../platform/database.server";
import type { Repository, SessionRow } from "../protocol/session";
import type { SimilarSessions } from "../session-summary";
import { sessionStatements } from "../session-table.server";

/** A person is told of a repository's active sessions before they make another where it has as many. */
export const TOLD_FROM = 2;

/** One of the active sessions of a repository, and how many these are. */
export type ActiveSession = Pick<SessionRow, "id" | "last_activity" | "message_count"> & {
  count: number;
};

/** Some of the active sessions of a repository, newest activity first. */
export function readActive(userId: string, { owner, name }: Repository): Statement<ActiveSession> {
  const repo = `${owner}/${name}`.toLowerCase();
  return sql<ActiveSession>`
    SELECT id, last_activity, message_count,
      (SELECT active FROM session_counts WHERE user_id = ${userId} AND repo = ${repo}) AS count
    FROM sessions WHERE user_id = ${userId} AND status = 'active' AND repo = ${repo}
    ORDER BY last_activity DESC, id DESC
    LIMIT 3`.compile(sessionStatements);
}

/** @returns what to tell a person before they make another session there, if there is anything to tell */
export async function findSimilar(
  d1: Database,
  userId: string,
  repository: Repository,
): Promise<SimilarSessions | null> {
  const [active] = await read(d1, readActive(userId, repository));
  return similarSessions(repository, active);
}

/** @returns what to tell of a repository's active sessions, if there is one */
export function similarSessions(
  { owner, name }: Repository,
  active: ActiveSession[],
): SimilarSessions | null {
  const count = active[0]?.count ?? 0;
  if (count < TOLD_FROM) return null;
  const sessions = active.map(({ id, last_activity, message_count }) => ({
    id,
    lastActivity: last_activity,
    messageCount: message_count,
  }));
  return { repository: `${owner}/${name}`, count, sessions };
}
