import { readStanding } from "../../app/auth/records.server";
import { read } from "../../app/platform/database.server";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { attempt } from "../../app/platform/log";
import type { CompanionEnv } from "../env";
import type { LiveSockets } from "../live-sockets";
import type { Duty } from "./duties";
import type { OpenPage, OpenPages } from "./open-pages";

/** How long, in milliseconds, a requested deletion of sign-ins may take to reach D1. */
const TIMEOUT = 60_000;

/**
 * Creates the duty that closes the open lists and pages of sign-ins that have ended. It reads from D1 which have ended:
 * so nothing is closed if signing out failed, and everything is closed if it worked but its response was lost. It runs
 * again a minute after the request, for a deletion that reached D1 late and for a page that was being opened meanwhile.
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
      const ended = await findEnded(env, user_id, signIns);
      lists.closeSignedOut(ended);
      await closePages(
        env,
        pages,
        open.filter(({ sign_in }) => ended.includes(sign_in)),
      );
      const rest = told_at + TIMEOUT - Date.now();
      return rest > 0 ? rest : undefined;
    },
  };
}

/**
 * Finds which of these sign-ins have ended.
 *
 * @param signIns hashes of the sign-ins' tokens
 * @returns the hashes of those that D1 does not have any more, or that have expired
 * @throws what D1 throws
 */
export async function findEnded(
  env: CompanionEnv,
  userId: string,
  signIns: readonly string[],
): Promise<string[]> {
  if (signIns.length === 0) return [];
  const [valid] = await read(env.DB, readStanding(userId, signIns, Date.now()));
  const hashes = valid.map(({ token_hash }) => token_hash);
  return signIns.filter((signIn) => !hashes.includes(signIn));
}

/** Notifies each session's object, which closes its sockets. @throws if one was not reached, after all others were */
async function closePages(env: CompanionEnv, pages: OpenPages, ended: OpenPage[]): Promise<void> {
  const notified = await Promise.all(
    ended.map(({ session, sign_in, user_id }) =>
      attempt("close-pages", async () => {
        await sessionObject(env, session).signedOut(user_id, [sign_in]);
        pages.remove(session, sign_in);
        return true;
      }),
    ),
  );
  if (notified.includes(undefined)) throw new Error("Not every session's object was notified");
}
