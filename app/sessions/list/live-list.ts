import { useEffect, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../../ui/hooks/live-socket";
import { throttle, type Throttled } from "../../ui/hooks/throttle";
import { useQueuedRevalidate } from "../../ui/hooks/use-queued-revalidate";
import { isFinal, parseListMessage } from "../protocol/live-messages";

/** How news are read, in milliseconds: those that come within `gather` together, and no sooner than `every` after the last. */
const NEWS = { gather: 400, every: 1_000 };

/** How long a list may go without being read anew where it is looked at, in milliseconds. */
const STALE = 5 * 60_000;

/** Reads the list again whenever it may have changed, as long as somebody looks; what is told is not believed, but read. */
export function useListNews(): Connection {
  const readNow = useQueuedRevalidate();
  const news = useRef<Throttled>();
  useEffect(() => {
    let missed = false;
    const read = () => {
      missed = document.visibilityState === "hidden";
      if (!missed) readNow();
    };
    const look = () => missed && read();
    const refresh = setInterval(() => {
      if (navigator.onLine) read();
      else missed = true;
    }, STALE);
    const throttled = throttle(read, NEWS);
    news.current = throttled;
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(refresh);
      throttled.cancel();
      document.removeEventListener("visibilitychange", look);
    };
  }, [readNow]);

  return useLiveSocket(true, {
    path: () => "/dashboard/live",
    onMessage: (data) => parseListMessage(data) && news.current?.call(),
    onReconnect: () => news.current?.call(),
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
