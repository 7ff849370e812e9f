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
    let known = element.current?.offsetHeight === 0;
    const observer = new ResizeObserver(() => {
      const end = document.getElementById(END_ID);
      const stay = known && isAtEnd(end); // with the height before; opening a page scrolls nothing
      known = true;
      style.setProperty(property, `${element.current?.offsetHeight}px`);
      if (stay) end?.scrollIntoView({ block: "nearest" });
    });
    if (element.current) observer.observe(element.current);
    return () => {
      observer.disconnect();
      style.removeProperty(property);
    };
  }, [element, property]);
}
