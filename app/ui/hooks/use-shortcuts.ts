import { useEffect, useRef } from "react";

/** What single keys do on a page, by what they type. */
export type Shortcuts = Record<string, () => void>;

/** Keys whose being held down repeats them. */
const REPEATED = ["j", "k"];

/**
 * Lets single keys do something while this component is there: never while somebody types, never with a modifier, never
 * under an open dialog, and, but for moving, never again and again while a key is held down.
 */
export function useShortcuts(shortcuts: Shortcuts) {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    function press(event: KeyboardEvent) {
      const shortcut = current.current[event.key];
      if (!shortcut || !isFree(event)) return;
      event.preventDefault();
      shortcut();
    }
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

function isFree(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  const held = event.repeat && !REPEATED.includes(event.key);
  const typing =
    event.target instanceof HTMLElement &&
    (event.target.isContentEditable ||
      event.target.matches("input:not([type=checkbox]), textarea, select"));
  const under = document.querySelector("dialog[open]") !== null;
  return !event.defaultPrevented && !event.isComposing && !modified && !held && !typing && !under;
}
