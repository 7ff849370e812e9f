/** When a runner's token is valid: sessions, runners and the Durable Objects ask this of the D1 table `runners`. */
import { sql, type RawBuilder } from "kysely";

/** How long a token is valid after its last use, in milliseconds. */
const TOKEN_LIFE = 90 * 24 * 60 * 60_000;

/**
 * Builds the SQL condition on the table `runners` that the token of a row is valid. Whose runner it is, is another
 * condition.
 *
 * @param now epoch milliseconds
 */
export function hasValidToken(now: number): RawBuilder<boolean> {
  return sql<boolean>`runners.used_at > ${now - TOKEN_LIFE}`;
}
