/** A run: what an agent does for one message of the owner, carried out by a runner. */

/** How a runner ends a run. */
export type RunEnd = "done" | "failed" | "stopped" | "refused" | "limit";

/** How a run has ended; `interrupted` if its runner cannot go on with it. */
export type RunOutcome = RunEnd | "interrupted";

/** A piece of a text that an agent is writing. */
export interface Delta {
  run: string;
  /** Of the item that the text is stored in. */
  key: string;
  kind: "message" | "thought";
  /** How much of the text comes before it, in UTF-16 units. */
  at: number;
  text: string;
}

/** A run as pages show it. */
export interface RunReport {
  /** The run that is running; null if none is. */
  running: { id: string; isStopping: boolean } | null;
  /** The newest message that was handed to a run; later ones of the owner wait. Null if no runner works here. */
  handled: number | null;
}

/**
 * @param received may be older than what is known, if both were on their way at the same time
 * @returns the later of the two; the same object if that is the known one
 */
export function laterRuns(known: RunReport, received: RunReport): RunReport {
  // With another runner, numbers begin again; that is rare, and what comes next is right again.
  if (known.handled === null || received.handled === null) return received;
  if (known.handled !== received.handled)
    return known.handled > received.handled ? known : received;
  return stageOf(known) > stageOf(received) ? known : received;
}

/** @returns how far the run of the newest message that was handed over is */
function stageOf({ running }: RunReport): number {
  if (!running) return 2;
  return running.isStopping ? 1 : 0;
}
