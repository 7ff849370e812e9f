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
