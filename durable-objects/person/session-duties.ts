import { read } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { readRow } from "../../app/sessions/session-table.server";
import type { CompanionEnv } from "../env";
import type { BulkStep } from "./bulk-step";
import type { Duty } from "./duties";

/** In milliseconds: how often something is looked for that is yet to be asked for, and how long. */
const EXPECTED = { again: 2_000, longest: 60_000 };

/**
 * A duty that is carried out in bounded steps. What is to be done, D1 says; here is only remembered that there is something.
 *
 * @param name as `Duty` has it
 * @param stepOf carries out the next step
 * @param changed is told which sessions a step has changed, by their ids
 */
export function stepwise(
  name: string,
  stepOf: (env: CompanionEnv, userId: string, id: string) => Promise<BulkStep>,
  changed: (sessions: string[]) => Promise<void>,
): Duty {
  return {
    name,
    async step(env, { id, user_id, told_at }) {
      const step = await stepOf(env, user_id, id);
      if (step.left === "more") {
        await changed(step.changed);
        return step.wait;
      }
      const expected = step.left === "unknown" && Date.now() - told_at < EXPECTED.longest;
      return expected ? EXPECTED.again : undefined;
    },
  };
}

/** Makes the object of a session from its row, where it could not be reached when the session was created. */
export const initializeDuty: Duty = {
  name: "initialize",
  async step(env, { id, user_id }) {
    const [[row]] = await read(env.DB, readRow(id, user_id));
    if (row) await sessionObject(env, id).initialize(row);
    return undefined;
  },
};
