import { json, redirect, type AppLoadContext } from "@remix-run/cloudflare";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { checkFields, type Fields } from "../../platform/http/form.server";
import { tooFastResponse } from "../lifecycle/status-action.server";
import { parseListView } from "../list/list-input.server";
import { notifyChanged } from "../notify.server";
import { bulkPath, deleteManyPath, listPath } from "../paths";
import { sessionNotFound } from "../session-input.server";
import { bulkResultText, tooManyText, type BulkKind } from "./bulk";
import type { BulkChoice } from "./bulk-choice.server";
import { bulkInput, bulkNotFound, parseBulkId, parseSessionIds } from "./bulk-input.server";
import { startBulk, undoBulk, type BulkResult } from "./bulk.server";

/** The kind of bulk that each button for selected sessions starts, by its intent. */
const SELECTED: Record<string, BulkKind> = {
  "archive-selected": "archive",
  "restore-selected": "restore",
  "delete-selected": "delete",
};

/**
 * The list's action for the buttons that change many sessions, and for their Undo.
 *
 * @param fields the list's form: the button as `intent`, the idempotency key as `key`, and `all` if the button is for
 *   all sessions that match instead of the selected ones
 * @param ids the ids of the selected sessions
 * @returns undefined if the intent is not one of these; a redirect to the confirmation (delete), to the progress page
 *   (a large bulk) or to the list, with a flash message and its Undo; or JSON `{ alert }`: 400 if nothing was selected,
 *   429 if a limit was reached, 503 if D1 did not answer
 * @throws a 400 or 404 Response
 */
export async function bulkAction(
  request: Request,
  context: AppLoadContext,
  userId: string,
  fields: Fields,
  ids: string[],
) {
  const { intent = "", all } = fields;
  const query = new URL(request.url).searchParams;
  const [, undone] = /^undo:(.*)$/s.exec(intent) ?? [];
  if (undone !== undefined) {
    const result = await undoBulk(context.env, userId, parseBulkId(undone));
    if (result.outcome === "nothing") throw bulkNotFound();
    return respond(request, context, result);
  }
  if (!Object.hasOwn(SELECTED, intent)) return undefined;
  const kind = SELECTED[intent]!;
  if (!all && ids.length === 0) {
    return json({ alert: "Select the sessions first." }, { status: 400 });
  }
  if (kind === "delete") return redirect(deleteManyPath(query, all ? "all" : parseSessionIds(ids)));

  const { values, errors } = checkFields(bulkInput, fields);
  if (errors) throw new Response(errors.key, { status: 400 });
  const choice: BulkChoice = all
    ? { view: parseListView(query), until: context.now }
    : { ids: parseSessionIds(ids) };
  const result = await startBulk(context.env, userId, { key: values.key, kind, choice });
  if (result.outcome === "nothing" && !all) throw sessionNotFound();
  return respond(request, context, result);
}

async function respond(request: Request, context: AppLoadContext, result: BulkResult) {
  const query = new URL(request.url).searchParams;
  const listed = listPath(query);
  switch (result.outcome) {
    case "finished": {
      const { bulk, counts, changed } = result;
      notifyChanged(context, bulk.user_id, ...changed);
      const undo = counts.done > 0 && { undo: { action: listed, intent: `undo:${bulk.id}` } };
      const text = bulkResultText(bulk.kind, counts);
      return redirectWithFlash(request, context, listed, { text, ...(undo || {}) });
    }
    case "begun":
      return redirect(bulkPath(query, result.bulk.id));
    case "too-many":
      return json({ alert: tooManyText(result.limit) }, { status: 429 });
    case "too-fast":
      return tooFastResponse(result.wait);
    case "nothing":
      return redirectWithFlash(request, context, listed, { text: "No session matched any more." });
    case "unavailable": {
      const alert =
        "The database did not answer, so this may not have happened. Try again; it is safe.";
      return json({ alert }, { status: 503 });
    }
  }
}
