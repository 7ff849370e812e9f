/** A throttled function. */
export interface Throttled {
  /** Schedules a run, unless one is scheduled. */
  call: () => void;
  /** Cancels the scheduled run. */
  cancel: () => void;
}

/**
 * Throttles a function, with one run for all calls in a window. A throttle, because a debounce would not run as long as
 * calls keep coming.
 *
 * @param gather delay between the first call and the run, in milliseconds
 * @param every least time between two runs, in milliseconds; by the monotonic clock, which clock changes do not affect
 */
export function throttle(
  run: () => void,
  { gather, every }: { gather: number; every: number },
): Throttled {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ranAt = -Infinity;
  const runNow = () => {
    timer = undefined;
    ranAt = performance.now();
    run();
  };
  return {
    call: () => {
      timer ??= setTimeout(runNow, Math.max(gather, ranAt + every - performance.now()));
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
