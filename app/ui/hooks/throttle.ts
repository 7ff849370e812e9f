/** Something that is done less often than it is asked for. */
export interface Throttled {
  /** Asks for it. */
  call: () => void;
  /** Takes back what was asked for and is not done yet. */
  cancel: () => void;
}

/**
 * Does something soon after it is asked for, however often that is: a throttle, not a debounce, which would wait for
 * as long as it is asked again.
 *
 * @param gather how long after the first call it is done, for all the calls until then together
 * @param every the least time between two times; both in milliseconds, by a clock that nobody sets
 */
export function throttle(
  run: () => void,
  { gather, every }: { gather: number; every: number },
): Throttled {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ranAt = -Infinity;
  const ring = () => {
    timer = undefined;
    ranAt = performance.now();
    run();
  };
  return {
    call: () => {
      timer ??= setTimeout(ring, Math.max(gather, ranAt + every - performance.now()));
    },
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
