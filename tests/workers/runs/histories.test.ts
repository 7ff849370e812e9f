/**
 * Random histories of what people, runners, crashes, networks and time do to the runs of a session, compared with a model
 * of docs/decisions/0010. `RUNS_HISTORIES` sets how many; a failure shows the `MODEL_SEED` and `MODEL_PATH` that repeat it.
 */
import { env } from "cloudflare:test";
import fc from "fast-check";
import { test, vi } from "vitest";
import "../model/one-wrapper";
import { plan } from "./plan";
import { observeSockets } from "./socket";
import { World } from "./world";

observeSockets();

const { histories, seed, path, shrink } = env.MODEL;

test(
  `in ${histories} random histories of runs a message is handed over once, and nothing acknowledged is lost`,
  async () => {
    vi.spyOn(console, "error").mockReturnValue(); // The app logs every fault,
    vi.spyOn(console, "log").mockReturnValue(); // and every deletion.
    const lives = fc.asyncProperty(plan, (drawn) => World.live(drawn));
    const details = await fc.check(lives, {
      numRuns: path ? 1 : histories,
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
  60_000 + histories * 5_000,
);
