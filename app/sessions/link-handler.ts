import { useNavigate } from "@remix-run/react";
import type { MouseEvent } from "react";

/**
 * For an element with many plain links in it, which cost nothing to render: one handler for all of them.
 *
 * @returns a click handler that navigates in the client where a plain click on a link of this origin would load a whole
 *   document
 */
export function useLinkHandler() {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const link = event.target instanceof Element && event.target.closest("a");
    const modified = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (!link || modified || event.button !== 0) return;
    event.preventDefault();
    // The list changes, or a dialog opens over it, where it stands.
    const overList = link.pathname.startsWith("/dashboard");
    navigate(link.pathname + link.search, { preventScrollReset: overList });
  };
}
