import { sql, type RawBuilder } from "kysely";

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
