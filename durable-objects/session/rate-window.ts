import { MINUTE } from "../../app/sessions/protocol/budgets";

/** A fixed window of a minute that began with the first request counted in it. Times are epoch milliseconds. */
export interface RateWindow {
  window_at: number;
  window_count: number;
}

/**
 * Counts one more request. A clock that was set back begins another window.
 *
 * @param limit how many requests a window may have
 * @returns the window to store, and `wait`: 0 if there was room, otherwise the milliseconds until the next window
 */
export function countInWindow(
  { window_at, window_count }: RateWindow,
  limit: number,
  now: number,
): RateWindow & { wait: number } {
  const isOver = now >= window_at + MINUTE || now < window_at;
  if (isOver) return { window_at: now, window_count: 1, wait: 0 };
  const wait = window_count < limit ? 0 : window_at + MINUTE - now;
  return { window_at, window_count: window_count + 1, wait };
}
