/**
 * Random sequences: their parts, how they are generated, and their text. Plain data, so that fast-check can shrink it.
 */
import fc from "fast-check";
import type {
  Repository,
  SessionStatus,
  StatusChange,
} from "../../../app/sessions/protocol/session";

/** What happens to one call of an operation on its way to D1 or to the object, and to its caller. */
export interface Fault {
  /** The index of the operation's call, from 0; ignored if the operation makes fewer. */
  call: number;
  /** "late": at a later "release" step. */
  lands: "now" | "late" | "never";
  /** "told": the caller gets an error; "gone": the caller is dead; "waits": it waits until a later "release" step. */
  caller: "told" | "gone" | "waits";
}

export type Kind = "create" | "append" | StatusChange | "delete" | "alarm";

/** An action of a person on a session, or a run of its object's alarm. */
export interface Operation {
  kind: Kind;
  session: number;
  /** A stranger knows the session's id and its form's key. */
  by: "owner" | "stranger";
  /** Which repository is chosen, or which message is sent. */
  which: number;
  /** Which task a session is created with; null: none. */
  task: number | null;
  fault: Fault | null;
}

export type Step =
  /** Operations that run at once; `order` is the order of their calls. One that stalls is left waiting. */
  | { do: "run"; operations: Operation[]; order: number[] }
  /** A stalled call lands, or a stalled response arrives. */
  | { do: "release"; which: number }
  | { do: "wait"; milliseconds: number }
  /** All objects are aborted between two turns, including alarms that wait for D1. */
  | { do: "abort" }
  /** D1 is restored to a time before the session was created. */
  | { do: "lose row"; session: number };

/** What exists of a session at the beginning; its task, if it has one, waits in D1. */
export type Beginning =
  | { there: "nothing" }
  /** `count`: how many messages the row has that the object lacks, apart from the task. */
  | { there: "row"; status: SessionStatus; count: number; task: number | null }
  | { there: "object" }
  /** The object was initialized by the app of before, which knew no tasks. */
  | { there: "both"; task: number };

export interface Plan {
  sessions: Beginning[];
  steps: Step[];
}

const REPOSITORIES = [
  { owner: "remix-run", name: "remix" },
  { owner: "remix-run", name: "history" },
] as const;

export function repositoryOf(which: number): Repository {
  return REPOSITORIES[which % REPOSITORIES.length]!;
}

/** @returns the idempotency key, which is also the text, of the message that an operation sends */
export function messageKey({ by, which }: Operation): string {
  return `message ${which} of ${by}`;
}

/** @returns how many messages the row counts at the beginning */
export function countOf(beginning: Beginning): number {
  const { count, task } = { count: 0, task: null, ...beginning };
  return count + (task === null ? 0 : 1);
}

/** @returns the text of a task */
export function taskText(which: number): string {
  return `task ${which}`;
}

/** How many calls an operation makes at most. */
const CALLS: Record<Kind, number> = {
  create: 2,
  append: 4,
  archive: 1,
  restore: 1,
  keep: 1,
  delete: 5,
  alarm: 1,
};

const fault = (kind: Kind): fc.Arbitrary<Fault> =>
  fc.record({
    call: fc.nat(CALLS[kind] - 1),
    lands: fc.constantFrom("now", "late", "never"),
    caller: fc.constantFrom("told", "gone", "waits"),
  });

const session = fc.constantFrom(0, 0, 0, 1);

const BY = ["owner", "owner", "owner", "owner", "owner", "stranger"] as const;

const operation: fc.Arbitrary<Operation> = fc
  .constantFrom<Kind[]>(
    ...(["create", "create", "append", "append", "append", "delete", "delete"] as const),
    ...(["alarm", "alarm", "alarm", "archive", "restore", "keep"] as const),
  )
  .chain((kind) =>
    fc.record({
      kind: fc.constant(kind),
      session,
      by: kind === "alarm" ? fc.constant("owner") : fc.constantFrom(...BY),
      which: fc.constantFrom(0, 0, 1),
      task: kind === "create" ? fc.constantFrom(0, 0, 0, 1, null) : fc.constant(null),
      fault: fc.option(fault(kind), { freq: 2 }),
    }),
  );

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: run(1, 1) },
  { weight: 3, arbitrary: run(2, 3) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("release"), which: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait"),
      milliseconds: fc.constantFrom(1, 10_000, 3 * 60 * 60_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "abort" }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose row"), session }) },
);

function run(fewest: number, most: number): fc.Arbitrary<Step> {
  return fc.record({
    do: fc.constant("run"),
    operations: fc.array(operation, { minLength: fewest, maxLength: most }),
    order: fc.array(fc.nat(5), { maxLength: most === 1 ? 0 : 12 }),
  });
}

const beginning: fc.Arbitrary<Beginning> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ there: "nothing" }) },
  {
    weight: 1,
    arbitrary: fc.record({
      there: fc.constant("row"),
      status: fc.constantFrom("active", "archived"),
      count: fc.constantFrom(0, 3),
      task: fc.constantFrom(0, null),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ there: "object" }) },
  { weight: 1, arbitrary: fc.constant({ there: "both", task: 0 }) },
);

export const plan: fc.Arbitrary<Plan> = fc.record({
  sessions: fc.array(beginning, { minLength: 2, maxLength: 2 }),
  steps: fc.array(step, { minLength: 1, maxLength: 14, size: "max" }),
});

const LANDS = { now: "lands", late: "lands late", never: "never lands" };
const CALLER = {
  told: "the caller is told it failed",
  gone: "the caller is gone",
  waits: "the caller waits",
};

/** @returns an operation as text, such as "owner deletes session 0 (call 1 lands late, the caller is gone)" */
export function wordsOf({ kind, session, by, which, task, fault }: Operation): string {
  const actor = kind === "alarm" ? "object" : by;
  const details = {
    create: ` (${which}, ${task === null ? "no task" : taskText(task)})`,
    append: ` (${which})`,
  };
  const detail = kind === "create" || kind === "append" ? details[kind] : "";
  const mishap = fault ? `; call ${fault.call} ${LANDS[fault.lands]}, ${CALLER[fault.caller]}` : "";
  return `${actor}: ${kind}${detail} session ${session}${mishap}`;
}
