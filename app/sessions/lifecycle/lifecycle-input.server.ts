import * as z from "zod/mini";
import type { StatusChange } from "../protocol/session";
import {
  FORM_INCOMPLETE,
  parseSessionId,
  repositoryNameInput,
  repositoryOwnerInput,
} from "../session-input.server";

/** The repository, "owner/name", of whose active sessions the form was told. */
const another = z.optional(z.string());

/** The create form: its key, and the repository. */
export const createInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repoOwner: repositoryOwnerInput,
  repoName: repositoryNameInput,
  another,
});

/** The create form where one of the connected repositories is chosen, as "owner/name". */
export const pickInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repository: z.string("Choose a repository."),
  another,
});

/**
 * The value of a button that changes a session's status: intent and id, as in "archive:<id>".
 *
 * @throws a 400 Response where the intent is unknown, a 404 one where the id is none
 */
export function parseStatusChange(intent: string | undefined): {
  change: StatusChange;
  id: string;
} {
  const [, change, id] = /^(archive|restore|keep):(.*)$/s.exec(intent ?? "") ?? [];
  if (!change) throw new Response("This page does not know that intent.", { status: 400 });
  return { change: change as StatusChange, id: parseSessionId(id) };
}
