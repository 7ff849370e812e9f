/** The statements by which an account is deleted. Times are epoch milliseconds. */
import { sql } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";

/** What a deleted account leaves behind. */
export interface DeletedUser {
  user_id: string;
  /** When its deletion was asked for. */
  deleted_at: number;
  /** Null while some of it is still there. */
  finished_at: number | null;
}

const accountStatements = statementBuilder<{ deleted_users: DeletedUser }>();

/**
 * Begins a deletion: from here on nobody is signed in as this person, and nothing of theirs is stored. Where it lands only
 * after that deletion was finished, because it was asked for twice, the account that was begun since stays.
 */
export function insertDeletedUser(userId: string, now: number): Statement[] {
  return [
    sql`
      INSERT INTO deleted_users (user_id, deleted_at) VALUES (${userId}, ${now})
      ON CONFLICT (user_id) DO UPDATE SET deleted_at = excluded.deleted_at, finished_at = NULL
      WHERE finished_at < excluded.deleted_at`.compile(accountStatements),
    sql`
      DELETE FROM auth_records WHERE user_id = ${userId} AND EXISTS
        (SELECT 1 FROM deleted_users WHERE user_id = ${userId} AND finished_at IS NULL)`.compile(
      accountStatements,
    ),
  ];
}

export function readDeletedUser(userId: string): Statement<DeletedUser> {
  return accountStatements
    .selectFrom("deleted_users")
    .selectAll()
    .where("user_id", "=", userId)
    .compile();
}

/** How many sessions a person has, as it is kept; no row where there are none. */
export function readSessionCount(userId: string): Statement<{ count: number }> {
  return sql<{ count: number }>`
    SELECT active + archived AS count FROM session_counts
    WHERE user_id = ${userId} AND repo = ''`.compile(accountStatements);
}

/** Some of a person's sessions. */
export function readSomeSessions(userId: string, limit: number): Statement<{ id: string }> {
  return sql<{ id: string }>`
    SELECT id FROM sessions WHERE user_id = ${userId} LIMIT ${limit}`.compile(accountStatements);
}

/** One of a person's bulks. */
export function readOneBulk(userId: string): Statement<{ id: string }> {
  return sql<{ id: string }>`SELECT id FROM bulks WHERE user_id = ${userId} LIMIT 1`.compile(
    accountStatements,
  );
}

/** Deletes a bulk with its items, which may be many. */
export function deleteBulk(id: string, userId: string): Statement[] {
  const named = sql`SELECT id FROM bulks WHERE id = ${id} AND user_id = ${userId}`;
  return [
    sql`DELETE FROM bulk_items WHERE bulk_id IN (${named})`.compile(accountStatements),
    sql`DELETE FROM bulks WHERE id IN (${named})`.compile(accountStatements),
  ];
}

/** Deletes what is left of a person once their sessions are gone, and says that all is. Old tombstones go along. */
export function finishDeletedUser(
  userId: string,
  now: number,
  tombstoneSeconds: number,
): Statement[] {
  return [
    sql`DELETE FROM change_windows WHERE user_id = ${userId}`.compile(accountStatements),
    sql`DELETE FROM github_tokens WHERE user_id = ${userId}`.compile(accountStatements),
    sql`DELETE FROM users WHERE id = ${userId}`.compile(accountStatements),
    sql`UPDATE deleted_users SET finished_at = ${now} WHERE user_id = ${userId}`.compile(
      accountStatements,
    ),
    sql`DELETE FROM deleted_users WHERE finished_at < ${now - tombstoneSeconds * 1000}`.compile(
      accountStatements,
    ),
  ];
}
