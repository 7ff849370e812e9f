import * as z from "zod/mini";
import { PAGE_SIZE } from "../list/list-query.server";
import { badRequest, FORM_INCOMPLETE, parseSessionId, sessionId } from "../session-input.server";

/** A form that is about many sessions: its key. */
export const bulkInput = z.object({ key: z.uuid(FORM_INCOMPLETE) });

const wholeNumber = z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,15}$/, FORM_INCOMPLETE));

/** What the form that deletes all matching sessions has shown: when, how many, and their checksum. */
export const confirmedInput = z.object({
  until: wholeNumber,
  count: wholeNumber,
  checksum: z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,19}\.\d{1,19}$/, FORM_INCOMPLETE)),
});

/**
 * @param ids of the sessions that were selected
 * @returns them in lower case
 * @throws a 400 Response where they are more than a page or one comes twice, a 404 one where one is none
 */
export function parseSessionIds(ids: string[]): string[] {
  if (ids.length > PAGE_SIZE) {
    throw badRequest(`Select at most ${PAGE_SIZE} sessions, or all that match.`);
  }
  const parsed = ids.map(parseSessionId);
  if (new Set(parsed).size === parsed.length) return parsed;
  throw badRequest("A session was selected twice.");
}

/** @returns the id in lower case @throws the 404 Response of a bulk that does not exist, where it is no UUID */
export function parseBulkId(id: string | undefined): string {
  const parsed = sessionId.safeParse(id);
  if (!parsed.success) throw bulkNotFound();
  return parsed.data.toLowerCase();
}

/** The one answer for a bulk that does not exist and for one that is somebody else's. */
export function bulkNotFound(): Response {
  return new Response("This change does not exist any more, or it is not yours.", { status: 404 });
}
