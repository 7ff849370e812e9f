/**
 * Random histories of one session's runs: their parts, how they are generated, and their text. Plain data, so that
 * fast-check can shrink it. Processes, runs, requests and messages are named by numbers, which the world takes modulo
 * how many there are.
 */
import fc from "fast-check";

/** What happens to the batch of an alarm, on its way to D1 or back. */
export type BatchFault = "none" | "refused" | "answer lost" | "late" | "stalls" | "answer stalls";

/** How far an act of several steps comes at once; "later": the rest is done by a later "release". */
export type Extent = "whole" | "later" | "first step only";

export type Step =
  | { do: "write" }
  | { do: "withdraw"; message: number }
  | { do: "stop"; run: number }
  | { do: "answer"; request: number; option: "yes" | "no" | "maybe" }
  /** To the laptop, the desktop or nobody. */
  | { do: "move"; to: 0 | 1 | null; extent: Extent }
  | { do: "delete"; extent: "whole" | "first step only" }
  | { do: "disconnect"; computer: 0 | 1; extent: Extent }
  /** A process starts on a computer, beside those that are there. */
  | { do: "start"; computer: 0 | 1 }
  /** A process is killed; the object hears it, or the computer was switched off. */
  | { do: "kill"; process: number; heard: boolean }
  /** A process opens a socket, if it has none; "later": the gate has let it in, and the object gets to know later. */
  | { do: "connect"; process: number; extent: "whole" | "later" }
  /** From now on frames of a process stay on their way, until they are delivered one by one or flow again. */
  | { do: "hold"; process: number; holds: "up" | "down" | "both" }
  | { do: "flow"; process: number }
  | { do: "deliver"; process: number; way: "up" | "down" }
  /** A connection breaks, and one or both sides hear of it. What was on its way up may arrive later. */
  | { do: "cut"; process: number; heard: "runner" | "object" | "both" }
  /** A frame arrives that was on its way when its socket was given up. */
  | { do: "arrive"; which: number }
  | { do: "agent"; process: number; act: "text" | "tool" | "ask" | "end"; outcome: Ending }
  | { do: "wait"; seconds: number; alarms: "ring" | "are late" }
  | { do: "ring"; fault: BatchFault }
  | { do: "release"; which: number }
  /** The object is restarted between two turns. */
  | { do: "abort" };

export type Ending = "done" | "failed" | "refused" | "limit";

export interface Plan {
  /** Whether processes put what was not kept into one frame when they attach again. */
  merges: boolean;
  steps: Step[];
  /** "gone": all computers are switched off for good. */
  ending: "back" | "gone";
}

/** The first most often. */
const some = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3);
const computer = fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const);

