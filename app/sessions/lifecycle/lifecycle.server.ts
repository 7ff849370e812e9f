/**
 * Creates sessions and changes their status (archive, restore, keep). A session is a row in D1 and a Durable Object;
 * the order of the steps keeps the two consistent, and docs/decisions/0002 says why.
 *
 * Expected failures are returned, not thrown. `unavailable` means that D1 or the object did not answer: the change may
 * or may not have happened, and sending the request again is safe.
 */
import { write } from "../../platform/database.server";
import { personObject, sessionObject } from "../../platform/durable-objects.server";
import { attempt } from "../../platform/log";
import { derivedId } from "../../platform/token.server";
import { changeWithinLimit, type ChangeResult } from "../change-limit.server";
import { MINUTE } from "../protocol/budgets";
import type { SessionRow, StatusChange } from "../protocol/session";
import type { ActiveOnRepository } from "../session-summary";
import { readDeletion, readRow, readTask } from "../session-table.server";
import { activeOnRepository, readActive, WARN_FROM } from "./active-on-repository.server";
import {
  insertSession,
  readCreated,
  type CreateLimits,
  type NewSession,
} from "./create-statements.server";
import { archiveRows, keepRow, renameRow, restoreRows } from "./lifecycle-statements.server";

/** The create form, checked. */
export interface CreateForm extends NewSession {
  /** The form's idempotency key. */
  key: string;
  /** Whether the user has seen the active sessions on that repository, and wants another one. */
  another: boolean;
}

/**
 * - `created`: row and object exist, created now or by the same form sent before;
 * - `listed`: the row exists, but the object did not answer; the person's object initializes it later;
 * - `key-used`: the form's key has created a session with another repository, branch or task;
 * - `deleted`: the form's key has created a session that was deleted since, or the account is being deleted;
 * - `has-active`: nothing was created, because the user must first be warned of the repository's active sessions;
 * - `too-fast`: nothing was created, because of the limit per minute; `wait` is in milliseconds;
 * - `too-many`: nothing was created, because the user has as many active sessions as they may have.
 */
export type CreateResult =
  | { outcome: "created" | "listed" | "key-used"; session: SessionRow }
  | { outcome: "deleted" | "unavailable" }
  | { outcome: "has-active"; active: ActiveOnRepository }
  | { outcome: "too-fast"; wait: number }
  | { outcome: "too-many"; limit: number };

/**
 * Creates a session. Idempotent: its id is derived from the form's key, so the same form sent again creates no other.
 */
export async function createSession(
  env: Env,
  userId: string,
  { key, another, ...created }: CreateForm,
): Promise<CreateResult> {
  const { repository } = created;
  const id = await derivedId(userId, key);
  const now = Date.now();
  const limits = createLimits(env, another);
  const found = await attempt("create-row", async () => {
    const [[row], [task], [deletion], [lately], active] = await write(
      env.DB,
      insertSession(id, userId, created, now, limits),
      readRow(id, userId),
      readTask(id, userId),
      readDeletion({ id, user_id: userId, created_at: now }),
      readCreated(userId, now),
      readActive(userId, repository),
    );
    const isDeleted = deletion?.deleted === 1;
    return { row, task, isDeleted, lately, active: activeOnRepository(repository, active) };
  });
  if (!found) return { outcome: "unavailable" };
  if (found.isDeleted) return { outcome: "deleted" };
  if (!found.row) {
    const { count = 0, oldest } = found.lately ?? {};
    const tooFast = limits.perMinute > 0 && count >= limits.perMinute;
    if (tooFast) return { outcome: "too-fast", wait: (oldest ?? now) + MINUTE - now };
    if (found.active && !another) return { outcome: "has-active", active: found.active };
    return { outcome: "too-many", limit: limits.active };
  }

  const session = found.row;
  if (!isOf(session, created)) return { outcome: "key-used", session };
  const answer = await attempt(
    "create-object",
    async () => await sessionObject(env, id).initialize(session, found.task),
  );
  if (answer?.state === "deleting") return { outcome: "deleted" };
  if (answer?.state === "ready") {
    const isSame = answer.task === created.task?.text;
    return { outcome: isSame ? "created" : "key-used", session };
  }
  await attempt(
    "create-later",
    async () => await personObject(env, userId).initializeLater(userId, id),
  );
  // If D1 does not have this form's task, only the object knows whether it has taken it before.
  if (found.task?.text !== created.task?.text) return { outcome: "unavailable" };
  return { outcome: "listed", session };
}

/** Whether a row has the repository and the branch that a session was to be created with. */
function isOf(row: SessionRow, { repository: { owner, name }, branch }: NewSession): boolean {
  return row.repo_owner === owner && row.repo_name === name && row.branch === (branch ?? null);
}

function createLimits(env: Env, another: boolean): CreateLimits {
  return {
    perMinute: Number(env.CREATE_LIMIT_PER_MINUTE),
    active: Number(env.ACTIVE_SESSION_LIMIT),
    onRepository: another ? 0 : WARN_FROM,
  };
}

const STATUS_CHANGES = { archive: archiveRows, restore: restoreRows, keep: keepRow };

/** Archives or restores a session, or restarts its idle time ("keep"). */
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

/** Gives a session another title. @param title null: the automatic one again, or the repository's name */
export function renameSession(
  env: Env,
  userId: string,
  id: string,
  title: string | null,
): Promise<ChangeResult> {
  return changeWithinLimit("rename", env, userId, id, (now, allowed) =>
    renameRow(id, userId, title, now, allowed),
  );
}
