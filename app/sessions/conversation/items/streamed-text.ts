/**
 * A text that an agent is writing, as an open page has it: what is stored, and the pieces that came behind that. No React.
 * Lengths and places are in UTF-16 units.
 */
import { isCut, type ShownItem } from "../../protocol/item";
import { isOfRun, runMessageKey } from "../../protocol/message";
import type { Delta } from "../../protocol/run";

/** What has come of a text. */
export interface StreamedText {
  /** The number of the newest change of the item that it is stored in; 0 while there is none. */
  seq: number;
  /** How much of it is stored; infinite if it was cut, so that nothing comes behind it. */
  stored: number;
  /** Pieces of it without a gap, up to the newest one; the first ones may be stored. */
  pieces: string;
  /** Where the pieces begin; never behind `stored`. */
  from: number;
}

const NOTHING: StreamedText = { seq: 0, stored: 0, pieces: "", from: 0 };

/**
 * Appends a piece, if it begins where the text ends. Another one lies before it, or leaves a gap: then the text waits for
 * its item.
 *
 * @param known undefined if nothing of the text has come
 * @returns the same object if the piece is not appended
 */
export function withDelta(known: StreamedText | undefined, { at, text }: Delta): StreamedText {
  const before = known ?? NOTHING;
  if (at !== before.from + before.pieces.length) return before;
  return { ...before, pieces: before.pieces + text };
}

/**
 * Notes what is stored of a text now. Pieces that were stored before are forgotten; those that this change has stored are
 * kept, because a page may show the item as it was for a moment longer.
 *
 * @param seq the number of the change; an older one than is known changes nothing
 * @param length how much is stored
 */
export function withStored(
  known: StreamedText | undefined,
  seq: number,
  length: number,
): StreamedText {
  if (known && seq <= known.seq) return known;
  const { stored, pieces, from } = known ?? NOTHING;
  if (length < from || length > from + pieces.length)
    return { seq, stored: length, pieces: "", from: length };
  const kept = Math.min(stored, length);
  return { seq, stored: length, pieces: pieces.slice(kept - from), from: kept };
}

/** What comes behind the stored part of a text. */
interface Tail {
  /** The white space that the stored part ends with, as far as it is known: Markdown does not show it. */
  space: string;
  text: string;
}

/**
 * @param length how much of the text is stored in the item that is shown
 * @returns undefined if nothing is known to come behind it
 */
export function tailOf(known: StreamedText | undefined, length: number): Tail | undefined {
  if (!known || length < known.from) return undefined;
  const text = known.pieces.slice(length - known.from);
  if (text === "") return undefined;
  const before = known.pieces.slice(0, length - known.from);
  return { space: before.slice(before.trimEnd().length), text };
}

/** @returns the name of a text, unique in a session */
export function textId({ kind, run, key }: Pick<Delta, "kind" | "run" | "key">): string {
  return `${kind} ${runMessageKey(run, key)}`;
}

/** @returns whether this is the name of a text of this run */
export function isTextOf(id: string, run: string): boolean {
  return (
    id.startsWith(textId({ kind: "message", run, key: "" })) ||
    id.startsWith(textId({ kind: "thought", run, key: "" }))
  );
}

/** @returns the name of the text of a run that an item stores, and how much of it; undefined if it stores none */
export function storedText(item: ShownItem): { id: string; length: number } | undefined {
  if ("message" in item) {
    const { client_key, length = Infinity } = item.message;
    return isOfRun(client_key) ? { id: `message ${client_key}`, length } : undefined;
  }
  const { run, key, body } = item;
  if (body.kind !== "thought" || run === null || key === null) return undefined;
  const length = isCut(body.text) ? Infinity : body.text.length;
  return { id: textId({ kind: "thought", run, key }), length };
}
