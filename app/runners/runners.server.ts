/** The statements on the D1 table `runners`: the programs on people's computers. Times are epoch milliseconds. */
import { sql, type RawBuilder } from "kysely";
import { statementBuilder, type Statement } from "../platform/database.server";
import { hasValidToken } from "../platform/runner-tokens.server";

/** A row of the table, without the hash of its token. */
interface RunnerRow {
  id: string;
  user_id: string;
  name: string;
  created_at: number;
  /** When the token was last used; at most `USE_NOTED_EVERY` behind. */
  used_at: number;
}

/** A runner as its token shows it, with its owner's login when they last signed in; null if that is not known. */
export type TokensRunner = Pick<RunnerRow, "id" | "user_id" | "used_at"> & { login: string | null };

const runnerStatements = statementBuilder<{ runners: RunnerRow }>();

/** How often the use of a token is written, in milliseconds. */
const USE_NOTED_EVERY = 5 * 60_000;

/** Reads the runner whose token has this hash, if the token is valid. */
export function readRunner(tokenHash: string, now: number): Statement<TokensRunner> {
  return sql<TokensRunner>`
    SELECT runners.id, runners.user_id, runners.used_at, users.login
    FROM runners LEFT JOIN users ON users.id = runners.user_id
    WHERE runners.token_hash = ${tokenHash} AND ${hasValidToken(now)}`.compile(runnerStatements);
}

/**
 * Builds the subquery that selects whose runner has a valid token with this hash, so that a batch can read the runner
 * and what belongs to its owner at once. It selects nothing if there is no such runner.
 */
export function ownerOfToken(tokenHash: string, now: number): RawBuilder<string> {
  return sql<string>`(
    SELECT runners.user_id FROM runners
    WHERE runners.token_hash = ${tokenHash} AND ${hasValidToken(now)})`;
}

/** @returns whether the use of a token at this time is to be written, by `noteUse` */
export function isUseNews({ used_at }: Pick<RunnerRow, "used_at">, now: number): boolean {
  return used_at <= now - USE_NOTED_EVERY;
}

/** Stores that a runner's token was used; an earlier use than the stored one changes nothing. */
export function noteUse(
  { id, user_id }: Pick<RunnerRow, "id" | "user_id">,
  now: number,
): Statement {
  return sql`
    UPDATE runners SET used_at = ${now}
    WHERE id = ${id} AND user_id = ${user_id} AND used_at <= ${now - USE_NOTED_EVERY}`.compile(
    runnerStatements,
  );
}
