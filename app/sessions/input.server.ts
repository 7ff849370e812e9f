/** What people send, checked. GitHub's own rules for names. */
import * as z from "zod/mini";
import type { Cursor } from "./queries.server";
import type { SessionStatus, StatusChange } from "./session";

const OWNER_MISSING = "Enter the repository’s owner.";
const NAME_MISSING = "Enter the repository’s name.";
const FORM_INCOMPLETE = "The form was incomplete. Send it again.";

const repositoryOwner = z.string(OWNER_MISSING).check(
  z.trim(),
  z.minLength(1, { error: OWNER_MISSING, abort: true }),
  z.maxLength(39, { error: "An owner has at most 39 characters.", abort: true }),
  z.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/i, {
    error: "An owner has letters and digits, with single hyphens between them.",
  }),
);

const repositoryName = z.string(NAME_MISSING).check(
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

/** The create form: its key, and the repository. */
export const createInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repoOwner: repositoryOwner,
  repoName: repositoryName,
});

/** The create form where one of the connected repositories is chosen, as "owner/name". */
export const pickInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repository: z.string("Choose a repository."),
});

export const MESSAGE_BYTES = 32 * 1024;

/** @param missing what is said where there is no text at all */
const messageText = (missing: string) =>
  z.string(missing).check(
    z.refine((text) => text.trim() !== "", { error: "Write a message first.", abort: true }),
    z.refine((text) => new TextEncoder().encode(text).length <= MESSAGE_BYTES, {
      error: "A message has at most 32 KiB.",
    }),
  );

/** The composer: the message's key, and its text. */
export const messageInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  text: messageText(FORM_INCOMPLETE),
});

/** What an agent reports: words, a status or both; its key is its own to choose. */
export const reportInput = z
  .object(
    {
      text: z.optional(messageText("A text is text.")),
      status: z.optional(
        z.enum(
          ["working", "waiting", "done", "failed"],
          "A status is working, waiting, done or failed.",
        ),
      ),
      key: z.optional(
        z
          .string("A key is text.")
          .check(
            z.minLength(1, "A key has at least one character."),
            z.maxLength(200, "A key has at most 200 characters."),
          ),
      ),
    },
    "A report is an object.",
  )
  .check(
    z.refine(({ text, status }) => text !== undefined || status !== undefined, {
      error: "Send a text, a status or both.",
    }),
  );

const TOKEN_NAME_MISSING = "Name the agent.";

/** The form that makes an agent's token: its key, and the agent's name. */
export const tokenInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  name: z
    .string(TOKEN_NAME_MISSING)
    .check(
      z.trim(),
      z.minLength(1, { error: TOKEN_NAME_MISSING, abort: true }),
      z.maxLength(60, { error: "A name has at most 60 characters." }),
    ),
});

const sessionId = z.uuid();

/**
 * @returns the id in lower case
 * @throws the 404 Response of a session that does not exist, where it is no UUID and so no session's
 */
export function parseSessionId(id: string | null | undefined): string {
  const parsed = sessionId.safeParse(id);
  if (!parsed.success) throw sessionNotFound();
  return parsed.data.toLowerCase();
}

/** The one answer for a session that does not exist and for one that is somebody else's. */
export function sessionNotFound(): Response {
  return new Response("This session does not exist, or it is not yours.", { status: 404 });
}

/** @returns the status that the list shows @throws a 400 Response where `?status=` is none */
export function parseStatus(status: string | null): SessionStatus {
  if (status === null) return "active";
  if (status === "active" || status === "archived") return status;
  throw new Response("The list can show active or archived sessions.", { status: 400 });
}

/** @returns a cursor as it stands in a URL */
export function formatCursor(cursor: Cursor): string {
  return `${cursor.lastActivity}.${cursor.id}`;
}

/** @returns the cursor, undefined where there is none @throws a 400 Response where `?cursor=` is none */
export function parseCursor(cursor: string | null): Cursor | undefined {
  if (cursor === null) return undefined;
  const [, lastActivity, rest] = /^(\d{1,15})\.(.+)$/.exec(cursor) ?? [];
  const id = sessionId.safeParse(rest);
  if (lastActivity && id.success) return { lastActivity: Number(lastActivity), id: id.data };
  throw new Response("This link to a part of the list is damaged.", { status: 400 });
}

/** The number behind an intent, as in "revoke:3". @throws a 400 Response where there is none */
export function parseNumber(value: string | undefined): number {
  if (/^[1-9]\d{0,14}$/.test(value ?? "")) return Number(value);
  throw new Response("The form was incomplete. Open the page again.", { status: 400 });
}

/** @returns the message before which a page of a conversation ends @throws a 400 Response where `?before=` is no id */
export function parseBefore(before: string | null): number | undefined {
  return parseMessageId(before, 1);
}

/**
 * @returns the message after which a part of a conversation begins; 0 stands before the first
 * @throws a 400 Response where it is no id
 */
export function parseAfter(after: string | null | undefined): number | undefined {
  return parseMessageId(after, 0);
}

function parseMessageId(id: string | null | undefined, least: 0 | 1): number | undefined {
  if (id === null || id === undefined) return undefined;
  if (/^(0|[1-9]\d{0,14})$/.test(id) && Number(id) >= least) return Number(id);
  throw new Response("This link to a part of the conversation is damaged.", { status: 400 });
}

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
