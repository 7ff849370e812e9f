import { useEffect, useRef, useState, type MouseEvent } from "react";
import { numberText } from "../../ui/number";
import type { ShownItem } from "../protocol/item";
import { isAnnounced } from "./items/known-items";
import { END_ID } from "./live-session";

/**
 * A button above the composer that goes to the end of the conversation, while the end is out of sight. It counts the
 * messages, requests and notices that have come meanwhile.
 */
export function JumpToNewest({ items }: { items: ShownItem[] }) {
  const last = items.at(-1)?.id ?? 0;
  // The newest item when the end went out of sight; null while it is in sight.
  const [left, setLeft] = useState<number | null>(null);
  const newest = useRef(last);
  useEffect(() => {
    newest.current = last;
  }, [last]);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        const inSight = entries.at(-1)?.isIntersecting ?? false;
        setLeft((before) => (inSight ? null : (before ?? newest.current)));
      },
      { threshold: 1 }, // all of it, as `isAtEnd`
    );
    const end = document.getElementById(END_ID);
    if (end) observer.observe(end);
    return () => observer.disconnect();
  }, []);

  if (left === null) return null;
  const missed = items.filter((item) => item.id > left && isAnnounced(item));
  return (
    <div className="jump">
      <button
        type="button"
        className={`button ${missed.length > 0 ? "button-primary" : ""}`}
        onClick={goToNewest}
      >
        {missed.length > 0 ? countText(missed) : "Jump to the newest"} <span aria-hidden>↓</span>
      </button>
    </div>
  );
}

/** @returns "1 new message", "2 new messages"; "3 new" if not all are messages */
function countText(items: ShownItem[]): string {
  const count = numberText(items.length);
  if (!items.every((item) => "message" in item)) return `${count} new`;
  return items.length === 1 ? "1 new message" : `${count} new messages`;
}

/** Scrolls to the end of the conversation and moves the focus there, without a navigation. */
export function goToNewest(event: MouseEvent): void {
  event.preventDefault();
  const end = document.getElementById(END_ID);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  end?.scrollIntoView({ block: "end", behavior: still ? "auto" : "smooth" });
  end?.focus({ preventScroll: true });
}
