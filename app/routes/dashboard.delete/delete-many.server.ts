import { json, redirect, type AppLoadContext } from "@remix-run/cloudflare";
import type { User } from "../../auth/records.server";
import { checkFields, type Fields } from "../../platform/http/form.server";
import { tooManyText } from "../../sessions/bulk/bulk";
import { bulkInput, confirmedInput, parseSessionIds } from "../../sessions/bulk/bulk-input.server";
import { startBulk, type BulkRequest } from "../../sessions/bulk/bulk.server";
import { type BulkChoice } from "../../sessions/bulk/bulk-choice.server";
import { tooFastResponse } from "../../sessions/lifecycle/status-action.server";
import { parseListView } from "../../sessions/list/list-input.server";
import { bulkPath } from "../../sessions/paths";
import { sessionNotFound } from "../../sessions/session-input.server";

/**
 * Starts a bulk that deletes the chosen sessions.
 *
 * @param fields the submitted confirmation form
 * @returns a redirect to the bulk's page, or JSON with an alert for the dialog
 * @throws a 400 or 404 Response
 */
export async function deleteMany(
  request: Request,
  { env }: AppLoadContext,
  user: User,
  requested: BulkChoice,
  fields: Fields,
) {
  const result = await startBulk(env, user.id, deletion(requested, fields));
  switch (result.outcome) {
    case "begun":
    case "finished":
      return redirect(bulkPath(new URL(request.url).searchParams, result.bulk.id));
    case "nothing": {
      if ("ids" in requested) throw sessionNotFound();
      const alert =
        "Other sessions match by now than those you were shown, so nothing was deleted. Look at the number again.";
      return json({ alert }, { status: 409 });
    }
    case "too-many":
      return json({ alert: tooManyText(result.limit) }, { status: 429 });
    case "too-fast":
      return tooFastResponse(result.wait);
    case "unavailable": {
      const alert = "Ship did not answer, so nothing may have been deleted. Try again; it is safe.";
      return json({ alert }, { status: 503 });
    }
  }
}

/**
 * Builds the bulk from the confirmed form. For a choice of all matching sessions, it covers only what the dialog
 * counted: sessions created after the dialog was loaded are left out.
 */
function deletion(requested: BulkChoice, fields: Fields): BulkRequest {
  const form = checkFields(bulkInput, fields);
  if (form.errors) throw new Response(form.errors.key, { status: 400 });
  const { key } = form.values;
  if (!("view" in requested)) return { key, kind: "delete", choice: requested };

  const shown = checkFields(confirmedInput, fields);
  if (shown.errors) throw new Response("The form was incomplete. Send it again.", { status: 400 });
  const { until, count, checksum } = shown.values;
  return {
    key,
    kind: "delete",
    choice: { view: requested.view, until: Number(until) },
    confirmed: { count: Number(count), checksum },
  };
}

/**
 * Reads from the URL which sessions to delete.
 *
 * @param now epoch milliseconds
 * @returns the id of a single session, or the choice of many
 * @throws a 400 or 404 Response
 */
export function requestedSessions(request: Request, now: number): string | BulkChoice {
  const { searchParams } = new URL(request.url);
  if (searchParams.has("all")) return { view: parseListView(searchParams), until: now };
  const ids = parseSessionIds(searchParams.getAll("id"));
  const [id] = ids;
  if (id === undefined) throw new Response("Choose a session to delete.", { status: 400 });
  return ids.length === 1 ? id : { ids };
}
