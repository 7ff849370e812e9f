import type { ShouldRevalidateFunction } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../ui/live-socket";
import { useReadAnew } from "../ui/read-anew";
import { isFinal, parseListMessage } from "./wire";

/** News that come within this time, in milliseconds, are read together. */
const GATHER = 400;

/** How long a list may go without being read anew where it is looked at, in milliseconds. */
const STALE = 5 * 60_000;

/** Reads the list anew whenever it may have changed, as long as somebody looks; what is told is not believed, but read. */
export function useListNews(): Connection {
  const readNow = useReadAnew();
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const missed = useRef(false);
  const readAnew = () => {
    missed.current = document.visibilityState === "hidden";
    if (missed.current) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(readNow, GATHER);
  };

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible" && missed.current) readNow();
      missed.current = false;
    };
    const refresh = setInterval(() => {
      if (document.visibilityState === "visible" && navigator.onLine) readNow();
      else missed.current = true;
    }, STALE);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(refresh);
      clearTimeout(timer.current);
      document.removeEventListener("visibilitychange", look);
    };
  }, [readNow]);

  return useLiveSocket(true, {
    path: () => "/dashboard/live",
    onMessage: (data) => parseListMessage(data) && readAnew(),
    onReconnect: readAnew,
    isFinal,
  });
}

/** A list in the order in which it is shown, though it may have changed. */
interface HeldList<Item> {
  items: Item[];
  /** Of those shown, the ids that are no longer on this page of the list. */
  gone: ReadonlySet<string>;
  /** How many lines would come, go or move; 0 where the list is shown as it is. */
  updates: number;
  /** Shows it as it is. */
  show: () => void;
}

/**
 * Holds a list still under the pointer. A line's own news show at once; what would bring, take away or move lines waits
 * until the person asks for it, or acts.
 *
 * @param loaded the list as it was read last
 * @param acted changes whenever the person acts: where they go, or what they send
 */
export function useHeldList<Item extends { id: string }>(
  loaded: Item[],
  acted: string,
): HeldList<Item> {
  const [held, setHeld] = useState({ loaded, order: loaded, acted });
  let { order } = held;
  if (loaded !== held.loaded || acted !== held.acted) {
    order = acted === held.acted ? renewed(held.order, loaded) : loaded;
    setHeld({ loaded, order, acted });
  }
  const here = new Set(loaded.map(({ id }) => id));
  return {
    items: order,
    gone: new Set(order.map(({ id }) => id).filter((id) => !here.has(id))),
    updates: countMoves(order, loaded),
    show: () => setHeld({ loaded, order: loaded, acted }),
  };
}

/** @returns the lines in their old order, with what is now known of each */
function renewed<Item extends { id: string }>(order: Item[], loaded: Item[]): Item[] {
  const now = new Map(loaded.map((item) => [item.id, item]));
  return order.map((item) => now.get(item.id) ?? item);
}

/** @returns how many lines are in one of two lists only, or stand elsewhere among those that both have */
export function countMoves(order: { id: string }[], loaded: { id: string }[]): number {
  const before = order.map(({ id }) => id);
  const after = loaded.map(({ id }) => id);
  const stay = before.filter((id) => after.includes(id));
  const stayNow = after.filter((id) => before.includes(id));
  const moved = new Set<string>();
  let next = 0;
  for (const id of stayNow) {
    while (moved.has(stay[next] ?? "")) next += 1;
    if (stay[next] === id) next += 1;
    else moved.add(id);
  }
  return before.length - stay.length + (after.length - stay.length) + moved.size;
}

/** For what stands over the list: news of the list are none of its own. */
export const notForNews: ShouldRevalidateFunction = ({
  currentUrl,
  nextUrl,
  formMethod,
  defaultShouldRevalidate,
}) => (formMethod || currentUrl.href !== nextUrl.href ? defaultShouldRevalidate : false);
