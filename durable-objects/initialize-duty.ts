import { read } from "../app/platform/database.server";
import { objectOf } from "../app/sessions/object.server";
import { readRow } from "../app/sessions/rows.server";
import type { Duty } from "./duties";

/** Makes the object of a session from its row, where it could not be reached when the session was created. */
export const initializeDuty: Duty = {
  name: "initialize",
  async step(env, { id, user_id }) {
    const [[row]] = await read(env.DB, readRow(id, user_id));
    if (row) await objectOf(env, id).initialize(row);
    return undefined;
  },
};
