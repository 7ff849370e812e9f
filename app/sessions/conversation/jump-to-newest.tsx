import { useEffect, useRef, useState, type MouseEvent } from "react";
import { numberText } from "../../ui/number";
import { END_ID } from "./live-session";

/**
 * A button above the composer that goes to the end of the conversation, while the end is out of sight. It counts the
 * messages that have come meanwhile.
 *
 * @param last the id of the newest message; ids have no gaps
 */
export function JumpToNewest({ last }: { last: number }) {
  // The newest message when the end went out of sight; null while it is in sight.
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
  const count = last - left;
  return (
    <div className="jump">
      <button
        type="button"
        className={`button ${count > 0 ? "button-primary" : ""}`}
        onClick={goToNewest}
      >
        {count > 0 ? newMessagesText(count) : "Jump to the newest"} <span aria-hidden>↓</span>
      </button>
    </div>
  );
}

function newMessagesText(count: number): string {
  return count === 1 ? "1 new message" : `${numberText(count)} new messages`;
}

/** Scrolls to the end of the conversation and moves the focus there, without a navigation. */
export function goToNewest(event: MouseEvent): void {
  event.preventDefault();
  const end = document.getElementById(END_ID);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  end?.scrollIntoView({ block: "end", behavior: still ? "auto" : "smooth" });
  end?.focus({ preventScroll: true });
}
