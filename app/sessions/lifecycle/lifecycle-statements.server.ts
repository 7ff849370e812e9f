/**
 * The statements that write rows, for the app's actions and for the Durable Object's alarm alike. Each names the owner,
 * and each that could insert a row refuses where a tombstone of the session or of its owner stands: a statement may land
 * late, after a delete.
 * Times are epoch milliseconds.
 */
import { sql, type Generated, type RawBuilder } from "kysely";
import { statementBuilder, type Statement } from "../../platform/database.server";
import { accountStands } from "../../platform/deleted-users.server";
import type {
  Repository,
  SessionEvent,
  SessionEventKind,
  SessionMetadata,
  SessionRow,
  Tombstone,
} from "../protocol/session";

export interface SessionTables {
  sessions: SessionRow;
  deleted_sessions: Tombstone;
  session_events: SessionEvent & { id: Generated<number>; session_id: string };
}

export const statements = statementBuilder<SessionTables>();

/** The row of a session, for its owner only. */
export function readRow(id: string, userId: string): Statement<SessionRow> {
  return statements
    .selectFrom("sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** The tombstone of a session, for the person who deleted it only. */
export function readTombstone(id: string, userId: string): Statement<Tombstone> {
  return statements
    .selectFrom("deleted_sessions")
    .selectAll()
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .compile();
}

/** Whether a session was deleted, by itself or with its owner's account. */
export function readDeletion({
  id,
  user_id,
  created_at,
}: Pick<SessionRow, "id" | "user_id" | "created_at">): Statement<{ deleted: 0 | 1 }> {
  return sql<{ deleted: 0 | 1 }>`
    SELECT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id} AND user_id = ${user_id})
      OR NOT ${accountStands(user_id, created_at)} AS deleted`.compile(statements);
}

/**
 * How many sessions one person may create in a minute, have active, and have active on the same repository; 0: any number.
 */
export interface CreateLimits {
  perMinute: number;
  active: number;
  onRepository: number;
}

/** In milliseconds. */
export const MINUTE = 60_000;

/**
 * Inserts the row of a new session unless it exists, was deleted or goes beyond a limit, with the first line of its
 * history. Applied twice it changes nothing the second time.
 */
export function insertSession(
  id: string,
  userId: string,
  repository: Repository,
  now: number,
  limits: CreateLimits,
): Statement[] {
  return [
    insertRow(
      {
        id,
        user_id: userId,
        repo_owner: repository.owner,
        repo_name: repository.name,
        created_at: now,
        last_activity: now,
        message_count: 0,
        agent_status: null,
        agent_at: null,
        agent_message: 0,
        agent_tokens: 0,
      },
      withinLimits(userId, repository, now, limits),
    ),
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT id, 'created', created_at FROM sessions
      WHERE id = ${id} AND user_id = ${userId}
        AND NOT EXISTS (SELECT 1 FROM session_events WHERE session_id = ${id})`.compile(statements),
  ];
}

/** Conditions of the inserting statement itself, so that no number of parallel requests gets past them. */
function withinLimits(
  userId: string,
  { owner, name }: Repository,
  now: number,
  limits: CreateLimits,
): RawBuilder<unknown> {
  const repo = `${owner}/${name}`.toLowerCase();
  return sql`
    (${limits.perMinute} = 0
      OR (SELECT count(*) FROM (${createdSince(userId, now - MINUTE)})) < ${limits.perMinute})
    AND (${limits.active} = 0 OR ${activeOn(userId, "")} < ${limits.active})
    AND (${limits.onRepository} = 0 OR ${activeOn(userId, repo)} < ${limits.onRepository})`;
}

/** How many active sessions a person has on a repository, '' for all: the number that the triggers of `sessions` keep. */
function activeOn(userId: string, repo: string): RawBuilder<unknown> {
  return sql`
    coalesce((SELECT active FROM session_counts WHERE user_id = ${userId} AND repo = ${repo}), 0)`;
}

/** When a person's newest sessions were created, those deleted since included. */
function createdSince(userId: string, since: number): RawBuilder<unknown> {
  return sql`
    SELECT created_at FROM sessions
    WHERE user_id = ${userId} AND status IN ('active', 'archived') AND created_at > ${since}
    UNION ALL
    SELECT created_at FROM deleted_sessions WHERE user_id = ${userId} AND created_at > ${since}`;
}

/** What a person has used of the limit per minute: how many, and when the oldest of them was created. */
export function readCreated(
  userId: string,
  now: number,
): Statement<{ count: number; oldest: number | null }> {
  return sql<{ count: number; oldest: number | null }>`
    SELECT count(*) AS count, min(created_at) AS oldest
    FROM (${createdSince(userId, now - MINUTE)})`.compile(statements);
}

/** The id of a session, or a query of many. */
export type Ids = string | RawBuilder<unknown>;

/** A condition that always holds. */
const ALWAYS = sql`TRUE`;

/**
 * Archives active sessions on their owner's word. One that is archived already is archived anew, as of now: a message
 * written into it since, of which its row has not heard yet, does not bring it back any more.
 *
 * @param allowed a condition under which anything is done at all
 */
export function archiveRows(ids: Ids, userId: string, now: number, allowed = ALWAYS): Statement[] {
  const set = sql`status = 'archived', archived_at = ${now}, archived_by = 'owner'`;
  return [
    sql`
      UPDATE sessions SET ${set}
      WHERE id IN (${ids}) AND user_id = ${userId} AND status = 'archived' AND ${allowed}`.compile(
      statements,
    ),
    ...transition(ids, userId, "archived", now, {
      guard: sql`status = 'active' AND ${allowed}`,
      set,
    }),
  ];
}

/** Brings archived sessions back; their idleness counts from now. @param allowed as for `archiveRows` */
export function restoreRows(ids: Ids, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(ids, userId, "restored", now, {
    guard: sql`status = 'archived' AND ${allowed}`,
    set: sql`status = 'active', archived_at = NULL, archived_by = NULL, kept_at = ${now}`,
  });
}

/** Lets the idleness of an active session count from now. @param allowed as for `archiveRows` */
export function keepRow(id: string, userId: string, now: number, allowed = ALWAYS): Statement[] {
  return transition(id, userId, "kept", now, {
    guard: sql`status = 'active' AND ${allowed}`,
    set: sql`kept_at = ${now}`,
  });
}

/**
 * Remembers that the owner has seen all messages up to the one with this id; only ever upwards.
 *
 * @param allowed as for `archiveRows`
 */
export function markSeen(id: string, userId: string, upTo: number, allowed = ALWAYS): Statement {
  return statements
    .updateTable("sessions")
    .set({ seen_message: upTo })
    .where("id", "=", id)
    .where("user_id", "=", userId)
    .where("seen_message", "<", upTo)
    .where(sql<boolean>`${allowed}`)
    .compile();
}

/**
 * Deletes sessions for good: tombstone, history, row of each. Old tombstones go along.
 * The caller has seen that they are this person's; should a row be somebody else's after all, it stays as it is.
 */
export function deleteRows(
  ids: readonly string[],
  userId: string,
  now: number,
  tombstoneSeconds: number,
): Statement[] {
  const given = listed(ids);
  return [
    sql`
      INSERT INTO deleted_sessions (id, user_id, deleted_at, created_at)
      SELECT given.id, ${userId}, ${now}, created_at
      FROM (${given}) AS given LEFT JOIN sessions ON sessions.id = given.id
      WHERE sessions.user_id IS NULL OR sessions.user_id = ${userId}
      ON CONFLICT (id) DO NOTHING`.compile(statements),
    sql`
      DELETE FROM session_events
      WHERE session_id IN
        (SELECT id FROM deleted_sessions WHERE id IN (${given}) AND user_id = ${userId})`.compile(
      statements,
    ),
    sql`DELETE FROM sessions WHERE id IN (${given}) AND user_id = ${userId}`.compile(statements),
    sql`DELETE FROM deleted_sessions WHERE deleted_at < ${now - tombstoneSeconds * 1000}`.compile(
      statements,
    ),
  ];
}

/** @returns a query of these ids, as one parameter: D1 takes at most 100 of them */
export function listed(ids: readonly string[]): RawBuilder<unknown> {
  return sql`SELECT value AS id FROM json_each(${JSON.stringify(ids)})`;
}

/**
 * What the alarm tells the row: it exists and carries the object's activity, its counts and what agents reported
 * (together, and only where the object's activity is not older); an archived session that was written into since is
 * active again; an active one that has been idle too long is archived.
 *
 * @param lastMessageAt when the newest message was said, by the clock; 0 where there is none
 * @param idleSeconds archive after this long without activity; 0 never
 */
export function reportToRow(
  session: SessionMetadata,
  lastMessageAt: number,
  now: number,
  idleSeconds: number,
): Statement[] {
  const { id, user_id, last_activity, message_count } = session;
  const { agent_status, agent_at, agent_message, agent_tokens } = session;
  return [
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT ${id}, 'healed', ${now}
      WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = ${id})
        AND NOT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id})
        AND ${accountStands(user_id, session.created_at)}`.compile(statements),
    insertRow(session),
    statements
      .updateTable("sessions")
      .set({ last_activity, message_count, agent_status, agent_at, agent_message, agent_tokens })
      .where("id", "=", id)
      .where("user_id", "=", user_id)
      .where("last_activity", "<=", last_activity)
      // Not written where nothing would change: rows written are what D1 charges for.
      .where(
        sql<boolean>`(last_activity, message_count, agent_tokens)
          IS NOT (${last_activity}, ${message_count}, ${agent_tokens})`,
      )
      .compile(),
    ...transition(id, user_id, "woken", now, {
      // Of the same millisecond, nobody knows which came first: a message is rather heard than missed.
      guard: sql`status = 'archived' AND archived_at <= ${lastMessageAt}`,
      set: sql`status = 'active', archived_at = NULL, archived_by = NULL`,
    }),
    ...transition(id, user_id, "auto-archived", now, {
      guard: sql`status = 'active' AND ${idleSeconds} > 0
        AND max(last_activity, coalesce(kept_at, 0)) <= ${now - idleSeconds * 1000}`,
      set: sql`status = 'archived', archived_at = ${now}, archived_by = 'idle'`,
    }),
  ];
}

function insertRow(session: SessionMetadata, allowed = ALWAYS): Statement {
  const { id, user_id, repo_owner, repo_name, created_at, last_activity, message_count } = session;
  const { agent_status, agent_at, agent_message, agent_tokens } = session;
  return sql`
    INSERT INTO sessions
      (id, user_id, repo_owner, repo_name, status, created_at, last_activity, message_count,
        agent_status, agent_at, agent_message, agent_tokens)
    SELECT ${id}, ${user_id}, ${repo_owner}, ${repo_name}, 'active',
      ${created_at}, ${last_activity}, ${message_count},
      ${agent_status}, ${agent_at}, ${agent_message}, ${agent_tokens}
    WHERE NOT EXISTS (SELECT 1 FROM deleted_sessions WHERE id = ${id})
      AND ${accountStands(user_id, created_at)} AND ${allowed}
    ON CONFLICT (id) DO NOTHING`.compile(statements);
}

/** A guarded change of rows, preceded by their lines of history under the same guard: both happen or neither does. */
function transition(
  ids: Ids,
  userId: string,
  kind: SessionEventKind,
  at: number,
  change: { guard: RawBuilder<unknown>; set: RawBuilder<unknown> },
): Statement[] {
  const where = sql`WHERE id IN (${ids}) AND user_id = ${userId} AND ${change.guard}`;
  return [
    sql`
      INSERT INTO session_events (session_id, kind, at)
      SELECT id, ${kind}, ${at} FROM sessions ${where}`.compile(statements),
    sql`UPDATE sessions SET ${change.set} ${where}`.compile(statements),
  ];
}
