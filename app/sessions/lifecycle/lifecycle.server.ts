/**
 * What the actions call: create, archive, restore, keep, delete and append, each spanning the row in D1 and the session's
 * Durable Object. The order of the steps is what keeps the two from disagreeing; docs/decisions/0002 says why.
 *
 * Expected failures are answered, not thrown. `unavailable` means that D1 or the object did not answer: what was asked
 * may or may not have happened, and asking again is safe.
 */
import { write } from "../../platform/database.server";
import { personObject, sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import { derivedId } from "../../platform/token.server";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import { MINUTE } from "../protocol/budgets";
import type { Repository, SessionRow, StatusChange } from "../protocol/session";
import type { SimilarSessions } from "../session-summary";
import { readDeletion, readRow } from "../session-table.server";
import { readActive, similarSessions, TOLD_FROM } from "./active-on-repository.server";
import { insertSession, readCreated, type CreateLimits } from "./create-statements.server";
import { archiveRows, keepRow, restoreRows } from "./lifecycle-statements.server";

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
    async () => await sessionObject(env, id).initialize(session),
  );
  if (answer?.state === "deleting") return { outcome: "deleted" };
  if (answer?.state === "ready") return { outcome: "created", session };
  await attempt(
    "create-later",
    async () => await personObject(env, userId).initializeLater(userId, id),
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
