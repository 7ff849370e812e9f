import { Component, createRef, type ReactNode } from "react";

/** How close to the bottom of the window, in pixels, the end must be for a person to count as reading there. */
const NEAR_END = 160;

interface ScrollAnchorProps {
  /** Sequence numbers of the first and the last item shown. */
  first: number;
  last: number;
  /** The id of the element at the end, for links to it. */
  endId: string;
  children: ReactNode;
}

/**
 * @param end the element at the end of the content
 * @returns whether the window is scrolled to it, or nearly
 */
export function isAtEnd(end: HTMLElement | null): boolean {
  const bottom = end?.getBoundingClientRect().bottom ?? Infinity;
  return bottom < window.innerHeight + NEAR_END;
}

interface Place {
  height: number;
  atEnd: boolean;
}

/**
 * Keeps the scroll position when items are added before the content, and keeps a person who reads at the end there when
 * items are added after it. A class component, because hooks have no `getSnapshotBeforeUpdate`.
 */
export class ScrollAnchor extends Component<ScrollAnchorProps> {
  readonly #end = createRef<HTMLDivElement>();

  override getSnapshotBeforeUpdate(): Place {
    return {
      height: document.documentElement.scrollHeight,
      atEnd: isAtEnd(this.#end.current),
    };
  }

  override componentDidUpdate(before: ScrollAnchorProps, _: unknown, { height, atEnd }: Place) {
    const { first, last } = this.props;
    if (first > 0 && first < before.first) {
      window.scrollBy(0, document.documentElement.scrollHeight - height);
    } else if (last > before.last && atEnd) {
      this.#end.current?.scrollIntoView({ block: "end" });
    }
  }

  override render() {
    return (
      <div className="[overflow-anchor:none]">
        {this.props.children}
        <div ref={this.#end} id={this.props.endId} tabIndex={-1} className="scroll-mb-60" />
      </div>
    );
  }
}
