import { useNavigate } from "@remix-run/react";
import type { MouseEvent } from "react";

/**
 * For an element with many plain links in it, which cost nothing to render: one handler for all of them.
 *
 * @returns a click handler that navigates in the client where a plain click on a link of this origin would load a whole
 *   document
 */
export function useClientLinks() {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || !isFollowedHere(event, link, location.origin)) return;
    event.preventDefault();
    // The list changes, or a dialog opens over it, where it stands.
    const overList = link.pathname.startsWith("/dashboard");
    navigate(link.pathname + link.search + link.hash, { preventScrollReset: overList });
  };
}

type Click = Pick<
  MouseEvent,
  "button" | "metaKey" | "ctrlKey" | "shiftKey" | "altKey" | "defaultPrevented"
>;

/** @returns whether a click on a link loads a document of this origin into this tab, which the client can do instead */
export function isFollowedHere(
  click: Click,
  link: Pick<HTMLAnchorElement, "origin" | "target" | "hasAttribute">,
  origin: string,
): boolean {
  const modified = click.metaKey || click.ctrlKey || click.shiftKey || click.altKey;
  const here = link.origin === origin && (link.target === "" || link.target === "_self");
  return (
    here &&
    click.button === 0 &&
    !modified &&
    !click.defaultPrevented &&
    !link.hasAttribute("download")
  );
}
