import { useEffect, useRef } from "react";

/**
 * @param places the ids of elements, the best one first
 * @returns a function to call when a button here is pressed: the first element that exists then gets the focus of the
 *   button, once this is not shown any more
 */
export function useFocusOnEnd(...places: string[]): () => void {
  const isPressed = useRef(false);
  const targets = useRef(places);
  useEffect(() => {
    targets.current = places;
  });
  useEffect(
    () => () => {
      if (!isPressed.current || document.activeElement !== document.body) return;
      const found = targets.current.flatMap((id) => document.getElementById(id) ?? []);
      found[0]?.focus({ preventScroll: true });
    },
    [],
  );
  return () => (isPressed.current = true);
}
