import * as z from "zod/mini";
import { PAGE_SIZE } from "../list/list-query.server";
import { badRequest, FORM_INCOMPLETE, parseSessionId, sessionId } from "../session-input.server";

/** A form that changes many sessions: its idempotency key. */
export const bulkInput = z.object({ key: z.uuid(FORM_INCOMPLETE) });

const wholeNumber = z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,15}$/, FORM_INCOMPLETE));

/**
 * The form that deletes all matching sessions: when they were counted (epoch milliseconds), how many, and their
 * checksum.
 */
export const confirmedInput = z.object({
  until: wholeNumber,
  count: wholeNumber,
  checksum: z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,19}\.\d{1,19}$/, FORM_INCOMPLETE)),
});

/**
 * @param ids the ids of the selected sessions
 * @returns the ids in lower case
 * @throws a 400 Response if there are more than a page has or one is there twice, a 404 Response if one is not a UUID
 */
export function parseSessionIds(ids: string[]): string[] {
  if (ids.length > PAGE_SIZE) {
    throw badRequest(`Select at most ${PAGE_SIZE} sessions, or all that match.`);
  }
  const parsed = ids.map(parseSessionId);
  if (new Set(parsed).size === parsed.length) return parsed;
  throw badRequest("A session was selected twice.");
}

/** @returns the id in lower case @throws a 404 Response if it is not a UUID */
export function parseBulkId(id: string | undefined): string {
  const parsed = sessionId.safeParse(id);
  if (!parsed.success) throw bulkNotFound();
  return parsed.data.toLowerCase();
}

/** @returns the same 404 Response for a bulk that does not exist and for another user's, so that it reveals nothing */
export function bulkNotFound(): Response {
  return new Response("This change does not exist any more, or it is not yours.", { status: 404 });
}
