/**
 * What the actions call: create, archive, restore, keep, delete and append, each spanning the row in D1 and the session's
 * Durable Object. The order of the steps is what keeps the two from disagreeing; docs/decisions/0002 says why.
 *
 * Expected failures are answered, not thrown. `unavailable` means that D1 or the object did not answer: what was asked
 * may or may not have happened, and asking again is safe.
 */
import { read, write, type Statement } from "../../platform/database.server";
import { derivedId } from "../../platform/derived-id";
import { attempt, logEvent } from "../../platform/log";
import { inParallel } from "../../platform/parallel";
import { personOf } from "../../platform/person.server";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import { readActive, similarSessions, TOLD_FROM } from "./active-on-repository.server";
import type { SimilarSessions } from "../list/list-view";
import { objectOf } from "../../platform/durable-objects.server";
import { countMessages } from "../conversation/conversation.server";
import {
  archiveRows,
  deleteRows,
  insertSession,
  keepRow,
  markSeen,
  MINUTE,
  readCreated,
  readDeletion,
  readRow,
  readTombstone,
  restoreRows,
  type CreateLimits,
} from "./lifecycle-statements.server";
import type {
  NewMessage,
  NewToken,
  NoRoom,
  ObjectAnswer,
  Repository,
  SessionRow,
  StatusChange,
} from "../protocol/session";

/** A create form: its key, and the repository that it asks a session for. */
export interface CreateForm {
  key: string;
  repository: Repository;
  /** Whether the person has seen which active sessions that repository has, and wants another. */
  another: boolean;
}

/**
 * - `created`: row and object are there, now or from the same form sent before;
 * - `listed`: the row is there, so the session exists; its object did not answer yet, and the person's will see to it;
 * - `key-used`: the form's key has made a session for another repository;
 * - `deleted`: the form's key has made a session that was deleted since, or the account is being deleted;
 * - `similar`: nothing was made, because the repository has active sessions, of which the person was to be told first;
 * - `too-fast`, `too-many`: nothing was made, because of a limit: the wait is in milliseconds.
 */
export type CreateResult =
  | { outcome: "created" | "listed" | "key-used"; session: SessionRow }
  | { outcome: "deleted" | "unavailable" }
  | { outcome: "similar"; similar: SimilarSessions }
  | { outcome: "too-fast"; wait: number }
  | { outcome: "too-many"; limit: number };

/** Makes the session that this person's form, known by its key, asks for; the same form sent again makes no other. */
export async function createSession(
  env: Env,
  userId: string,
  { key, repository, another }: CreateForm,
): Promise<CreateResult> {
  const id = await derivedId(userId, key);
  const now = Date.now();
  const limits = createLimits(env, another);
  const found = await attempt("create-row", async () => {
    const [[row], [deletion], [created], active] = await write(
      env.DB,
      insertSession(id, userId, repository, now, limits),
      readRow(id, userId),
      readDeletion({ id, user_id: userId, created_at: now }),
      readCreated(userId, now),
      readActive(userId, repository),
    );
    const isDeleted = deletion?.deleted === 1;
    return { row, isDeleted, created, similar: similarSessions(repository, active) };
  });
  if (!found) return { outcome: "unavailable" };
  if (found.isDeleted) return { outcome: "deleted" };
  if (!found.row) {
    const { count = 0, oldest } = found.created ?? {};
    const tooFast = limits.perMinute > 0 && count >= limits.perMinute;
    if (tooFast) return { outcome: "too-fast", wait: (oldest ?? now) + MINUTE - now };
    if (found.similar && !another) return { outcome: "similar", similar: found.similar };
    return { outcome: "too-many", limit: limits.active };
  }

  const session = found.row;
  if (session.repo_owner !== repository.owner || session.repo_name !== repository.name) {
    return { outcome: "key-used", session };
  }
  const answer = await attempt(
    "create-object",
    async () => await objectOf(env, id).initialize(session),
  );
  if (answer?.state === "deleting") return { outcome: "deleted" };
  if (answer?.state === "ready") return { outcome: "created", session };
  await attempt(
    "create-later",
    async () => await personOf(env, userId).initializeLater(userId, id),
  );
  return { outcome: "listed", session };
}

function createLimits(env: Env, another: boolean): CreateLimits {
  return {
    perMinute: Number(env.CREATE_LIMIT_PER_MINUTE),
    active: Number(env.ACTIVE_SESSION_LIMIT),
    onRepository: another ? 0 : TOLD_FROM,
  };
}

const STATUS_CHANGES = { archive: archiveRows, restore: restoreRows, keep: keepRow };

/** Archives, restores or keeps a session. */
export function changeStatus(
  env: Env,
  userId: string,
  id: string,
  change: StatusChange,
): Promise<ChangeResult> {
  return changeWithinLimit(change, env, userId, id, (now, allowed) =>
    STATUS_CHANGES[change](id, userId, now, allowed),
  );
}

/**
 * - `deleted`: gone from D1 and from the object;
 * - `already-deleted`: this person deleted it before;
 * - `under-way`: begun for good; the object's alarm finishes what could not be finished now;
 * - `unavailable`: not known to have begun.
 */
export type DeleteOutcome =
  "deleted" | "already-deleted" | "under-way" | "not-found" | "unavailable";

/** Deletes a session for good: object marked, row gone, object wiped, in that order. */
export async function deleteSession(env: Env, userId: string, id: string): Promise<DeleteOutcome> {
  const begun = await attempt("delete-begin", () => beginDeletion(env, userId, id));
  if (begun !== "deleting") return begun ?? "unavailable";

  const finished = await attempt("delete-finish", () => finishDeletions(env, userId, [id]));
  logEvent("session-deleted", { user: userId, session: id, finished: finished ? 1 : 0 });
  return finished ? "deleted" : "under-way";
}

