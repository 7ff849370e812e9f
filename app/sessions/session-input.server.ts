/** Validation of what users send. The rules for owners and repository names are GitHub's. */
import * as z from "zod/mini";
import { MESSAGE_BYTES, utf8Bytes } from "./protocol/budgets";
import type { Repository } from "./protocol/session";
import { foldSpace, titleProblem } from "./protocol/title";

const OWNER_MISSING = "Enter the repository’s owner.";
const NAME_MISSING = "Enter the repository’s name.";
export const FORM_INCOMPLETE = "The form was incomplete. Send it again.";

export const repositoryOwnerInput = z.string(OWNER_MISSING).check(
  z.trim(),
  z.minLength(1, { error: OWNER_MISSING, abort: true }),
  z.maxLength(39, { error: "An owner has at most 39 characters.", abort: true }),
  // GitHub's oldest names have hyphens in a row or at the end; names of enterprise-managed users end in "_" and a code.
  z.regex(/^[a-z0-9][a-z0-9-]*(_[a-z0-9]+)?$/i, {
    error: "An owner has letters, digits and hyphens, and does not begin with a hyphen.",
  }),
);

export const repositoryNameInput = z.string(NAME_MISSING).check(
  z.trim(),
  z.minLength(1, { error: NAME_MISSING, abort: true }),
  z.maxLength(100, { error: "A repository name has at most 100 characters.", abort: true }),
  z.regex(/^[\w.-]+$/, {
    error: "A repository name has letters, digits, “.”, “_” and “-” only.",
    abort: true,
  }),
  z.refine((name) => name !== "." && name !== "..", {
    error: "A repository cannot be called “.” or “..”.",
    abort: true,
  }),
  z.refine((name) => !/\.git$/i.test(name), { error: "Leave out the “.git” ending." }),
);

const repositoryShape = z.object({ owner: repositoryOwnerInput, name: repositoryNameInput });

/** The text of a message. @param missing the error if there is no text field at all */
export const messageText = (missing: string) =>
  z.string(missing).check(
    z.refine((text) => text.trim() !== "", { error: "Write a message first.", abort: true }),
    z.refine((text) => utf8Bytes(text) <= MESSAGE_BYTES, {
      error: "A message has at most 32 KiB.",
    }),
  );

/** A title with its spaces folded; it may be empty. @param missing the error if there is no title field at all */
export const titleInput = (missing: string) =>
  z.string(missing).check(
    z.overwrite(foldSpace),
    z.check(({ value, issues }) => {
      const problem = titleProblem(value);
      if (problem) issues.push({ code: "custom", message: problem, input: value });
    }),
  );

/** The id of a session or a bulk. */
export const sessionId = z.uuid();

/**
 * @returns the id in lower case
 * @throws a 404 Response if it is not a UUID
 */
export function parseSessionId(id: string | null | undefined): string {
  const parsed = sessionId.safeParse(id);
  if (!parsed.success) throw sessionNotFound();
  return parsed.data.toLowerCase();
}

/**
 * @returns the same 404 Response for a session that does not exist and for another user's, so that it reveals nothing
 */
export function sessionNotFound(): Response {
  return new Response("This session does not exist, or it is not yours.", { status: 404 });
}

/**
 * @param repository "owner/name"
 * @returns its parts; null if `repository` is null
 * @throws a 400 Response if GitHub does not allow such a name
 */
export function parseRepository(repository: string | null): Repository | null {
  if (repository === null) return null;
  const [owner, name, ...rest] = repository.split("/");
  const parsed = repositoryShape.safeParse({ owner, name });
  if (parsed.success && rest.length === 0) return parsed.data;
  throw badRequest("The repository in this link is none: it should look like “owner/name”.");
}

/** @param message the text for the user @returns a 400 Response */
export function badRequest(message: string): Response {
  return new Response(message, { status: 400 });
}

/**
 * Parses a number behind an intent, such as 3 in "revoke:3".
 *
 * @param least the smallest number that is allowed
 * @throws a 400 Response if it is no integer, or less than `least`
 */
export function parseNumber(value: string | undefined, least: 0 | 1 = 1): number {
  if (/^(0|[1-9]\d{0,14})$/.test(value ?? "") && Number(value) >= least) return Number(value);
  throw new Response("The form was incomplete. Open the page again.", { status: 400 });
}

/**
 * Parses `?before=`: a page of a conversation ends before the message with this id.
 *
 * @throws a 400 Response if it is not an id
 */
export function parseBefore(before: string | null): number | undefined {
  return parseMessageId(before, 1);
}

/**
 * Parses `?after=`: a part of a conversation begins after the message with this id; 0 is before the first message.
 *
 * @throws a 400 Response if it is neither 0 nor an id
 */
export function parseAfter(after: string | null | undefined): number | undefined {
  return parseMessageId(after, 0);
}

function parseMessageId(id: string | null | undefined, least: 0 | 1): number | undefined {
  if (id === null || id === undefined) return undefined;
  if (/^(0|[1-9]\d{0,14})$/.test(id) && Number(id) >= least) return Number(id);
  throw new Response("This link to a part of the conversation is damaged.", { status: 400 });
}
