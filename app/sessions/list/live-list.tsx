import { useEffect, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../../ui/hooks/live-socket";
import { throttle, type Throttled } from "../../ui/hooks/throttle";
import { useQueuedRevalidate } from "../../ui/hooks/use-queued-revalidate";
import { ConnectionClosed } from "../connection-closed";
import { isFinal, parseListMessage, type NeedsYou } from "../protocol/live-messages";

/**
 * The throttle of revalidation, in milliseconds: gathers messages for `gather`, and waits at least `every` in between.
 */
const THROTTLE = { gather: 400, every: 1_000 };

/** How often the list is revalidated without any message, in milliseconds. */
const REFRESH_INTERVAL = 5 * 60_000;

/**
 * Revalidates the list when a message says that sessions have changed, after a reconnect and at an interval. While the
 * page is hidden it waits, and revalidates when the page becomes visible.
 *
 * @param onNeedsYou called with how many sessions need the owner, whenever a message says that
 * @returns the state of the live socket
 */
export function useListNews(onNeedsYou: (received: NeedsYou) => void): Connection {
  const revalidate = useQueuedRevalidate();
  const throttledRead = useRef<Throttled>();
  useEffect(() => {
    let missed = false;
    const read = () => {
      missed = document.visibilityState === "hidden";
      if (!missed) revalidate();
    };
    const readMissed = () => missed && read();
    const refresh = setInterval(() => {
      if (navigator.onLine) read();
      else missed = true;
    }, REFRESH_INTERVAL);
    const throttled = throttle(read, THROTTLE);
    throttledRead.current = throttled;
    document.addEventListener("visibilitychange", readMissed);
    return () => {
      clearInterval(refresh);
      throttled.cancel();
      document.removeEventListener("visibilitychange", readMissed);
    };
  }, [revalidate]);

  return useLiveSocket(true, {
    path: () => "/dashboard/live",
    onMessage(data) {
      const message = parseListMessage(data);
      if (!message) return;
      if (message.needsYou) onNeedsYou(message.needsYou);
      throttledRead.current?.call();
    },
    onReconnect: () => throttledRead.current?.call(),
    isFinal,
  });
}

/** A list as it is shown, which may differ from what was loaded last. */
interface HeldList<Item> {
  /** The rows to show. */
  items: Item[];
  /** The ids of shown rows that are no longer on this page of the list. */
  gone: ReadonlySet<string>;
  /** How many rows would be added, removed or moved by `show`. */
  updates: number;
  /** Shows the list as it was loaded last. */
  show: () => void;
}

/**
 * Keeps the rows of a list in place while the user may be about to click one. Changes within a row are shown at once;
 * changes that would add, remove or move rows wait until the user asks for them, navigates or submits a form.
 *
 * @param loaded the list as it was loaded last
 * @param acted any value that changes when the user navigates or submits a form
 */
export function useHeldList<Item extends { id: string }>(
  loaded: Item[],
  acted: string,
): HeldList<Item> {
  const [held, setHeld] = useState({ loaded, order: loaded, acted });
  let { order } = held;
  if (loaded !== held.loaded || acted !== held.acted) {
    order = acted === held.acted ? refreshed(held.order, loaded) : loaded;
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

/** @returns the rows in their old order, each with its newest data */
function refreshed<Item extends { id: string }>(order: Item[], loaded: Item[]): Item[] {
  const now = new Map(loaded.map((item) => [item.id, item]));
  return order.map((item) => now.get(item.id) ?? item);
}

/** @returns how many rows are in only one of two lists, or have another position among the rows that are in both */
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

interface ListNewsProps {
  /** How many rows would be added, removed or moved. */
  updates: number;
  onShow: () => void;
  connection: Connection;
}

/**
 * Shows a button for the list's pending updates, and the connection's status if updates cannot be received. It floats
 * over the page, so that nothing moves. The live region is always rendered: screen readers announce only changes inside
 * one.
 */
export function ListNews({ updates, onShow, connection }: ListNewsProps) {
  function show() {
    onShow();
    // The button that has the focus disappears, so the focus moves to the list's heading.
    document.querySelector<HTMLElement>("main h1")?.focus();
  }
  return (
    <div aria-live="polite" className="list-news">
      {updates > 0 && (
        <button type="button" className="button button-primary" onClick={show}>
          {updates === 1 ? "1 update" : `${updates} updates`}
        </button>
      )}
      {connection.state === "offline" && <p className="panel px-3 py-1">Offline. Reconnecting…</p>}
      {connection.state === "closed" && (
        <p className="panel px-3 py-1">
          <ConnectionClosed {...connection} />
        </p>
      )}
    </div>
  );
}
