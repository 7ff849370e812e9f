import { useNavigation, useRevalidator } from "@remix-run/react";
import { useCallback, useEffect, useRef } from "react";

/**
 * Reads the page's data anew, but not in the middle of what the person does: Remix would begin to load their next page
 * once more, and the message that came with it the first time, which is told only once, would be lost with its Undo.
 *
 * @returns a function that does it now, or when they have got where they go
 */
export function useReadAnew(): () => void {
  const { revalidate } = useRevalidator();
  const { state } = useNavigation();
  const underWay = useRef(false);
  const wanted = useRef(false);
  useEffect(() => {
    underWay.current = state !== "idle";
    if (underWay.current || !wanted.current) return;
    wanted.current = false;
    revalidate();
  }, [state, revalidate]);
  return useCallback(() => {
    if (underWay.current) wanted.current = true;
    else revalidate();
  }, [revalidate]);
}
