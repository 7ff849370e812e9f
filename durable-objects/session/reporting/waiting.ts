/** Requests that wait for something to happen (long polling). */
export class Waiting {
  /** Has a request look whether its wait is over. */
  readonly #waiting = new Set<() => void>();

  /** Has every request look whether its wait is over. */
  wake(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves when `isOver` holds at a `wake`, or after `wait` milliseconds. */
  until(isOver: () => boolean, wait: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const look = () => {
        if (isOver()) end();
      };
      const timer = setTimeout(end, wait);
      this.#waiting.add(look);
    });
  }
}
