import { Component, createRef, type ReactNode } from "react";

/** Nearer than this to the end, in pixels, a person reads along. */
const READING_ALONG = 160;

interface ScrollAnchorProps {
  /** Numbers of the first and the last thing shown, counting up. */
  first: number;
  last: number;
  /** By which the end can be linked to. */
  endId: string;
  children: ReactNode;
}

/** @param end what stands at the end of something @returns whether a person reads there */
export function isAtEnd(end: HTMLElement | null): boolean {
  const bottom = end?.getBoundingClientRect().bottom ?? Infinity;
  return bottom < window.innerHeight + READING_ALONG;
}

interface Place {
  height: number;
  atEnd: boolean;
}

/**
 * Keeps what a person reads where it is while things are put in front of it; and who reads at the end stays at the end.
 * A class, because only a class can look at the page before it changes.
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
