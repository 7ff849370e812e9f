import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { throttle } from "../../app/ui/hooks/throttle";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** @returns the times at which it ran, in milliseconds from now, and a function that calls it */
function ranAt(options: { gather: number; every: number }) {
  const began = performance.now();
  const times: number[] = [];
  return { times, ...throttle(() => times.push(performance.now() - began), options) };
}

test("what is asked for now and then is done soon, each time", () => {
  const { times, call } = ranAt({ gather: 400, every: 1_000 });
  call();
  vi.advanceTimersByTime(5_000);
  call();
  vi.advanceTimersByTime(5_000);
  expect(times).toEqual([400, 5_400]);
});

test("what is asked for a hundred times a second is done once a second, and once more at the end", () => {
  const { times, call } = ranAt({ gather: 400, every: 1_000 });
  for (let asked = 0; asked < 300; asked++) {
    call();
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(60_000);
  expect(times).toEqual([400, 1_400, 2_400, 3_400]);
});

test("a clock that is set back stops nothing", () => {
  const { times, call } = ranAt({ gather: 400, every: 1_000 });
  call();
  vi.advanceTimersByTime(400);
  vi.setSystemTime(0);
  call();
  vi.advanceTimersByTime(1_000);
  expect(times).toEqual([400, 1_400]);
});

test("what was taken back is not done, and can be asked for again", () => {
  const { times, call, cancel } = ranAt({ gather: 400, every: 1_000 });
  call();
  cancel();
  vi.advanceTimersByTime(1_000);
  call();
  vi.advanceTimersByTime(1_000);
  expect(times).toEqual([1_400]);
});
