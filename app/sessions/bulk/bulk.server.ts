/**
 * Bulks: archive, restore or delete many sessions at once, or revoke the tokens of their agents. A status change of at
 * most a page of sessions is one D1 batch in the action. Everything else runs in bounded steps in the person's object,
 * whose alarm repeats until the bulk is finished; docs/decisions/0006 says why.
 *
 * `unavailable` means that D1 or the person's object did not answer. Sending the request again is safe: it creates no
 * second bulk.
 */
import { sql, type RawBuilder } from "kysely";
import { read, write } from "../../platform/database.server";
import { personObject } from "../../platform/durable-objects.server";
import { attempt, logEvent } from "../../platform/log";
import { derivedId } from "../../platform/token.server";
import { countChange, mayChange, readChanges, waitOf } from "../change-limit.server";
import { PAGE_SIZE } from "../list/list-query.server";
import { INVERSE, type BulkCounts, type BulkKind, type BulkRow, type ReversibleKind } from "./bulk";
import { areConfirmed, chosenBy, type BulkChoice, type Measure } from "./bulk-choice.server";
import { countsOf } from "./bulk-report.server";
import {
  advanceBulk,
  changeItems,
  countUnfinished,
  insertBulk,
  leaveFailed,
  mayBegin,
  readBulk,
  readCounts,
  retryFailed,
  settleItems,
  UNFINISHED_LIMIT,
  type BulkKey,
} from "./bulk-tables.server";

/** A request to start a bulk. */
export interface BulkRequest {
  /** The form's idempotency key. */
  key: string;
  kind: BulkKind;
  choice: BulkChoice;
  /** The summary of these sessions that the user confirmed: if the sessions are others by now, nothing is done. */
  confirmed?: Pick<Measure, "count" | "checksum">;
}

/**
 * - `finished`: done, now or by the same form sent before; `changed` has the ids of the sessions whose pages to notify;
 * - `begun`: the bulk exists, and the person's object will finish it;
 * - `nothing`: no session was chosen, or the sessions are others than the user confirmed;
 * - `unavailable`: D1 or the person's object did not answer;
 * - `too-many`: nothing was done, because the user has `limit` unfinished bulks;
 * - `too-fast`: nothing was done, because of too many changes within a minute; `wait` is in milliseconds.
 */
export type BulkResult =
  | { outcome: "finished"; bulk: BulkRow; counts: BulkCounts; changed: string[] }
  | { outcome: "begun"; bulk: BulkRow }
  | { outcome: "nothing" | "unavailable" }
  | { outcome: "too-many"; limit: number }
  | { outcome: "too-fast"; wait: number };

/** Starts a bulk of a user's sessions, and finishes it at once if it is small. Sessions of other users are left out. */
export async function startBulk(
  env: Env,
  userId: string,
  request: BulkRequest,
): Promise<BulkResult> {
  const { key, kind, choice } = request;
  // Without `until`, which differs when the same form is sent again.
  const requested = "view" in choice ? choice.view : choice;
  const id = await derivedId(userId, JSON.stringify(["bulk", key, kind, requested]));
  const bulk = { id, user_id: userId };
  const reversible = kind === "archive" || kind === "restore";
  if (reversible && "ids" in choice && choice.ids.length <= PAGE_SIZE) {
    return changeAtOnce(env, { ...bulk, kind }, chosenBy(userId, choice));
  }
  return begin(env, { ...bulk, kind }, request);
}

/** Creates a bulk of at most a page of sessions and finishes it, in one batch. */
async function changeAtOnce(
  env: Env,
  bulk: BulkKey & { kind: ReversibleKind },
  chosen: RawBuilder<unknown>,
): Promise<BulkResult> {
  const now = Date.now();
  const { user_id } = bulk;
  const answer = await attempt("bulk", () =>
    write(
      env.DB,
      [
        countChange(user_id, now, sql`EXISTS (${chosen})`),
        ...insertBulk(bulk, chosen, now, mayChange(user_id)),
        ...changeItems(bulk, now, PAGE_SIZE),
      ],
      settleItems(bulk),
      advanceBulk(bulk, now),
      readBulk(bulk),
      readCounts(bulk),
      readChanges(user_id),
    ),
  );
  if (!answer) return { outcome: "unavailable" };
  const [settled, , [stored], counts, [changes]] = answer;
  if (!stored) {
    const wait = waitOf(changes, now);
    return wait > 0 ? { outcome: "too-fast", wait } : { outcome: "nothing" };
  }
  const changed = settled.map(({ session_id }) => session_id);
  return { outcome: "finished", bulk: stored, counts: countsOf(counts), changed };
}

