/**
 * What must be true of a session, derived from the calls that have landed so far (reached D1 or the object). Plain data
 * and functions, independent of the app's code. An operation is in doubt until its call lands; from then on its effect
 * is certain, whatever response its caller gets.
 */
import {
  TASK_KEY,
  type SessionEvent,
  type SessionRow,
  type SessionStatus,
  type Task,
  type Tombstone,
} from "../../../app/sessions/protocol/session";
import type { ObjectAnswer } from "../../../app/sessions/protocol/object-answers";
import type { Message } from "../../../app/sessions/protocol/message";
import type { StoredState } from "../support";
import { messageKey, taskText, type Beginning, type Kind, type Operation } from "./plan";

/** A batch to D1, or a method of the object. */
export type CallName = "batch" | "initialize" | "append" | "prepare" | "wipe";

export interface Known {
  created: boolean;
  /** The repository in its row, and the one that its object was initialized with. */
  repository: number;
  repositoryOfObject: number;
  /** D1 was restored without its row, and nothing has inserted it again yet. */
  rowLost: boolean;
  /** D1 was restored without its row: only the daily alarm notices. */
  restored: boolean;
  /** Its object was initialized. */
  initialized: boolean;
  /** "begun": it will become final. "final": its row is gone for good. */
  deletion: "no" | "begun" | "final";
  /** Its object was initialized after its deletion, by a call that landed late: the next alarm notices. */
  revenant: boolean;
  /** The texts of the messages in its object, oldest first; each text is there once. */
  messages: string[];
  /** The task that waits in D1, and the one that is a message in its object; null: none. */
  waitingTask: number | null;
  takenTask: number | null;
  /** The statuses that it may have. */
  statuses: Set<SessionStatus>;
  lastMessageAt: number;
  archivedAt: number;
  /** When its idleness began, epoch milliseconds. */
  idleSince: number;
  /** Its row was inserted with a message count that differs from its object's. */
  countUnfounded: boolean;
}

export function knownOf(beginning: Beginning, now: number): Known {
  const { there } = beginning;
  const hasRow = there === "row" || there === "both";
  return {
    created: there !== "nothing",
    repository: 0,
    repositoryOfObject: 0,
    rowLost: there === "object",
    restored: there === "object",
    initialized: there === "object" || there === "both",
    deletion: "no",
    revenant: false,
    messages: [],
    waitingTask: hasRow ? beginning.task : null,
    takenTask: null,
    statuses: new Set([there === "row" ? beginning.status : "active"]),
    lastMessageAt: 0,
    archivedAt: now,
    idleSince: now,
    countUnfounded: there === "both" || (there === "row" && beginning.count > 0),
  };
}

/** @returns whether it exists, by its row or by the object that will insert its row again */
export function exists({ created, rowLost, initialized, deletion }: Known): boolean {
  return created && deletion === "no" && (!rowLost || initialized);
}

/** @returns the outcomes that an operation may have if all its calls succeed and nothing changes meanwhile */
export function legalOutcomes(known: Known, operation: Operation): string[] {
  const { kind, by } = operation;
  const { deletion, revenant } = known;
  if (kind === "alarm") return ["rang", "not set"];
  if (by === "stranger") return kind === "create" ? ["created", "key-used"] : ["not-found"];
  switch (kind) {
    case "create":
      if (deletion !== "no") {
        const also = deletion === "begun" ? ["key-used"] : [];
        return ["deleted", ...also, ...(revenant ? ["created", "key-used"] : [])];
      }
      return [isOfAnotherForm(known, operation) ? "key-used" : "created"];
    case "append":
      if (deletion === "no") return [exists(known) ? "sent" : "not-found"];
      return revenant ? ["not-found", "deleting", "sent"] : ["not-found", "deleting"];
    case "delete":
      if (deletion === "no") return [exists(known) ? "deleted" : "not-found"];
      return ["deleted", "already-deleted"];
    default:
      if (deletion === "begun") return ["done", "not-found"];
      return [exists(known) && !known.rowLost ? "done" : "not-found"];
  }
}

/** @returns whether the session has, or would have, another repository or task than the form */
function isOfAnotherForm(known: Known, { which, task }: Operation): boolean {
  const hasRow = known.created && !known.rowLost;
  if (hasRow && known.repository !== which) return true;
  return (known.takenTask ?? (hasRow ? known.waitingTask : task)) !== task;
}

