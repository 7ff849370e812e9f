/**
 * Does the same with each of many things, a few at a time, so that no number of them floods what they ask.
 *
 * @param limit how many are under way at once
 * @returns what came of each, in order
 * @throws what the first that fails throws
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
