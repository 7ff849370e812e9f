/** What scrolls by itself can be reached, and so scrolled, by the keyboard. It needs an `aria-label` beside. */
export const SCROLLABLE = { tabIndex: 0, role: "group" };
