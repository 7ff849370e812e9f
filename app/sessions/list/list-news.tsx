import type { Connection } from "../../ui/hooks/live-socket";
import { ConnectionClosed } from "../connection-closed";

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