/**
 * Creates a bulk that the person's object runs in steps. The object is notified before the bulk is created: if this
 * Worker dies in between, the object looks for the bulk in D1.
 */
async function begin(
  env: Env,
  bulk: BulkKey & { kind: BulkKind },
  { choice, confirmed }: BulkRequest,
): Promise<BulkResult> {
  const { id, user_id } = bulk;
  const now = Date.now();
  // A revocation has no limits: whoever stole a cookie must not be able to block it by using up the limits.
  const limited = bulk.kind !== "revoke";
  const answer = await attempt("bulk-begin", async () => {
    const person = personObject(env, user_id);
    await person.expectBulk(user_id, id);
    const chosen = chosenBy(user_id, choice);
    const isValid = confirmed ? areConfirmed(chosen, confirmed) : sql`EXISTS (${chosen})`;
    const isCounted = limited ? sql`${isValid} AND ${mayBegin(user_id)}` : isValid;
    const allowed = limited ? sql`${isCounted} AND ${mayChange(user_id)}` : isCounted;
    const [[stored], [changes], [unfinished]] = await write(
      env.DB,
      [
        ...(limited ? [countChange(user_id, now, isCounted)] : []),
        ...insertBulk(bulk, chosen, now, allowed),
      ],
      readBulk(bulk),
      readChanges(user_id),
      countUnfinished(user_id),
    );
    return { stored, wait: waitOf(changes, now), unfinished: unfinished?.count ?? 0 };
  });
  if (!answer) return { outcome: "unavailable" };
  const { stored, wait, unfinished } = answer;
  if (!stored) {
    if (!limited) return { outcome: "nothing" };
    if (wait > 0) return { outcome: "too-fast", wait };
    const limit = UNFINISHED_LIMIT;
    return unfinished < limit ? { outcome: "nothing" } : { outcome: "too-many", limit };
  }
  logEvent("bulk", { user: user_id, bulk: id, kind: bulk.kind, sessions: stored.total });
  await attempt("bulk-run", async () => await personObject(env, user_id).runBulk(user_id, id));
  return { outcome: "begun", bulk: stored };
}

/**
 * Undoes a finished bulk by the inverse bulk of exactly the sessions that it changed. Idempotent.
 *
 * @returns see `BulkResult`; `nothing` also if there is no such bulk, or it is unfinished or cannot be undone
 */
export async function undoBulk(env: Env, userId: string, id: string): Promise<BulkResult> {
  const found = await attempt("bulk-undo", () => read(env.DB, readBulk({ id, user_id: userId })));
  if (!found) return { outcome: "unavailable" };
  const [[bulk]] = found;
  const kind = bulk && INVERSE[bulk.kind];
  if (!kind || bulk.finished_at === null) return { outcome: "nothing" };
  const choice = { changedBy: id };
  const undoing = {
    id: await derivedId(userId, JSON.stringify(["undo", id])),
    user_id: userId,
    kind,
  };
  return bulk.total <= PAGE_SIZE
    ? changeAtOnce(env, undoing, chosenBy(userId, choice))
    : begin(env, undoing, { key: id, kind, choice });
}

/**
 * Continues a bulk that has stopped: retries the sessions that failed, and notifies the person's object again.
 *
 * @returns whether this user has such a bulk; undefined if D1 or the object did not answer
 */
export function continueBulk(env: Env, userId: string, id: string): Promise<boolean | undefined> {
  const bulk = { id, user_id: userId };
  return attempt("bulk-continue", async () => {
    const [[found]] = await read(env.DB, readBulk(bulk));
    if (!found) return false;
    const person = personObject(env, userId);
    await person.expectBulk(userId, id);
    await write(env.DB, [retryFailed(bulk), advanceBulk(bulk, Date.now())]);
    await person.runBulk(userId, id);
    return true;
  });
}

/** Finishes a bulk by giving up on the sessions that failed. @returns see `continueBulk` */
export function finishBulk(env: Env, userId: string, id: string): Promise<boolean | undefined> {
  const bulk = { id, user_id: userId };
  return attempt("bulk-finish", async () => {
    const writes = [leaveFailed(bulk), advanceBulk(bulk, Date.now())];
    const [[found]] = await write(env.DB, writes, readBulk(bulk));
    return found !== undefined;
  });
}