/** @returns the outcomes that an operation may have if its caller got a failure of this call */
export function failedOutcomes(
  { operation, answers, readTask }: Cause,
  failed: CallName,
): string[] {
  const { kind, by, task } = operation;
  if (kind === "create" && failed === "initialize") {
    if (by === "stranger") return ["listed", "unavailable"];
    // Only a task that it has seen in D1 is certain to be there.
    return [readTask === task ? "listed" : "unavailable"];
  }
  if (kind === "delete" && hasBegun(answers)) return ["under-way"];
  return [kind === "alarm" ? "rang" : "unavailable"];
}

/** The result of an operation. */
export interface Result {
  outcome: string;
  session?: SessionRow;
}

/** @returns what is wrong with the result of an operation apart from its outcome, as text */
export function wrongAnswer(
  { kind, by, task }: Operation,
  id: string,
  { outcome, session }: Result,
  { deletion, restored, takenTask, waitingTask }: Known,
): string | undefined {
  const isToldOfTask = by === "owner" && deletion === "no" && task !== null;
  return firstOf({
    "its task was acknowledged and is not taken":
      isToldOfTask && outcome === "created" && takenTask !== task,
    "its task was acknowledged and is nowhere":
      isToldOfTask && outcome === "listed" && !restored && (takenTask ?? waitingTask) !== task,
    "its session is another": by === "owner" && session !== undefined && session.id !== id,
    "its session is somebody else's": by === "stranger" && session?.id === id,
    "it is not archived":
      kind === "archive" && outcome === "done" && session?.status !== "archived",
    "it is not active": kind === "restore" && outcome === "done" && session?.status !== "active",
  });
}

/** The response to a call of an operation. */
export interface Answer {
  name: CallName;
  answer: unknown;
}

/** @returns whether a delete got the response that the object is `deleting` */
function hasBegun(answers: readonly Answer[]): boolean {
  return answers.some(({ name, answer }) => name === "prepare" && stateOf(answer) === "deleting");
}

function stateOf(answer: unknown): ObjectAnswer["state"] {
  return (answer as ObjectAnswer).state;
}

/** The operation whose call has landed. */
export interface Cause {
  operation: Operation;
  /** When it began, and the model's state then. */
  startedAt: number;
  before: Known;
  /** The responses it got before this call. */
  answers: readonly Answer[];
  /** The task that its batch has read from D1. */
  readTask: number | null;
}

/** Updates the model after a call has landed. */
export function learn(
  known: Known,
  cause: Cause,
  { name, answer }: Answer,
  now: number,
  idleMilliseconds: number,
): void {
  const { operation } = cause;
  if (operation.by === "stranger") return;
  const state = name === "batch" ? undefined : stateOf(answer);
  if (name === "initialize" && state === "ready") {
    if (!known.initialized) known.repositoryOfObject = known.repository;
    if (known.deletion === "no") known.initialized = true;
    else known.revenant = true;
    learnTask(known, cause);
  }
  if (name === "prepare" && state === "deleting" && known.deletion === "no") {
    known.deletion = "begun";
  }
  if (name === "append" && state === "ready") learnMessage(known, messageKey(operation), now);
  if (name === "batch") learnBatch(known, cause, idleMilliseconds);
}

function learnMessage(known: Known, key: string, now: number): void {
  if (known.messages.includes(key)) return;
  known.messages.push(key);
  known.lastMessageAt = now;
  known.idleSince = now;
}

/** Updates the model after the object was given the task that an operation has read. */
export function learnTask(known: Known, { readTask }: Cause): void {
  if (known.deletion !== "no" || known.takenTask !== null || readTask === null) return;
  known.takenTask = readTask;
  known.messages.push(taskText(readTask));
}

function learnBatch(known: Known, cause: Cause, idleMilliseconds: number): void {
  const { operation, answers, before } = cause;
  const { kind } = operation;
  if (kind === "delete" && hasBegun(answers)) known.deletion = "final";
  if (kind === "alarm" && before.deletion === "begun") known.deletion = "final";
  if (kind === "alarm" && before.takenTask !== null) known.waitingTask = null;
  cause.readTask = known.waitingTask;
  if (known.deletion === "final") return;

  const at = cause.startedAt;
  if (kind === "create" && (!known.created || known.rowLost)) {
    if (known.rowLost) known.countUnfounded = true;
    Object.assign(known, { created: true, rowLost: false, repository: operation.which });
    known.idleSince = at;
    cause.readTask = known.waitingTask = operation.task;
  }
  if (kind === "alarm") {
    if (known.rowLost) known.repository = known.repositoryOfObject;
    known.rowLost = false;
    if (known.lastMessageAt >= known.archivedAt) known.statuses.add("active");
    if (at - before.idleSince >= idleMilliseconds) known.statuses.add("archived");
  }
  if (known.created && !known.rowLost) learnStatus(known, kind, at);
}