const weighted: [number, fc.Arbitrary<Step>][] = [
  [40, fc.record({ do: fc.constant("write") })],
  [5, fc.record({ do: fc.constant("withdraw"), message: some })],
  [8, fc.record({ do: fc.constant("stop"), run: fc.constantFrom(0, 0, 0, 1) })],
  [
    16,
    fc.record({
      do: fc.constant("answer"),
      request: some,
      option: fc.constantFrom("yes", "no", "no", "maybe"),
    }),
  ],
  [
    5,
    fc.record({
      do: fc.constant("move"),
      to: fc.constantFrom(0, 1, 1, null),
      extent: fc.constantFrom("whole", "later", "first step only"),
    }),
  ],
  [
    1,
    fc.record({ do: fc.constant("delete"), extent: fc.constantFrom("whole", "first step only") }),
  ],
  [
    1,
    fc.record({
      do: fc.constant("disconnect"),
      computer,
      extent: fc.constantFrom("whole", "later", "first step only"),
    }),
  ],
  [4, fc.record({ do: fc.constant("start"), computer })],
  [5, fc.record({ do: fc.constant("kill"), process: some, heard: fc.boolean() })],
  [
    14,
    fc.record({
      do: fc.constant("connect"),
      process: some,
      extent: fc.constantFrom("whole", "whole", "later"),
    }),
  ],
  [
    8,
    fc.record({
      do: fc.constant("hold"),
      process: some,
      holds: fc.constantFrom("up", "down", "both"),
    }),
  ],
  [10, fc.record({ do: fc.constant("flow"), process: some })],
  [
    16,
    fc.record({
      do: fc.constant("deliver"),
      process: some,
      way: fc.constantFrom("up", "down"),
    }),
  ],
  [
    10,
    fc.record({
      do: fc.constant("cut"),
      process: some,
      heard: fc.constantFrom("runner", "object", "both"),
    }),
  ],
  [8, fc.record({ do: fc.constant("arrive"), which: some })],
  [
    60,
    fc.record({
      do: fc.constant("agent"),
      process: some,
      act: fc.constantFrom(
        "text",
        "text",
        "text",
        "tool",
        "tool",
        "ask",
        "ask",
        "ask",
        "end",
        "end",
      ),
      outcome: fc.constantFrom("done", "done", "failed", "refused", "limit"),
    }),
  ],
  [
    14,
    fc.record({
      do: fc.constant("wait"),
      seconds: fc.constantFrom(1, 12, 61, 61, 600),
      alarms: fc.constantFrom("ring", "ring", "are late"),
    }),
  ],
  [
    14,
    fc.record({
      do: fc.constant("ring"),
      fault: fc.constantFrom("none", "refused", "answer lost", "late", "stalls", "answer stalls"),
    }),
  ],
  [12, fc.record({ do: fc.constant("release"), which: some })],
  [4, fc.constant({ do: "abort" })],
] as [number, fc.Arbitrary<Step>][];

const step = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));

export const plan: fc.Arbitrary<Plan> = fc.record({
  merges: fc.boolean(),
  steps: fc.array(step, { minLength: 8, maxLength: 60, size: "max" }),
  ending: fc.constantFrom("back", "back", "gone"),
});

const rest = (extent: Extent | "whole" | "later") =>
  ({ whole: "", later: " (the rest comes later)", "first step only": " (the rest never comes)" })[
    extent
  ];

/** @returns a step as text */
export function wordsOf(step: Step): string {
  switch (step.do) {
    case "write":
      return "the owner writes a message";
    case "withdraw":
      return `the owner takes back message ${step.message} of those that wait`;
    case "stop":
      return `the owner stops run ${step.run}, counted from the newest`;
    case "answer":
      return `the owner answers “${step.option}” to request ${step.request}, the newest open one first`;
    case "move":
      return `the owner moves the session to ${nameOf(step.to)}${rest(step.extent)}`;
    case "delete":
      return `the owner deletes the session${rest(step.extent)}`;
    case "disconnect":
      return `the owner disconnects the ${nameOf(step.computer)}${rest(step.extent)}`;
    case "start":
      return `a process starts on the ${nameOf(step.computer)}`;
    case "kill":
      return `process ${step.process} dies${step.heard ? "" : ", and nobody hears it"}`;
    case "connect":
      return `process ${step.process} connects${rest(step.extent)}`;
    case "hold":
      return `the connection of process ${step.process} holds back what goes ${
        step.holds === "both" ? "up and down" : step.holds
      }`;
    case "flow":
      return `the connection of process ${step.process} flows`;
    case "deliver":
      return `the connection of process ${step.process} delivers one frame ${step.way}`;
    case "cut":
      return `the connection of process ${step.process} breaks, which ${
        step.heard === "both" ? "both sides hear" : `the ${step.heard} hears`
      }`;
    case "arrive":
      return `a late frame arrives (${step.which})`;
    case "agent": {
      const ends = step.act === "end" ? ` (${step.outcome})` : "";
      return `the agent of process ${step.process}: ${step.act}${ends}`;
    }
    case "wait":
      return `${step.seconds} s pass, and alarms ${step.alarms}`;
    case "ring":
      return `the alarm rings; its batch: ${step.fault}`;
    case "release":
      return `what stalled is released (${step.which})`;
    case "abort":
      return "the object is restarted";
  }
}

/** @returns the name of a computer */
export function nameOf(computer: 0 | 1 | null): string {
  return computer === null ? "nobody" : ["laptop", "desktop"][computer]!;
}
