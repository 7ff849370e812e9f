import { useNavigation, useRevalidator } from "@remix-run/react";
import { useCallback, useEffect, useRef } from "react";

/**
 * Reads the page's data anew, but not in the middle of what the person does: Remix would begin to load their next page
 * once more, and the message that came with it the first time, which is told only once, would be lost with its Undo. Nor
 * in the middle of another reading, which Remix would cut off: asked often enough, a slow one would never end.
 *
 * @returns a function that does it now, or when what is under way has ended
 */
export function useQueuedRevalidate(): () => void {
  const { revalidate, state: reading } = useRevalidator();
  const { state: going } = useNavigation();
  const isBusy = going !== "idle" || reading !== "idle";
  const busy = useRef(false);
  const wanted = useRef(false);
  useEffect(() => {
    busy.current = isBusy;
    if (isBusy || !wanted.current) return;
    wanted.current = false;
    revalidate();
  }, [isBusy, revalidate]);
  return useCallback(() => {
    if (busy.current) wanted.current = true;
    else revalidate();
  }, [revalidate]);
}
