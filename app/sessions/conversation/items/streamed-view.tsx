import { useSyncExternalStore } from "react";
import type { ShownItem } from "../../protocol/item";
import { storedText, tailOf, type StreamedText } from "./streamed-text";
import type { NewText, StreamedTexts } from "./streamed-texts";

const NONE: readonly NewText[] = [];

/** @returns what has come of a text that an agent is writing; renders the component again when more has come */
export function useStreamedText(streamed: StreamedTexts, id: string): StreamedText | undefined {
  return useSyncExternalStore(
    streamed.subscribe,
    () => streamed.find(id),
    () => undefined,
  );
}

/**
 * @param items those that the page shows
 * @returns the texts that an agent is writing and that none of them stores
 */
export function useNewTexts(streamed: StreamedTexts, items: ShownItem[]): readonly NewText[] {
  const begun = useSyncExternalStore(streamed.subscribe, streamed.newTexts, () => NONE);
  if (begun.length === 0) return NONE;
  const stored = new Set(items.map((item) => storedText(item)?.id));
  return begun.filter(({ id }) => !stored.has(id));
}

interface TailProps {
  streamed: StreamedTexts;
  /** The text's name. */
  id: string;
  /** How much of the text is shown before it, in UTF-16 units. */
  after: number;
  /** Whether it continues a paragraph, instead of being one. */
  isInline: boolean;
}

/** What an agent has written behind the stored part of a text, as it was written. */
export function StreamedTail({ streamed, id, after, isInline }: TailProps) {
  const tail = tailOf(useStreamedText(streamed, id), after);
  if (!tail) return null;
  if (!isInline) return <p className="whitespace-pre-wrap">{tail.text.trimStart()}</p>;
  return <span className="whitespace-pre-wrap">{tail.space + tail.text}</span>;
}
