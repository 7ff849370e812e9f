import { Component, createRef, type ReactNode } from "react";
import { flushSync } from "react-dom";

interface ScrollAnchorProps {
  /** The sequence number of the first item shown. */
  first: number;
  /** The id of the element at the end, for links to it. */
  endId: string;
  /** A list, whose children are the lines, and what stands behind it. */
  children: ReactNode;
}

/**
 * @param end the element at the end of the content; its styles make it reach as far down as it may be from the place
 *   where it is scrolled to for a person to count as reading at the end
 * @returns whether it is in sight
 */
export function isAtEnd(end: HTMLElement | null): boolean {
  const { top, bottom } = end?.getBoundingClientRect() ?? { top: -1, bottom: 0 };
  return top >= 0 && bottom <= window.innerHeight;
}

/**
 * Makes a change of the content outside of React's own updates.
 *
 * @param endId the id of the element at the end: a person who reads there stays there
 * @param change sets states
 */
export function growInPlace(endId: string, change: () => void): void {
  const end = document.getElementById(endId);
  const stays = isAtEnd(end);
  flushSync(change);
  if (stays) end?.scrollIntoView({ block: "nearest" });
}

/** A line of the content, and where its upper edge is in the window. */
interface Line {
  element: Element;
  top: number;
}

interface Place {
  height: number;
  /** Where the end is in the window; undefined if the person does not read there. */
  end: number | undefined;
  /** All lines, in order. */
  lines: Element[];
  /** Those that are in sight, the first one first. */
  inSight: Line[];
}

/**
 * Keeps what is read in place when lines are added before it, fold into one or grow; and a person who reads at the end
 * there. A class component, because hooks have no `getSnapshotBeforeUpdate`.
 */
export class ScrollAnchor extends Component<ScrollAnchorProps> {
  readonly #frame = createRef<HTMLDivElement>();
  readonly #end = createRef<HTMLDivElement>();

  override getSnapshotBeforeUpdate(): Place {
    const lines = this.#lines();
    const end = this.#end.current;
    return {
      height: document.documentElement.scrollHeight,
      end: isAtEnd(end) ? end!.getBoundingClientRect().top : undefined,
      lines,
      inSight: inSightOf(lines),
    };
  }

  override componentDidUpdate(before: ScrollAnchorProps, _: unknown, place: Place) {
    const { first } = this.props;
    if (place.end === undefined || (first > 0 && first < before.first)) this.#keepLine(place);
    else this.#keepEnd(place.end);
  }

  /** Where the content became shorter, the end stays in place; where it became longer, the end stays in sight. */
  #keepEnd(top: number) {
    const end = this.#end.current!;
    const moved = end.getBoundingClientRect().top - top;
    if (moved < 0) window.scrollBy(0, moved);
    else if (moved > 0) end.scrollIntoView({ block: "nearest" });
  }

  #keepLine({ height, lines, inSight }: Place) {
    const [first] = inSight;
    if (!first) return;
    const kept = inSight.find(({ element }) => element.isConnected);
    if (kept) return restore(kept.element, kept.top);
    // All that was in sight has been folded: what it was folded into is behind the last line before it.
    const before = lines
      .slice(0, lines.indexOf(first.element))
      .findLast((line) => line.isConnected);
    if (before?.nextElementSibling)
      return restore(before.nextElementSibling, Math.max(first.top, 0));
    window.scrollBy(0, document.documentElement.scrollHeight - height);
  }

  #lines(): Element[] {
    return Array.from(this.#frame.current?.firstElementChild?.children ?? []);
  }

  override render() {
    return (
      <div ref={this.#frame} className="relative [overflow-anchor:none]">
        {this.props.children}
        <div ref={this.#end} id={this.props.endId} tabIndex={-1} className="scroll-end" />
      </div>
    );
  }
}

/** @param lines in order @returns those that are in the window */
function inSightOf(lines: Element[]): Line[] {
  const inSight: Line[] = [];
  for (const element of lines) {
    const { top, bottom } = element.getBoundingClientRect();
    if (top >= window.innerHeight) break;
    if (bottom > 0) inSight.push({ element, top });
  }
  return inSight;
}

/** Scrolls an element's upper edge to where it was in the window. */
function restore(element: Element, top: number) {
  const moved = element.getBoundingClientRect().top - top;
  if (moved !== 0) window.scrollBy(0, moved);
}
