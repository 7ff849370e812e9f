import { Component, createRef, type ReactNode } from "react";

interface ScrollAnchorProps {
  /** The sequence number of the first item shown. */
  first: number;
  /** The number of the newest change of what is shown, such as a new item. */
  last: number;
  /** The id of the element at the end, for links to it. */
  endId: string;
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
      // If the first items were dropped, the end may now be above the window.
      const block = first > before.first ? "end" : "nearest";
      this.#end.current?.scrollIntoView({ block });
    }
  }

  override render() {
    return (
      <div className="relative [overflow-anchor:none]">
        {this.props.children}
        <div ref={this.#end} id={this.props.endId} tabIndex={-1} className="scroll-end" />
      </div>
    );
  }
}
