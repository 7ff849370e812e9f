/**
 * Calls `run` for each item, at most `limit` at a time.
 *
 * @returns the results, in the order of the items
 * @throws the error of the first call that fails
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  limit: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const waiting = [...items.entries()].reverse();
  async function work() {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [index, item] = next;
      results[index] = await run(item);
    }
  }
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
