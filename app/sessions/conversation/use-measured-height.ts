import { useEffect, type RefObject } from "react";
import { isAtEnd } from "../../ui/scroll-anchor";
import { END_ID } from "./live-session";

/**
 * Keeps an element's height in a custom property of the document, for the styles of what it covers; and a person who reads
 * at the end of the conversation there when it grows.
 */
export function useMeasuredHeight(
  element: RefObject<HTMLElement | null>,
  property: `--${string}`,
): void {
  useEffect(() => {
    const { style } = document.documentElement;
    // Unknown until it was laid out, unless it is empty: opening a page scrolls nothing.
    let known = element.current?.offsetHeight === 0 ? 0 : undefined;
    const observer = new ResizeObserver(() => {
      const end = document.getElementById(END_ID);
      const height = element.current?.offsetHeight ?? 0;
      const stay = known !== undefined && known !== height && isAtEnd(end); // with the height before
      known = height;
      style.setProperty(property, `${height}px`);
      if (stay) end?.scrollIntoView({ block: "nearest" });
    });
    if (element.current) observer.observe(element.current);
    return () => {
      observer.disconnect();
      style.removeProperty(property);
    };
  }, [element, property]);
}
