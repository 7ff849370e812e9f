import { useNavigate } from "@remix-run/react";
import type { MouseEvent } from "react";

/**
 * One click handler for an element that contains many plain `<a>` links, which render faster than Remix's `<Link>`.
 *
 * @returns a handler that turns clicks on links of this origin into client-side navigations
 */
export function useClientLinks() {
  const navigate = useNavigate();
  return (event: MouseEvent<HTMLElement>) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (!link || !isFollowedHere(event, link, location.origin)) return;
    event.preventDefault();
    // Changes of the list, and dialogs over it, keep the scroll position.
    const overList = link.pathname.startsWith("/dashboard");
    navigate(link.pathname + link.search + link.hash, { preventScrollReset: overList });
  };
}

type Click = Pick<
  MouseEvent,
  "button" | "metaKey" | "ctrlKey" | "shiftKey" | "altKey" | "defaultPrevented"
>;

/**
 * @returns whether a click would load a document of this origin in this tab, so that the client can navigate instead
 */
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
