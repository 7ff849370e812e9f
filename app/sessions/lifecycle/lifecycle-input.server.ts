import * as z from "zod/mini";
import type { StatusChange } from "../protocol/session";
import {
  FORM_INCOMPLETE,
  parseSessionId,
  repositoryNameInput,
  repositoryOwnerInput,
} from "../session-input.server";

/** The repository, "owner/name", of whose active sessions the user has been warned. */
const another = z.optional(z.string());

/** The create form: its idempotency key, and the repository's owner and name. */
export const createInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repoOwner: repositoryOwnerInput,
  repoName: repositoryNameInput,
  another,
});

/** The create form with a menu of repositories from GitHub: `repository` is "owner/name". */
export const pickInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repository: z.string("Choose a repository."),
  another,
});

/**
 * Parses the value of a button that changes a session's status.
 *
 * @param intent the change and the session's id, as in "archive:<id>"
 * @throws a 400 Response if the change is unknown, a 404 Response if the id is not a UUID
 */
export function parseStatusChange(intent: string | undefined): {
  change: StatusChange;
  id: string;
} {
  const [, change, id] = /^(archive|restore|keep):(.*)$/s.exec(intent ?? "") ?? [];
  if (!change) throw new Response("This page does not know that intent.", { status: 400 });
  return { change: change as StatusChange, id: parseSessionId(id) };
}
