import { useSyncExternalStore } from "react";

/** @returns whether the page is hydrated: false on the server and during hydration */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  );
}
