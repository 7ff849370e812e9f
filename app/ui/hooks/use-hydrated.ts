import { useSyncExternalStore } from "react";

/** @returns whether JavaScript runs here: false on the server and until the page has come alive */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  );
}
