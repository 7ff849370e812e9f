/** SQL statements for deleting an account. Times are epoch milliseconds. */
import { sql } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";

/** A row of `deleted_users`: the tombstone of an account, stored when its deletion begins. */
export interface DeletedUser {
  user_id: string;
  /** When the deletion was requested. */
  deleted_at: number;
  /** When the deletion was finished; null until then. */
  finished_at: number | null;
}

const accountStatements = statementBuilder<{ deleted_users: DeletedUser }>();

/**
 * Begins a deletion: inserts the tombstone, which makes statements with `accountStands` refuse new data, ends all sign-ins
 * and disconnects all runners. If the deletion was requested twice and the second write arrives after the first deletion has finished,
 * nothing changes, so that an account created since is not deleted.
 */
export function insertDeletedUser(userId: string, now: number): Statement[] {
  const isBegun = sql`EXISTS
    (SELECT 1 FROM deleted_users WHERE user_id = ${userId} AND finished_at IS NULL)`;
  return [
    sql`
      INSERT INTO deleted_users (user_id, deleted_at) VALUES (${userId}, ${now})
      ON CONFLICT (user_id) DO UPDATE SET deleted_at = excluded.deleted_at, finished_at = NULL
      WHERE finished_at < excluded.deleted_at`.compile(accountStatements),
    sql`DELETE FROM auth_records WHERE user_id = ${userId} AND ${isBegun}`.compile(
      accountStatements,
    ),
    sql`DELETE FROM runners WHERE user_id = ${userId} AND ${isBegun}`.compile(accountStatements),
  ];
}

/** Selects the tombstone of an account. */
export function readDeletedUser(userId: string): Statement<DeletedUser> {
  return accountStatements
    .selectFrom("deleted_users")
    .selectAll()
    .where("user_id", "=", userId)
    .compile();
}

/** Selects how many sessions a person has, from the stored counts; no row if they have none. */
export function readSessionCount(userId: string): Statement<{ count: number }> {
  return sql<{ count: number }>`
    SELECT active + archived AS count FROM session_counts
    WHERE user_id = ${userId} AND repo = ''`.compile(accountStatements);
}

/** Selects the ids of up to `limit` of a person's sessions, in no particular order. */
export function readSomeSessions(userId: string, limit: number): Statement<{ id: string }> {
  return sql<{ id: string }>`
    SELECT id FROM sessions WHERE user_id = ${userId} LIMIT ${limit}`.compile(accountStatements);
}

/** Selects the id of any one of a person's bulks. */
export function readOneBulk(userId: string): Statement<{ id: string }> {
  return sql<{ id: string }>`SELECT id FROM bulks WHERE user_id = ${userId} LIMIT 1`.compile(
    accountStatements,
  );
}

/** Deletes a bulk and its items. */
export function deleteBulk(id: string, userId: string): Statement[] {
  const named = sql`SELECT id FROM bulks WHERE id = ${id} AND user_id = ${userId}`;
  return [
    sql`DELETE FROM bulk_items WHERE bulk_id IN (${named})`.compile(accountStatements),
    sql`DELETE FROM bulks WHERE id IN (${named})`.compile(accountStatements),
  ];
}

/**
 * Deletes a person's remaining rows once their sessions and bulks are gone, and marks the deletion as finished. Also
 * deletes outdated tombstones of other accounts.
 *
 * @param tombstoneSeconds how long a tombstone is kept after its deletion has finished, in seconds
 */
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
