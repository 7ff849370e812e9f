import { read } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { readRow, readTask } from "../../app/sessions/session-table.server";
import type { CompanionEnv } from "../env";
import type { BulkStep } from "./bulk-step";
import type { Duty } from "./duties";

/** Polling for a task that D1 does not have yet, in milliseconds: the interval, and when to give up. */
const EXPECTED = { interval: 2_000, timeout: 60_000 };

/**
 * Creates a duty from a step function. D1 stores what is to be done; the object stores only that there is something to
 * do.
 *
 * @param name see `Duty`
 * @param stepOf runs the next step
 * @param changed called after each step with the ids of the sessions that it changed, and their owner
 */
export function stepwise(
  name: string,
  stepOf: (env: CompanionEnv, userId: string, id: string) => Promise<BulkStep>,
  changed: (sessions: string[], userId: string) => Promise<void>,
): Duty {
  return {
    name,
    async step(env, { id, user_id, told_at }) {
      const step = await stepOf(env, user_id, id);
      if (step.left === "more") {
        await changed(step.changed, user_id);
        return step.wait;
      }
      const expected = step.left === "unknown" && Date.now() - told_at < EXPECTED.timeout;
      return expected ? EXPECTED.interval : undefined;
    },
  };
}

/** Initializes a session's object from its row and task, if it could not be reached when the session was created. */
export const initializeDuty: Duty = {
  name: "initialize",
  async step(env, { id, user_id }) {
    const [[row], [task]] = await read(env.DB, readRow(id, user_id), readTask(id, user_id));
    if (row) await sessionObject(env, id).initialize(row, task);
    return undefined;
  },
};
