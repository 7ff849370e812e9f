/** Requests that wait for something to happen (long polling). */
export class Waiting {
  /** Ends the wait of a request. */
  readonly #waiting = new Set<() => void>();

  /** Ends the wait of every request. */
  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when `wake` is called, or after `wait` milliseconds. */
  next(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      this.#waiting.add(wake);
    });
  }
}
