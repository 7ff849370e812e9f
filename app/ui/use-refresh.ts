import { useRevalidator } from "@remix-run/react";
import { useEffect } from "react";

/**
 * Reads the page's data anew, again and again, while somebody looks at it.
 *
 * @param wanted whether there is still something to wait for
 * @param pause between two readings, in milliseconds
 */
export function useRefresh(wanted: boolean, pause: number): void {
  const { revalidate, state } = useRevalidator();
  useEffect(() => {
    if (!wanted || state !== "idle") return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") revalidate();
    }, pause);
    return () => clearInterval(timer);
  }, [wanted, pause, state, revalidate]);
}
