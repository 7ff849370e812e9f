import { json, type AppLoadContext } from "@remix-run/cloudflare";
import { redirectWithFlash, type Flash } from "../../platform/http/flash.server";
import { retryAfter } from "../../platform/http/retry-after.server";
import { notifyChanged } from "../notify.server";
import { sessionName, type SessionRow, type StatusChange } from "../protocol/session";
import { sessionNotFound } from "../session-input.server";
import { parseStatusChange } from "./lifecycle-input.server";
import { changeStatus } from "./lifecycle.server";

/**
 * The action for a button that changes a session's status, on the list and on the session's page.
 *
 * @param intent the button's value, as in "archive:<id>"
 * @param path the path of the page that the button is on, to redirect to
 * @returns a redirect with a flash message and its Undo; or JSON `{ alert }`: 429 after too many changes within a
 *   minute, 503 if D1 did not answer
 * @throws a 400 Response if the intent is unknown, a 404 Response if this user has no such session
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
      return json({ alert }, { status: 503 });
    }
  }
}

/**
 * @param wait milliseconds until the next change is allowed
 * @param typed what was submitted, for a form that shows it again
 * @returns a 429 response with `{ alert }`, `typed` and Retry-After
 */
export function tooFastResponse<Typed extends object>(wait: number, typed?: Typed) {
  const { seconds, headers } = retryAfter(wait);
  const alert = `You have changed many sessions within a minute. Nothing was changed; try again in ${seconds} seconds.`;
  return json({ alert, ...typed }, { status: 429, headers });
}

function flashOf(change: StatusChange, session: SessionRow, path: string): Flash {
  const name = sessionName(session);
  switch (change) {
    case "archive":
      return {
        text: `Archived ${name}.`,
        undo: { action: path, intent: `restore:${session.id}` },
      };
    case "restore":
      return {
        text: `Restored ${name}.`,
        undo: { action: path, intent: `archive:${session.id}` },
      };
    case "keep":
      return session.status === "active"
        ? { text: `${name} stays active.` }
        : { text: `${name} had been archived before. Restore it to keep it active.` };
  }
}
