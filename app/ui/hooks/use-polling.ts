import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";
import { useQueuedRevalidate } from "./use-queued-revalidate";

/**
 * Reads the page's data anew, again and again, while somebody looks at it.
 *
 * @param wanted whether there is still something to wait for
 * @param pause between two readings, in milliseconds
 */
export function usePolling(wanted: boolean, pause: number): void {
  const reading = useRevalidator().state !== "idle";
  const readAnew = useQueuedRevalidate();
  useEffect(() => {
    if (!wanted || reading) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") readAnew();
    }, pause);
    return () => clearInterval(timer);
  }, [wanted, pause, reading, readAnew]);
}
