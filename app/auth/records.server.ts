/** The statements of who uses Ship and how they are signed in. Times are epoch milliseconds. */
import { sql } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { accountStands } from "../platform/users.server";

/** A person. */
export interface User {
  /** `github:<number>`, with `@<host>` for an Enterprise Server's, or `local:<name>` */
  id: string;
  login: string;
  name: string;
  /** The URL of a picture. */
  avatar: string | null;
}

/** A browser that is signed in. */
interface AuthRecord {
  /** SHA-256, in hexadecimal, of the token that the browser's cookie bears. */
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

/** Signed out by itself after this long without a visit. */
const THIRTY_DAYS = 30 * 24 * 60 * 60 * 1000;

/**
 * Keeps who has signed in, by the newest of what is known, and signs a browser in, unless their account is being deleted.
 * Outdated records go along.
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

/** The record of a browser, unless it was signed out or is outdated. */
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

/** Those of a person's sign-ins, by their tokens' hashes, that stand: neither signed out nor outdated. */
export function readStanding(
  userId: string,
  tokenHashes: readonly string[],
  now: number,
): Statement<Pick<AuthRecord, "token_hash">> {
  const asked = sql<string>`(SELECT value FROM json_each(${JSON.stringify(tokenHashes)}))`;
  return authStatements
    .selectFrom("auth_records")
    .select("token_hash")
    .where("token_hash", "in", asked)
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .compile();
}

/** How many browsers a person is signed in with. */
export function countAuthRecords(userId: string, now: number): Statement<{ count: number }> {
  return authStatements
    .selectFrom("auth_records")
    .select((record) => record.fn.countAll<number>().as("count"))
    .where("user_id", "=", userId)
    .where("expires_at", ">", now)
    .compile();
}

/** Remembers that a browser was here: its thirty days begin anew. */
export function touchAuthRecord(tokenHash: string, now: number): Statement {
  return authStatements
    .updateTable("auth_records")
    .set({ last_seen_at: now, expires_at: now + THIRTY_DAYS })
    .where("token_hash", "=", tokenHash)
    .compile();
}

/** Signs one browser out. */
export function deleteAuthRecord(tokenHash: string): Statement {
  return authStatements.deleteFrom("auth_records").where("token_hash", "=", tokenHash).compile();
}

/** Signs a browser out that is signed in by another record now. */
export function replaceAuthRecord(tokenHash: string, by: string): Statement {
  return sql`
    DELETE FROM auth_records WHERE token_hash = ${tokenHash}
      AND EXISTS (SELECT 1 FROM auth_records WHERE token_hash = ${by})`.compile(authStatements);
}

/** Signs a person out in every browser. */
export function deleteAuthRecords(userId: string): Statement {
  return authStatements.deleteFrom("auth_records").where("user_id", "=", userId).compile();
}
