import { useLocation, useNavigate, type ShouldRevalidateFunction } from "@remix-run/react";
import { useEffect } from "react";
import { isLanding, listPath } from "../../sessions/paths";
import { useStepKey, type SameStep } from "../../ui/hooks/use-step-key";

/** The path that the last landing's URL was replaced by. */
let landedOn: string | undefined;

/**
 * Replaces a URL that leaves the tab open by that of the tab which is shown, without loading the list again: so an open
 * list stays in its tab.
 *
 * @param query the list's, with its tab
 */
export function useNamedTab(query: URLSearchParams): void {
  const { pathname, search } = useLocation();
  const stepKey = useStepKey();
  const navigate = useNavigate();
  useEffect(() => {
    if (!isLanding(new URL(pathname + search, window.location.origin))) return;
    landedOn = listPath(query);
    const state: SameStep = { stepKey };
    navigate(landedOn, { replace: true, preventScrollReset: true, state });
  });
}

/** Loads the list again if its view changes or may have changed; not if a dialog over it is opened or closed. */
export const reloadsList: ShouldRevalidateFunction = ({
  currentUrl,
  nextUrl,
  formMethod,
  defaultShouldRevalidate,
}) => {
  if (formMethod || currentUrl.href === nextUrl.href) return defaultShouldRevalidate;
  if (isLanding(nextUrl)) return true;
  const shown = isLanding(currentUrl) ? landedOn : listPath(currentUrl.searchParams);
  return listPath(nextUrl.searchParams) !== shown;
};
