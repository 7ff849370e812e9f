import { useEffect, useRef } from "react";

/** The actions of single-key shortcuts, by `KeyboardEvent.key`. */
export type Shortcuts = Record<string, () => void>;

/** Keys that repeat while held down: those that move the focus. */
const REPEATED = ["j", "k"];

/**
 * Enables single-key shortcuts while this component is mounted. They do not work while the person types in a field,
 * with a modifier key or under an open dialog, and only `REPEATED` keys repeat while held down.
 */
export function useShortcuts(shortcuts: Shortcuts) {
  const current = useRef(shortcuts);
  useEffect(() => {
    current.current = shortcuts;
  });
  useEffect(() => {
    function press(event: KeyboardEvent) {
      const shortcut = current.current[event.key];
      if (!shortcut || !mayTrigger(event)) return;
      event.preventDefault();
      shortcut();
    }
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}

/** @returns whether a key press may trigger a shortcut */
function mayTrigger(event: KeyboardEvent): boolean {
  const modified = event.ctrlKey || event.metaKey || event.altKey;
  const held = event.repeat && !REPEATED.includes(event.key);
  const typing =
    event.target instanceof HTMLElement &&
    (event.target.isContentEditable ||
      event.target.matches("input:not([type=checkbox]), textarea, select"));
  const under = document.querySelector("dialog[open]") !== null;
  return !event.defaultPrevented && !event.isComposing && !modified && !held && !typing && !under;
}
