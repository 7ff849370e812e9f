/** The number of sessions that need the owner, at the beginning of every page's title. */
import { useLocation } from "@remix-run/react";
import { useCallback, useEffect, useState } from "react";
import type { NeedsYou } from "./protocol/live-messages";

/**
 * @param name what the page shows
 * @param matches the page's routes: the data of one of them has the number as `needsYou`
 * @returns the title of the document, such as "(3) Sessions · Ship"
 */
export function documentTitle(name: string, matches: { data?: unknown }[]): string {
  const counts = matches.map(({ data }) => (data as { needsYou?: number } | undefined)?.needsYou);
  return `${prefix(counts.find((count) => count !== undefined) ?? 0)}${name} · Ship`;
}

function prefix(count: number): string {
  return count === 0 ? "" : `(${count}) `;
}

/** The title as it was last corrected, with its number. */
let corrected = { title: "", count: 0 };

/**
 * Keeps the number in the document's title right while the page is open, also if the tab is in the background.
 *
 * @param count as it was loaded
 * @param at when it was loaded, epoch milliseconds
 * @returns a function that takes a number received since
 */
export function useNeedsYouTitle(count: number, at: number): (received: NeedsYou) => void {
  const [received, setReceived] = useState<NeedsYou>({ count, at });
  const current = received.at > at ? received.count : count;
  const { key } = useLocation();
  useEffect(() => {
    // Remix writes the title, with the loaded number, if the page or that number has changed.
    const shown = document.title === corrected.title ? corrected.count : count;
    const name = document.title.slice(prefix(shown).length);
    document.title = `${prefix(current)}${name}`;
    corrected = { title: document.title, count: current };
  }, [current, count, at, key]);
  return useCallback((newer: NeedsYou) => {
    setReceived((known) => (newer.at > known.at ? newer : known));
  }, []);
}
