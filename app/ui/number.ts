const number = new Intl.NumberFormat("en");

/** @returns a number as people read it: "1,234". One format for all: to make it anew costs as much as a small component. */
export function numberText(value: number): string {
  return number.format(value);
}

/** What scrolls by itself can be reached, and so scrolled, by the keyboard. It needs an `aria-label` beside. */
export const SCROLLABLE = { tabIndex: 0, role: "group" };
