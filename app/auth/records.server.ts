/** SQL statements for users and their sign-ins. Times are epoch milliseconds. */
import { sql } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { accountStands } from "../platform/users.server";

export interface User {
  /** `github:<number>`, `github:<number>@<host>` for an Enterprise Server, or `local:<name>`. */
  id: string;
  login: string;
  name: string;
  /** The URL of a picture. */
  avatar: string | null;
}

/** A sign-in: one for each signed-in browser. */
interface AuthRecord {
  /** SHA-256, in hexadecimal, of the token in the browser's cookie. */
  token_hash: string;
  user_id: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
}

interface AuthTables {
  users: User & { created_at: number };
  auth_records: AuthRecord;
}

const authStatements = statementBuilder<AuthTables>();

/** A sign-in expires after this time without a visit, in milliseconds. */
const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1000;

/**
 * Upserts a user and inserts a sign-in, unless the account is being deleted. Also deletes the expired sign-ins of all
 * users.
 */
export function insertAuthRecord(user: User, tokenHash: string, now: number): Statement[] {
  const { id, login, name, avatar } = user;
  const stands = accountStands(id, now);
  return [
    sql`
      INSERT INTO users (id, login, name, avatar, created_at)
      SELECT ${id}, ${login}, ${name}, ${avatar}, ${now} WHERE ${stands}
      ON CONFLICT (id) DO UPDATE SET
        login = excluded.login, name = excluded.name, avatar = excluded.avatar`.compile(
      authStatements,
    ),
    authStatements.deleteFrom("auth_records").where("expires_at", "<=", now).compile(),
    sql`
      INSERT INTO auth_records (token_hash, user_id, created_at, last_seen_at, expires_at)
      SELECT ${tokenHash}, ${id}, ${now}, ${now}, ${now + THIRTY_DAYS} WHERE ${stands}`.compile(
      authStatements,
    ),
  ];
}

/** Selects a sign-in, unless it was ended or has expired. */
export function readAuthRecord(
  tokenHash: string,
  userId: string,
  now: number,
): Statement<AuthRecord> {
  return authStatements
    .selectFrom("auth_records")
    .selectAll()
    .where("token_hash", "=", tokenHash)
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .compile();
}

/** Selects those of a person's sign-ins that are still active: neither ended nor expired. */
export function readStanding(
  userId: string,
  tokenHashes: readonly string[],
  now: number,
): Statement<Pick<AuthRecord, "token_hash">> {
  const requested = sql<string>`(SELECT value FROM json_each(${JSON.stringify(tokenHashes)}))`;
  return authStatements
    .selectFrom("auth_records")
    .select("token_hash")
    .where("token_hash", "in", requested)
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .compile();
}

/** Counts a person's active sign-ins. */
export function countAuthRecords(userId: string, now: number): Statement<{ count: number }> {
  return authStatements
    .selectFrom("auth_records")
    .select((record) => record.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .compile();
}

/** Records a visit, which extends the sign-in to thirty days from now. */
export function touchAuthRecord(tokenHash: string, now: number): Statement {
  return authStatements
    .updateTable("auth_records")
    .set({ last_seen_at: now, expires_at: now + THIRTY_DAYS })
    .where("token_hash", "=", tokenHash)
    .compile();
}

/** Ends one sign-in. */
export function deleteAuthRecord(tokenHash: string): Statement {
  return authStatements.deleteFrom("auth_records").where("token_hash", "=", tokenHash).compile();
}

/**
 * Ends a sign-in that a new one in the same browser replaces.
 *
 * @param by hash of the new sign-in's token; unless that sign-in was inserted, nothing is deleted
 */
export function replaceAuthRecord(tokenHash: string, by: string): Statement {
  return sql`
    DELETE FROM auth_records WHERE token_hash = ${tokenHash}
      AND EXISTS (SELECT 1 FROM auth_records WHERE token_hash = ${by})`.compile(authStatements);
}

/** Ends all sign-ins of a person. */
export function deleteAuthRecords(userId: string): Statement {
  return authStatements.deleteFrom("auth_records").where("user_id", "=", userId).compile();
}
