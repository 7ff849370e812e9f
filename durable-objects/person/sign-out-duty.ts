import { readStanding } from "../../app/auth/records.server";
import { read } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { attempt } from "../../app/platform/log";
import type { CompanionEnv } from "../env";
import type { LiveSockets } from "../live-sockets";
import type { Duty } from "./duties";
import type { OpenPage, OpenPages } from "./open-pages";

/** A deletion of sign-ins that was asked for has reached D1 by then, or never does; in milliseconds. */
const LATEST = 60_000;

/**
 * Closes what is open by sign-ins that have ended. Which have, D1 says: so nothing is closed where signing out failed, and
 * nothing is forgotten where only its answer was lost. It looks once more when a minute is over: for a deletion that came
 * late, and for a page that was on its way here while its sign-in ended.
 *
 * @param lists the sockets of the person's open lists
 * @param pages the person's open pages of sessions
 */
export function signOutDuty(lists: LiveSockets, pages: OpenPages): Duty {
  return {
    name: "sign-out",
    async step(env, { user_id, told_at }) {
      const open = pages.all();
      const signIns = [...lists.signIns(), ...open.map(({ sign_in }) => sign_in)];
      const ended = await endedOf(env, user_id, signIns);
      lists.closeSignedOut(ended);
      await closePages(
        env,
        pages,
        open.filter(({ sign_in }) => ended.includes(sign_in)),
      );
      const rest = told_at + LATEST - Date.now();
      return rest > 0 ? rest : undefined;
    },
  };
}

/** @returns those of a person's sign-ins that have ended @throws what D1 throws */
export async function endedOf(
  env: CompanionEnv,
  userId: string,
  signIns: readonly string[],
): Promise<string[]> {
  if (signIns.length === 0) return [];
  const [standing] = await read(env.DB, readStanding(userId, signIns, Date.now()));
  const hashes = standing.map(({ token_hash }) => token_hash);
  return signIns.filter((signIn) => !hashes.includes(signIn));
}

/** Tells each session's object, which closes its sockets. @throws where one was not reached; the others have heard */
async function closePages(env: CompanionEnv, pages: OpenPages, ended: OpenPage[]): Promise<void> {
  const heard = await Promise.all(
    ended.map(({ session, sign_in, user_id }) =>
      attempt("close-pages", async () => {
        await sessionObject(env, session).signedOut(user_id, [sign_in]);
        pages.remove(session, sign_in);
        return true;
      }),
    ),
  );
  if (heard.includes(undefined)) throw new Error("Not every session's object has heard of it");
}
