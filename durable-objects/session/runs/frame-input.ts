import * as z from "zod/mini";
import { MESSAGE_BYTES, utf8Bytes } from "../../../app/sessions/protocol/budgets";
import {
  FRAME_BYTES,
  FRAME_NAME,
  RUNNER_CLOSED,
  type RunnerFrame,
} from "../../../app/sessions/protocol/run-frames";
import { itemInput } from "../../../app/sessions/item-input.server";
import { titleInput } from "../../../app/sessions/session-input.server";

/** The most items in one frame. */
const FRAME_ITEMS = 200;

const name = z.string().check(z.minLength(1), z.maxLength(FRAME_NAME));
const count = z.number().check(z.int(), z.gte(0));

const runItem = z.object({
  key: name,
  item: z.union([itemInput, z.object({ kind: z.literal("message"), text: z.string() })]),
});

const fields = z.object({
  title: z.optional(titleInput("A title is text.").check(z.minLength(1))),
  acpSession: z.optional(name),
});

const frameInput = z.discriminatedUnion("type", [
  z.object({ type: z.literal("attach"), instance: name, run: z.optional(name) }),
  z.object({ type: z.literal("begin"), turn: count, run: name }),
  z.object({
    type: z.literal("items"),
    run: name,
    seq: count,
    items: z.array(runItem).check(z.maxLength(FRAME_ITEMS)),
    fields: z.optional(fields),
  }),
  z.object({
    type: z.literal("end"),
    run: name,
    seq: count,
    outcome: z.enum(["done", "failed", "stopped", "refused", "limit"]),
  }),
  z.object({
    type: z.literal("delta"),
    run: name,
    key: name,
    kind: z.enum(["message", "thought"]),
    at: count,
    text: z.string().check(z.maxLength(MESSAGE_BYTES)),
  }),
]);

/** How a socket is closed. */
export interface Close {
  code: number;
  reason: string;
}

/**
 * Reads a frame of a runner.
 *
 * @param data as it was received
 * @returns the frame; or how the socket must be closed, because it is none
 */
export function readFrame(data: string | ArrayBuffer): { frame: RunnerFrame } | { close: Close } {
  if (typeof data !== "string") return { close: RUNNER_CLOSED.binary };
  // A text has at least as many bytes as UTF-16 units; counting them costs more.
  if (data.length > FRAME_BYTES || utf8Bytes(data) > FRAME_BYTES) {
    return { close: RUNNER_CLOSED.tooLarge };
  }
  const checked = frameInput.safeParse(parse(data));
  return checked.success ? { frame: checked.data } : { close: RUNNER_CLOSED.unexpected };
}

/** @returns undefined if it is no JSON, or nested deeper than the parser reaches */
function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