function learnStatus(known: Known, kind: Kind, at: number): void {
  const [status, other] = known.statuses;
  const certain = other ? undefined : status;
  if (kind === "archive") {
    known.archivedAt = at;
    known.statuses = new Set(["archived"]);
  }
  if (kind === "restore") {
    if (certain === "archived") known.idleSince = at;
    known.statuses = new Set(["active"]);
  }
  if (kind === "keep" && certain === "active") known.idleSince = at;
}

/** Updates the model after D1 was restored without the row. */
export function learnLoss(known: Known): void {
  if (known.deletion !== "no") return;
  known.rowLost = known.restored = true;
  known.waitingTask = null;
  known.statuses = new Set(["active"]);
  known.idleSince = 0;
}

/** What D1 and a session's object store of it. */
export interface Seen {
  row: SessionRow | undefined;
  tombstone: Tombstone | undefined;
  events: SessionEvent[];
  task: Task | undefined;
  tables: string[];
  state: StoredState | undefined;
  messages: Message[];
  alarm: number | null;
}

/** @returns what is wrong now, as text; undefined if nothing is */
export function wrongNow(known: Known, seen: Seen, owner: string, ringing: boolean) {
  const { row, tombstone, events, task, tables, state, messages, alarm } = seen;
  const texts = messages.map(({ text }) => text);
  const people = [row, tombstone, state].flatMap((held) => (held ? [held.user_id] : []));
  const gone = !row && tombstone !== undefined;
  return firstOf({
    "row and tombstone at once": Boolean(row && tombstone),
    "a deleted session has a history": tombstone !== undefined && events.length > 0,
    "a task without a row": task !== undefined && !row,
    "in the hands of a stranger": people.some((person) => person !== owner),
    "state without an alarm": state !== undefined && alarm === null && !ringing,
    "the count is not the number of messages": (state?.message_count ?? 0) !== messages.length,
    "a message is there twice": new Set(texts).size !== texts.length,
    "same activity, other count":
      state !== undefined &&
      row?.last_activity === state.last_activity &&
      row.message_count !== state.message_count + untaken(known) &&
      !known.countUnfounded,
    ...(!known.created && { "storage, of a session never created": tables.length > 0 }),
    ...(known.deletion === "no" && {
      "the row is missing": known.created && !known.rowLost && !row,
      "a row, of a session never created": !known.created && row !== undefined,
      "a tombstone, of a session not deleted": tombstone !== undefined,
      "the object is wiped, or never was initialized": known.initialized && !state,
      "the object is initialized without a reason": !known.initialized && tables.length > 0,
      "messages are lost, came from nowhere, or are in another order":
        texts.join() !== known.messages.join(),
      [`${task?.text ?? "no task"} waits in D1`]: task?.text !== waitingText(known),
      [`status ${row?.status}`]: row !== undefined && !known.statuses.has(row.status),
      "the row counts more messages than there are":
        !known.countUnfounded && (row?.message_count ?? 0) > messages.length + untaken(known),
    }),
    ...(known.deletion === "begun" && {
      "wiped before the row is gone": known.initialized && !state && !gone,
    }),
    ...(known.deletion === "final" && { "a deleted session came back": !gone }),
  });
}

/** @returns what is wrong after everything has settled, as text; undefined if nothing is */
export function wrongAfterSettling(
  known: Known,
  { row, tombstone, task, tables, state, messages, alarm }: Seen,
) {
  if (known.deletion !== "no") {
    return firstOf({
      "deletion has not come to its end": !tombstone || row !== undefined,
      "a deleted session has storage": tables.length > 0,
      "a deleted session has an alarm": alarm !== null,
    });
  }
  const sent = messages.filter(({ client_key }) => client_key !== TASK_KEY);
  const lastMessageAt = Math.max(0, ...sent.map(({ created_at }) => created_at));
  return firstOf({
    "the row did not come back": exists(known) && !row,
    "its task is still in D1": Boolean(state) && task !== undefined,
    "the row has not the object's activity":
      Boolean(state) && row?.last_activity !== state?.last_activity,
    "the row has not the object's count":
      Boolean(state) && row?.message_count !== state?.message_count,
    "written into, and still archived":
      row?.status === "archived" && (row.archived_at ?? 0) <= lastMessageAt,
  });
}

function firstOf(problems: Record<string, boolean>): string | undefined {
  return Object.keys(problems).find((problem) => problems[problem]);
}

function waitingText({ waitingTask }: Known): string | undefined {
  return waitingTask === null ? undefined : taskText(waitingTask);
}

/** @returns how many messages the task in D1 will become */
function untaken({ waitingTask, takenTask }: Known): number {
  return waitingTask !== null && takenTask === null ? 1 : 0;
}
