import * as z from "zod/mini";
import { MESSAGE_BYTES, utf8Bytes } from "../protocol/budgets";
import type { StatusChange } from "../protocol/session";
import {
  FORM_INCOMPLETE,
  parseSessionId,
  repositoryNameInput,
  repositoryOwnerInput,
  titleInput,
} from "../session-input.server";
import { branchProblem } from "../protocol/branch";

/** The repository, "owner/name", of whose active sessions the user has been warned. */
const another = z.optional(z.string());

/** A task; empty if there is none. Browsers send a line break of a text area as CRLF, scripts as LF: it is stored as LF. */
const task = z.optional(
  z.string().check(
    z.overwrite((text) => (text.trim() === "" ? "" : text.replace(/\r\n/g, "\n"))),
    z.refine((text) => utf8Bytes(text) <= MESSAGE_BYTES, {
      error: "A task has at most 32 KiB. Make it shorter, or send the rest as messages.",
    }),
  ),
);

/** A branch; empty if there is none. */
const branch = z.optional(
  z.string().check(
    z.trim(),
    z.check(({ value, issues }) => {
      const problem = value === "" ? undefined : branchProblem(value);
      if (problem) issues.push({ code: "custom", message: problem, input: value });
    }),
  ),
);

/** What a session is to be about, in both create forms. */
const about = { task, branch };

/** The create form: its idempotency key, the repository's owner and name, the task and the branch. */
export const createInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repoOwner: repositoryOwnerInput,
  repoName: repositoryNameInput,
  ...about,
  another,
});

/** The create form with a menu of repositories from GitHub: `repository` is "owner/name". */
export const pickInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repository: z.string("Choose a repository."),
  ...about,
  another,
});

/** The form that renames a session; an empty title brings the automatic one back. */
export const renameInput = z.object({ title: titleInput(FORM_INCOMPLETE) });

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
