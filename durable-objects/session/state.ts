import type { Answered, SessionMetadata } from "../../app/sessions/protocol/session";

/** The one row of the table `state`, with how many tokens there are. */
export type State = SessionMetadata &
  Answered & {
    /** A random id of this initialization: differs after the object was wiped and initialized again. */
    generation: string;
    /** 1 once the deletion has begun; never 0 again. */
    deleting: 0 | 1;
    /** The time that the alarm was last set to, epoch milliseconds. */
    alarm_at: number;
    /** The newest message of the owner that was handed to a run; 0: none. */
    handled: number;
    /** The number of the newest change of an item. */
    seq: number;
    /** How many frames of the newest run are stored. */
    run_seq: number;
  };
