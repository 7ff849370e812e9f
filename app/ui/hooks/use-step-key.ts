import { useLocation } from "@remix-run/react";

/** The state of a location that only corrects the URL of the page: it belongs to the step before it. */
export interface SameStep {
  /** The key of the location that it replaced. */
  stepKey: string;
}

/** @returns a key of the navigation that led to the page: it stays if only the page's URL was corrected since */
export function useStepKey(): string {
  const location = useLocation();
  return (location.state as SameStep | null)?.stepKey ?? location.key;
}
