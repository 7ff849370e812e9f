import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";
import { useQueuedRevalidate } from "./use-queued-revalidate";

/**
 * Revalidates the page's data repeatedly while the page is visible.
 *
 * @param enabled whether to poll
 * @param pause time between two revalidations, in milliseconds
 */
export function usePolling(enabled: boolean, pause: number): void {
  const isRevalidating = useRevalidator().state !== "idle";
  const revalidate = useQueuedRevalidate();
  useEffect(() => {
    if (!enabled || isRevalidating) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") revalidate();
    }, pause);
    return () => clearInterval(timer);
  }, [enabled, pause, isRevalidating, revalidate]);
}
