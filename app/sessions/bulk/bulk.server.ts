/**
 * Bulks: archiving, restoring or deleting many sessions at once, or revoking the tokens of their agents. A small change of
 * status is one D1 batch in the action. Everything else is carried out in bounded steps by the person's object, whose alarm
 * does not let go of it before nothing is left to do; docs/decisions/0006 says why.
 *
 * `unavailable` means that D1 or the person's object did not answer: asking again is safe, and makes no second bulk.
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
} from "./bulk-tables.server";

export interface BulkRequest {
  /** Of the form: the same form sent twice makes one bulk. */
  key: string;
  kind: BulkKind;
  choice: BulkChoice;
  /** What the person was shown of these sessions: if they are others by now, nothing is done. */
  confirmed?: Pick<Measure, "count" | "checksum">;
}

/**
 * - `finished`: done, now or by the same form sent before; `changed` are the sessions whose pages are to be told;
 * - `begun`: it will be carried out, whatever happens;
 * - `nothing`: there is no such session, or they are others than was confirmed;
 * - `too-many`, `too-fast`: nothing was done, because of a limit: of unfinished bulks, or of changes within a minute, where
 *   the wait is in milliseconds.
 */
export type BulkResult =
  | { outcome: "finished"; bulk: BulkRow; counts: BulkCounts; changed: string[] }
  | { outcome: "begun"; bulk: BulkRow }
  | { outcome: "nothing" | "unavailable" }
  | { outcome: "too-many"; limit: number }
  | { outcome: "too-fast"; wait: number };

/** Begins a bulk of a person's sessions; those that are not theirs are left out. */
export async function startBulk(
  env: Env,
  userId: string,
  request: BulkRequest,
): Promise<BulkResult> {
  const { key, kind, choice } = request;
  const asked = "view" in choice ? choice.view : choice;
  const id = await derivedId(userId, JSON.stringify(["bulk", key, kind, asked]));
  const bulk = { id, user_id: userId };
  const reversible = kind === "archive" || kind === "restore";
  if (reversible && "ids" in choice && choice.ids.length <= PAGE_SIZE) {
    return changeAtOnce(env, { ...bulk, kind }, chosenBy(userId, choice));
  }
  return begin(env, { ...bulk, kind }, request);
}

type Named = Pick<BulkRow, "id" | "user_id">;

async function changeAtOnce(
  env: Env,
  bulk: Named & { kind: ReversibleKind },
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
  const [settled, , [made], counts, [changes]] = answer;
  if (!made) {
    const wait = waitOf(changes, now);
    return wait > 0 ? { outcome: "too-fast", wait } : { outcome: "nothing" };
  }
  const changed = settled.map(({ session_id }) => session_id);
  return { outcome: "finished", bulk: made, counts: countsOf(counts), changed };
}

/** The person's object is told first: whoever dies from here on, it looks whether there is such a bulk. */
async function begin(
  env: Env,
  bulk: Named & { kind: BulkKind },
  { choice, confirmed }: BulkRequest,
): Promise<BulkResult> {
  const { id, user_id } = bulk;
  const now = Date.now();
  const limited = bulk.kind !== "revoke"; // What a stolen cookie has made must go, whatever else it has done.
  const answer = await attempt("bulk-begin", async () => {
    const person = personObject(env, user_id);
    await person.expectBulk(user_id, id);
    const chosen = chosenBy(user_id, choice);
    const stands = confirmed ? areConfirmed(chosen, confirmed) : sql`EXISTS (${chosen})`;
    const holds = limited ? sql`${stands} AND ${mayBegin(user_id)}` : stands;
    const allowed = limited ? sql`${holds} AND ${mayChange(user_id)}` : holds;
    const [[made], [changes], [unfinished]] = await write(
      env.DB,
      [
        ...(limited ? [countChange(user_id, now, holds)] : []),
        ...insertBulk(bulk, chosen, now, allowed),
      ],
      readBulk(bulk),
      readChanges(user_id),
      countUnfinished(user_id),
    );
    return { made, wait: waitOf(changes, now), unfinished: unfinished?.count ?? 0 };
  });
  if (!answer) return { outcome: "unavailable" };
  const { made, wait, unfinished } = answer;
  if (!made) {
    if (!limited) return { outcome: "nothing" };
    if (wait > 0) return { outcome: "too-fast", wait };
    const limit = UNFINISHED_LIMIT;
    return unfinished < limit ? { outcome: "nothing" } : { outcome: "too-many", limit };
  }
  logEvent("bulk", { user: user_id, bulk: id, kind: bulk.kind, sessions: made.total });
  await attempt("bulk-run", async () => await personObject(env, user_id).runBulk(user_id, id));
  return { outcome: "begun", bulk: made };
}

/** Takes back what a bulk has changed, all of it and nothing else; taken back twice, it is taken back once. */
export async function undoBulk(env: Env, userId: string, id: string): Promise<BulkResult> {
  const undone = await attempt("bulk-undo", () => read(env.DB, readBulk({ id, user_id: userId })));
  if (!undone) return { outcome: "unavailable" };
  const [[bulk]] = undone;
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
 * Lets a bulk go on that has stopped: with sessions that failed, or because nobody carries it out any more.
 *
 * @returns whether there is such a bulk; undefined where it is not known
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

/** Lets the sessions of a bulk that failed be as they are. @returns as `continueBulk` does */
export function finishBulk(env: Env, userId: string, id: string): Promise<boolean | undefined> {
  const bulk = { id, user_id: userId };
  return attempt("bulk-finish", async () => {
    const writes = [leaveFailed(bulk), advanceBulk(bulk, Date.now())];
    const [[found]] = await write(env.DB, writes, readBulk(bulk));
    return found !== undefined;
  });
}
