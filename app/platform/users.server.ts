/**
 * Checks who may use this Ship. The variable ALLOWED_USERS (of the app and of the Durable Objects' Worker alike) lists
 * GitHub ids and logins, comma-separated. "*" allows everybody; an empty list allows nobody. An id of an Enterprise
 * Server has its host: "42@github.example.com".
 *
 * GitHub never reassigns an id, but it does reassign released logins. So a listed login is compared with the login that
 * a person had when they signed in, and is never looked up again.
 */
import { sql, type RawBuilder } from "kysely";
import { read, statementBuilder, type Database } from "./database.server";

/** A person's id, such as `github:583231`, and their login when they signed in. */
interface IdAndLogin {
  id: string;
  login: string;
}

interface AllowedUsers {
  anybody: boolean;
  ids: ReadonlySet<string>;
  logins: ReadonlySet<string>;
}

/** Parsed lists by their text. A deployment has one list, so it is parsed once. */
const parsed = new Map<string, AllowedUsers>();

function parseAllowedUsers(list = ""): AllowedUsers {
  const known = parsed.get(list);
  if (known) return known;
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  // An entry of digits alone is always an id; a person whose login is digits alone must be listed by id.
  const isId = (entry: string) => /^\d+(@.+)?$/.test(entry);
  const users = {
    anybody: entries.includes("*"),
    ids: new Set(entries.filter(isId).map((id) => `github:${id}`)),
    logins: new Set(entries.filter((entry) => entry !== "" && !isId(entry))),
  };
  parsed.set(list, users);
  return users;
}

/**
 * @param list ALLOWED_USERS
 * @returns whether a person who signed in with GitHub may use this Ship
 */
export function isAllowed(list: string | undefined, { id, login }: IdAndLogin): boolean {
  const { anybody, ids, logins } = parseAllowedUsers(list);
  return anybody || ids.has(id) || logins.has(login.toLowerCase());
}

/** @returns whether an id is that of a local user, who signs in by name (LOCAL_SIGN_IN) and is not in ALLOWED_USERS */
export function isLocalUser(id: string): boolean {
  return id.startsWith("local:");
}

const allowedStatements = statementBuilder<{ users: IdAndLogin }>();

/**
 * Checks whether a person may still use this Ship when the request is not their own, such as one with an agent's token.
 * If their id is not listed and the list has logins, it compares the login of their latest sign-in, which it reads from
 * D1.
 *
 * @returns always true for a local user
 * @throws what D1 throws
 */
export async function isStillAllowed(
  { DB, ALLOWED_USERS }: { DB: Database; ALLOWED_USERS: string },
  id: string,
): Promise<boolean> {
  if (isLocalUser(id) || isAllowed(ALLOWED_USERS, { id, login: "" })) return true;
  if (parseAllowedUsers(ALLOWED_USERS).logins.size === 0) return false;
  const known = allowedStatements.selectFrom("users").select(["id", "login"]).where("id", "=", id);
  const [[user]] = await read(DB, known.compile());
  return user !== undefined && isAllowed(ALLOWED_USERS, user);
}

/**
 * Builds the SQL condition that every INSERT of a person's data needs, so that a late statement cannot restore data of
 * a deleted account (docs/decisions/0008). It holds unless the account is being deleted, or its deletion finished at or
 * after `begun`.
 *
 * @param begun when the inserting request (or the inserted session) began, epoch milliseconds
 */
export function accountStands(userId: string, begun: number): RawBuilder<boolean> {
  return sql<boolean>`NOT EXISTS (
    SELECT 1 FROM deleted_users
    WHERE user_id = ${userId} AND coalesce(finished_at, ${begun}) >= ${begun})`;
}
