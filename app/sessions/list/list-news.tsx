import type { Connection } from "../../ui/hooks/live-socket";
import { ConnectionClosed } from "../connection-closed";

interface ListNewsProps {
  /** How many lines would come, go or move. */
  updates: number;
  onShow: () => void;
  connection: Connection;
}

/**
 * Offers what has changed in the list meanwhile, and says where it cannot be told: over the page, so that nothing moves.
 * The region is there before its words.
 */
export function ListNews({ updates, onShow, connection }: ListNewsProps) {
  function show() {
    onShow();
    // The button goes; the list begins at its heading.
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
