import { useNavigation, useRevalidator } from "@remix-run/react";
import { useCallback, useEffect, useRef } from "react";

/**
 * Revalidates the page's data, but not during a navigation or another revalidation.
 *
 * - During a navigation, Remix would load the next page a second time, and its flash message, which is sent only once,
 *   would be lost.
 * - Remix aborts a revalidation that is under way, so with frequent calls a slow one would never finish.
 *
 * @returns a function that revalidates at once, or as soon as Remix is idle
 */
export function useQueuedRevalidate(): () => void {
  const { revalidate, state: revalidation } = useRevalidator();
  const { state: navigation } = useNavigation();
  const isBusy = navigation !== "idle" || revalidation !== "idle";
  const busy = useRef(false);
  const queued = useRef(false);
  useEffect(() => {
    busy.current = isBusy;
    if (isBusy || !queued.current) return;
    queued.current = false;
    revalidate();
  }, [isBusy, revalidate]);
  return useCallback(() => {
    if (busy.current) queued.current = true;
    else revalidate();
  }, [revalidate]);
}
