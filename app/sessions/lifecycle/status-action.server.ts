import { json, type AppLoadContext } from "@remix-run/cloudflare";
import { redirectWithFlash, type Flash } from "../../platform/http/flash.server";
import { retryAfter } from "../../platform/http/retry-after.server";
import { notifyChanged } from "../notify.server";
import { repositoryName, type SessionRow, type StatusChange } from "../protocol/session";
import { sessionNotFound } from "../session-input.server";
import { parseStatusChange } from "./lifecycle-input.server";
import { changeStatus } from "./lifecycle.server";

/**
 * What both the list and the session's page answer to a button that changes a session's status.
 *
 * @param intent the button's value, as in "archive:<id>"
 * @param path of the page that the button is on, to return to
 * @returns a redirect with a flash message and its Undo; or an alert where it was one change too many within a minute, or
 *   D1 did not answer
 * @throws a 400 or 404 Response
 */
export async function statusAction(
  request: Request,
  context: AppLoadContext,
  userId: string,
  intent: string | undefined,
  path: string,
) {
  const { change, id } = parseStatusChange(intent);
  const result = await changeStatus(context.env, userId, id, change);
  switch (result.outcome) {
    case "done":
      notifyChanged(context, userId, id);
      return redirectWithFlash(request, context, path, flashOf(change, result.session, path));
    case "not-found":
      throw sessionNotFound();
    case "too-fast":
      return tooFastResponse(result.wait);
    case "unavailable": {
      const alert =
        "The database did not answer, so this may not have happened. Try again; it is safe.";
      return json({ alert, draft: null }, { status: 503 });
    }
  }
}

/** @param wait in milliseconds @returns the answer to who has changed sessions too often within a minute */
export function tooFastResponse(wait: number) {
  const { seconds, headers } = retryAfter(wait);
  const alert = `You have changed many sessions within a minute. Nothing was changed; try again in ${seconds} seconds.`;
  return json({ alert, draft: null }, { status: 429, headers });
}

function flashOf(change: StatusChange, session: SessionRow, path: string): Flash {
  const repository = repositoryName(session);
  switch (change) {
    case "archive":
      return {
        text: `Archived ${repository}.`,
        undo: { action: path, intent: `restore:${session.id}` },
      };
    case "restore":
      return {
        text: `Restored ${repository}.`,
        undo: { action: path, intent: `archive:${session.id}` },
      };
    case "keep":
      return session.status === "active"
        ? { text: `${repository} stays active.` }
        : { text: `${repository} had been archived before. Restore it to keep it active.` };
  }
}
