import { env } from "cloudflare:test";
import fc from "fast-check";
import { test, vi } from "vitest";
import "./one-wrapper";

/**
 * A test that lives random plans, each a history. A failure shows the `MODEL_SEED` and `MODEL_PATH` that repeat it.
 *
 * @param name of the test
 * @param count how many
 * @param limit how long one may take, in milliseconds
 * @param live lives a plan; throws an Error that tells the story if something is wrong
 */
export function liveHistories<Plan>(
  name: string,
  { count, limit }: { count: number; limit: number },
  plan: fc.Arbitrary<Plan>,
  live: (plan: Plan) => Promise<void>,
): void {
  const { seed, path, shrink } = env.MODEL;
  test(
    name,
    async () => {
      vi.spyOn(console, "error").mockReturnValue(); // The app logs every fault,
      vi.spyOn(console, "log").mockReturnValue(); // and every deletion.
      const details = await fc.check(fc.asyncProperty(plan, live), {
        numRuns: path ? 1 : count,
        seed,
        path,
        endOnFailure: !shrink,
      });
      if (!details.failed) return;
      const repeat = `MODEL_SEED=${details.seed} MODEL_PATH=${details.counterexamplePath}`;
      throw new Error(
        `After ${details.numRuns} histories (${repeat}): ${String(details.errorInstance)}`,
      );
    },
    60_000 + count * limit,
  );
}