/** What deleting needs, in the app and in a person's object alike. */
export type DeletionEnv = Pick<Env, "DB" | "SESSION_DO" | "TOMBSTONE_SECONDS">;

/** How many objects are asked at once. */
export const OBJECTS_AT_ONCE = 10;

/** Marks a session's object: from then on its deletion is certain. @throws what object and D1 throw */
export async function beginDeletion(
  env: DeletionEnv,
  userId: string,
  id: string,
): Promise<"deleting" | "already-deleted" | "not-found"> {
  let answer = await objectOf(env, id).prepare(userId);
  if (answer.state === "empty") {
    const [[row], [tombstone]] = await read(env.DB, readRow(id, userId), readTombstone(id, userId));
    if (!row) return tombstone ? "already-deleted" : "not-found";
    answer = await objectOf(env, id).prepare(userId, row);
  }
  return answer.state === "deleting" ? "deleting" : "not-found";
}

/**
 * Finishes deletions that have begun: all rows go in one batch, then the objects are wiped.
 *
 * @param more statements that belong into the same batch
 * @throws what D1 and the objects throw; the objects' alarms finish what is left
 */
export async function finishDeletions(
  env: DeletionEnv,
  userId: string,
  ids: readonly string[],
  more: readonly Statement[] = [],
): Promise<unknown[]> {
  const tombstoneSeconds = Number(env.TOMBSTONE_SECONDS);
  await write(env.DB, [...deleteRows(ids, userId, Date.now(), tombstoneSeconds), ...more]);
  return inParallel(ids, OBJECTS_AT_ONCE, async (id) => await objectOf(env, id).wipe(userId));
}

/** What became of something that was asked of a session. */
type Outcome = "done" | "deleting" | "not-found" | "unavailable";

/**
 * Adds a message to a session.
 *
 * @returns what became of it:
 * - `too-fast`: not added, because many were sent within a minute; the wait is in milliseconds;
 * - `full`: not added, because the session stores as much as it may
 */
export async function appendMessage(
  env: Env,
  userId: string,
  id: string,
  message: NewMessage,
): Promise<
  { outcome: "sent" | "full" | Exclude<Outcome, "done"> } | { outcome: "too-fast"; wait: number }
> {
  const answer = await askObject<ObjectAnswer | NoRoom>(
    "append",
    env,
    userId,
    id,
    async (object) => await object.append(userId, message),
  );
  if (answer?.state === "limited") return { outcome: "too-fast", wait: answer.wait };
  if (answer?.state === "full") return { outcome: "full" };
  const outcome = outcomeOf(answer);
  return { outcome: outcome === "done" ? "sent" : outcome };
}

/**
 * Makes a token by which an agent reports into a session; the same form sent again makes no second one.
 *
 * @param key the form's idempotency key
 * @returns the token; `too-many` where the session has as many as it may have; `key-used` where the form has made a token
 *   that is not to be replaced, and needs another key
 */
export async function connectAgent(
  env: Env,
  userId: string,
  id: string,
  { name, key }: { name: string; key: string },
): Promise<{ token: string } | { outcome: "key-used" | "too-many" | Outcome }> {
  const answer = await askObject<ObjectAnswer<NewToken>>(
    "connect-agent",
    env,
    userId,
    id,
    (object) => object.connectAgent(userId, name, key),
  );
  if (answer?.state !== "ready") return { outcome: outcomeOf(answer) };
  return answer.token === undefined ? { outcome: answer.refused } : { token: answer.token };
}

/** Ends a token of a session's; one that has ended already stays so. */
export async function revokeAgent(
  env: Env,
  userId: string,
  id: string,
  token: number,
): Promise<Outcome> {
  const answer = await attempt("revoke-agent", async () =>
    objectOf(env, id).revokeAgent(userId, token),
  );
  return outcomeOf(answer);
}

/**
 * Remembers up to which message the owner has seen a session.
 *
 * @param upTo the message's id; where it is beyond the newest one, the newest is meant: ids count up from 1 without a gap
 */
export async function seeMessages(
  env: Env,
  userId: string,
  id: string,
  upTo: number,
): Promise<ChangeResult> {
  // By the object, because the row is up to 10 seconds behind it.
  const newest = await countMessages(env, id, userId);
  if (newest === undefined) return { outcome: "unavailable" };
  return changeWithinLimit("see", env, userId, id, (_, allowed) => [
    markSeen(id, userId, Math.min(upTo, newest), allowed),
  ]);
}

function outcomeOf(answer: ObjectAnswer | undefined): Outcome {
  if (!answer) return "unavailable";
  if (answer.state === "ready") return "done";
  return answer.state === "deleting" ? "deleting" : "not-found";
}

/** Asks a session's object, initializing it from its row where it is still empty. @returns undefined without an answer */
function askObject<Answer extends { state: string }>(
  step: string,
  env: Env,
  userId: string,
  id: string,
  ask: (object: ReturnType<typeof objectOf>) => Promise<Answer>,
): Promise<Answer | undefined> {
  return attempt(step, async () => {
    const first = await ask(objectOf(env, id));
    if (first.state !== "empty") return first;
    const [[row]] = await read(env.DB, readRow(id, userId));
    if (!row) return first;
    await objectOf(env, id).initialize(row);
    return await ask(objectOf(env, id));
  });
}
