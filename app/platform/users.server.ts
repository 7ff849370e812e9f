/**
 * Who may use this Ship: the var ALLOWED_USERS, of the app and of the companion alike. It lists ids and logins at GitHub,
 * comma-separated; "*" is anybody, nothing is nobody. An id at an Enterprise Server names its host: "42@github.example.com".
 *
 * An id is one person's for good. A login is not: GitHub gives one that was released to somebody else. So a login in the
 * list is compared with what GitHub called a person when they signed in, and never looked up again.
 */
import { sql, type RawBuilder } from "kysely";
import { read, statementBuilder, type Database } from "./database.server";

/** A person: their id, such as `github:583231`, and their login when they signed in. */
interface IdAndLogin {
  id: string;
  login: string;
}

interface AllowedUsers {
  anybody: boolean;
  ids: ReadonlySet<string>;
  logins: ReadonlySet<string>;
}

/** The list is the same as long as a deployment runs, and parsed once. */
const parsed = new Map<string, AllowedUsers>();

function parseAllowedUsers(list = ""): AllowedUsers {
  const known = parsed.get(list);
  if (known) return known;
  const entries = list.split(",").map((entry) => entry.trim().toLowerCase());
  // Some logins are digits alone, too: whoever has one is listed by id.
  const isId = (entry: string) => /^\d+(@.+)?$/.test(entry);
  const users = {
    anybody: entries.includes("*"),
    ids: new Set(entries.filter(isId).map((id) => `github:${id}`)),
    logins: new Set(entries.filter((entry) => entry !== "" && !isId(entry))),
  };
  parsed.set(list, users);
  return users;
}

/** @param list ALLOWED_USERS @returns whether somebody who signed in with GitHub may use this Ship */
export function isAllowed(list: string | undefined, { id, login }: IdAndLogin): boolean {
  const { anybody, ids, logins } = parseAllowedUsers(list);
  return anybody || ids.has(id) || logins.has(login.toLowerCase());
}

/** @returns whether a person signed in by name alone, by their id: LOCAL_SIGN_IN lets them in, on their own machine */
export function isLocalUser(id: string): boolean {
  return id.startsWith("local:");
}

const allowedStatements = statementBuilder<{ users: IdAndLogin }>();

/**
 * For what somebody left behind who is not asking now, such as an agent's token.
 *
 * @returns whether they may (still) use this Ship: by their id, and where only a login can tell, by the one that D1 has of
 *   their newest sign-in; always, where they signed in by name
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
 * A condition for every statement that inserts something of a person's, so that nothing late brings back what was deleted
 * with their account: it is not being deleted, and if it was deleted before, this was begun afterwards.
 *
 * @param begun when what is inserted was begun, epoch milliseconds
 */
export function accountStands(userId: string, begun: number): RawBuilder<boolean> {
  return sql<boolean>`NOT EXISTS (
    SELECT 1 FROM deleted_users
    WHERE user_id = ${userId} AND coalesce(finished_at, ${begun}) >= ${begun})`;
}
