/**
 * What a runner and a session's object say to each other on the runner's socket (`GET /runner/sessions/:id/live`): texts
 * of JSON, in order. docs/decisions/0010 has the rules. Times are epoch milliseconds.
 */
import type { NewItem } from "./object-answers";
import { CLOSED } from "./live-messages";
import type { Delta, RunEnd } from "./run";

/** The maximum of one frame, in bytes of UTF-8. */
export const FRAME_BYTES = 256 * 1024;

/** The maximum of frames that a runner may send on one socket within a second. */
export const FRAMES_PER_SECOND = 500;

/** The maximum of a run's id, an instance's id and an item's key, in characters. */
export const FRAME_NAME = 200;

/** A text that an agent is still writing, as far as it is written. */
export interface RunText {
  kind: "message";
  text: string;
}

/** An item, or what has changed of the one that this run has sent with the same key. */
export interface RunItem {
  /** Unique within the run. */
  key: string;
  item: NewItem | RunText;
}

/** What a run says of the session as a whole: the last value counts. */
export interface RunFields {
  title?: string | undefined;
  /** The id of the session that the agent itself keeps, so that it can go on with it later. */
  acpSession?: string | undefined;
}

/** What a runner sends. Nothing before it got `attached` but `attach`. */
export type RunnerFrame =
  /** The first frame. @param run the run that the runner holds, begun or still asked for */
  | { type: "attach"; instance: string; run?: string | undefined }
  /** Asks for a run for the message with the id `turn`, which must be the oldest that waits. */
  | { type: "begin"; turn: number; run: string }
  /** What has happened in the run; `seq` counts its frames from 1. */
  | {
      type: "items";
      run: string;
      seq: number;
      items: RunItem[];
      fields?: RunFields | undefined;
    }
  /** The last frame of a run, counted as those with items are. */
  | { type: "end"; run: string; seq: number; outcome: RunEnd }
  /** A piece of a text, for open pages; it is not stored. */
  | ({ type: "delta" } & Delta);

/** A message of the owner that waits for a run. */
export interface QueuedMessage {
  id: number;
  author: string;
  text: string;
  created_at: number;
}

/** What a session's object sends to the runner's linked socket. */
export type ObjectFrame =
  /** The answer to `attach`. */
  | {
      type: "attached";
      /** The newest message that was handed to a run; 0: none was. */
      handled: number;
      /** The messages that wait, oldest first; more follow when these were handed over. */
      messages: QueuedMessage[];
      /** The last run of the session; `seq` is that of its last frame that is kept. */
      run?: { id: string; state: "running" | "ended"; seq: number; stop: boolean } | undefined;
      /** What the owner has answered in that run. */
      answers: { key: string; option: string }[];
      acpSession: string | null;
    }
  | { type: "begun"; run: string }
  /** All frames of the run up to this one are stored. */
  | { type: "kept"; run: string; seq: number }
  | { type: "messages"; messages: QueuedMessage[] }
  /** The owner has taken back a message that waited. */
  | { type: "withdrawn"; message: number }
  | { type: "answer"; run: string; key: string; option: string }
  | { type: "stop"; run: string };

/** The close codes and reasons of runners' sockets. */
export const RUNNER_CLOSED = {
  /** Replaced by a newer socket of the same process, or silent for too long. */
  gone: { code: 1000, reason: "Another socket has taken its place, or nothing was heard on it." },
  binary: { code: 1003, reason: "Frames are texts of JSON." },
  tooMany: { code: 1008, reason: `More than ${FRAMES_PER_SECOND} frames within a second.` },
  tooLarge: { code: 1009, reason: "A frame has at most 256 KiB." },
  empty: { code: 1011, reason: "Nothing is stored here: open it again." },
  /** Final: the runner ends the agent and forgets the run. */
  revoked: { code: 4003, reason: "This runner was disconnected." },
  deleted: CLOSED.deleted,
  unexpected: { code: 4008, reason: "This is not what is expected now: attach again." },
  /** Final, as `revoked`. */
  moved: { code: 4009, reason: "This session was given to another runner." },
  /** Final: the process leaves the session for good. */
  replaced: { code: 4010, reason: "Another process of this runner has taken its place." },
} as const;
