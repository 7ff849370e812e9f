/** What people send, checked. GitHub's own rules for names. */
import * as z from "zod/mini";
import { MESSAGE_BYTES, utf8Bytes } from "./protocol/budgets";
import { PAGE_SIZE, type Cursor } from "./list/list-query.server";
import {
  IDLE_DAYS,
  LIST_SORTS,
  ordersByRepository,
  SEARCH_LENGTH,
  type IdleDays,
  type ListSort,
  type ListStatus,
  type ListView,
} from "./list/list-view";
import type { Repository, StatusChange } from "./protocol/session";

const OWNER_MISSING = "Enter the repository’s owner.";
const NAME_MISSING = "Enter the repository’s name.";
const FORM_INCOMPLETE = "The form was incomplete. Send it again.";

const repositoryOwner = z.string(OWNER_MISSING).check(
  z.trim(),
  z.minLength(1, { error: OWNER_MISSING, abort: true }),
  z.maxLength(39, { error: "An owner has at most 39 characters.", abort: true }),
  // GitHub's oldest names have hyphens in a row or at the end; those that a company manages end in "_" and its code.
  z.regex(/^[a-z0-9][a-z0-9-]*(_[a-z0-9]+)?$/i, {
    error: "An owner has letters, digits and hyphens, and does not begin with a hyphen.",
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

const repositoryShape = z.object({ owner: repositoryOwner, name: repositoryName });

/** The repository, "owner/name", of whose active sessions the form was told. */
const another = z.optional(z.string());

/** The create form: its key, and the repository. */
export const createInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repoOwner: repositoryOwner,
  repoName: repositoryName,
  another,
});

/** The create form where one of the connected repositories is chosen, as "owner/name". */
export const pickInput = z.object({
  key: z.uuid(FORM_INCOMPLETE),
  repository: z.string("Choose a repository."),
  another,
});

/** A form that is about many sessions: its key. */
export const bulkInput = z.object({ key: z.uuid(FORM_INCOMPLETE) });

const wholeNumber = z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,15}$/, FORM_INCOMPLETE));

/** What the form that deletes all matching sessions has shown: when, how many, and their checksum. */
export const confirmedInput = z.object({
  until: wholeNumber,
  count: wholeNumber,
  checksum: z.string(FORM_INCOMPLETE).check(z.regex(/^\d{1,19}\.\d{1,19}$/, FORM_INCOMPLETE)),
});

/** @param missing what is said where there is no text at all */
const messageText = (missing: string) =>
  z.string(missing).check(
    z.refine((text) => text.trim() !== "", { error: "Write a message first.", abort: true }),
    z.refine((text) => utf8Bytes(text) <= MESSAGE_BYTES, {
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

/**
 * @param ids of the sessions that were selected
 * @returns them in lower case
 * @throws a 400 Response where they are more than a page or one comes twice, a 404 one where one is none
 */
export function parseSessionIds(ids: string[]): string[] {
  if (ids.length > PAGE_SIZE) {
    throw refusal(`Select at most ${PAGE_SIZE} sessions, or all that match.`);
  }
  const parsed = ids.map(parseSessionId);
  if (new Set(parsed).size === parsed.length) return parsed;
  throw refusal("A session was selected twice.");
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

/** The one answer for a session that does not exist and for one that is somebody else's. */
export function sessionNotFound(): Response {
  return new Response("This session does not exist, or it is not yours.", { status: 404 });
}

const SEARCH_WORDS = 8;

/** @returns what a list's URL asks to see @throws a 400 Response that says what is wrong with it */
export function parseListView(query: URLSearchParams): ListView {
  const status = parseStatus(query.get("status"));
  const idle = parseIdle(query.get("idle"));
  if (idle !== null && status !== "active") throw refusal("Only active sessions can be idle.");
  const words = parseSearch(query.get("q") ?? "");
  const repository = parseRepository(query.get("repo"));
  const repo = repository && `${repository.owner}/${repository.name}`;
  return { status, words, repo, idle, sort: parseSort(query.get("sort")) };
}

function parseStatus(status: string | null): ListStatus {
  if (status === null) return "active";
  if (status === "active" || status === "archived" || status === "all") return status;
  throw refusal("The list can show active sessions, archived ones or all.");
}

function parseIdle(idle: string | null): IdleDays | null {
  if (idle === null) return null;
  const days = IDLE_DAYS.find((days) => String(days) === idle);
  if (days) return days;
  throw refusal("The list can show sessions that have been idle for 7, 14 or 30 days.");
}

function parseSort(sort: string | null): ListSort {
  const found = LIST_SORTS.find((known) => known === (sort ?? LIST_SORTS[0]));
  if (found) return found;
  throw refusal("The list can be sorted by last activity, by creation or by repository.");
}

/** @returns the words of a search, in lower case, each once */
function parseSearch(search: string): string[] {
  if (search.length > SEARCH_LENGTH) {
    throw refusal(`A search has at most ${SEARCH_LENGTH} characters.`);
  }
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > SEARCH_WORDS) throw refusal(`A search has at most ${SEARCH_WORDS} words.`);
  return [...new Set(words)];
}

/**
 * @param repository "owner/name"
 * @returns its parts; null where there is none
 * @throws a 400 Response where GitHub can have no such repository
 */
export function parseRepository(repository: string | null): Repository | null {
  if (repository === null) return null;
  const [owner, name, ...rest] = repository.split("/");
  const parsed = repositoryShape.safeParse({ owner, name });
  if (parsed.success && rest.length === 0) return parsed.data;
  throw refusal("The repository in this link is none: it should look like “owner/name”.");
}

function refusal(message: string): Response {
  return new Response(message, { status: 400 });
}

/** @returns a cursor as it stands in a URL */
export function formatCursor({ direction, time, id, repo }: Cursor): string {
  return [direction, time, id, ...(repo === undefined ? [] : [repo])].join(".");
}

/**
 * @param view the view that the cursor is a place in
 * @returns the cursor, undefined where there is none
 * @throws a 400 Response where `?cursor=` is none, or none of this view's order
 */
export function parseCursor(cursor: string | null, view: ListView): Cursor | undefined {
  if (cursor === null) return undefined;
  const [, direction, time, rest, repo] =
    /^(older|newer)\.(\d{1,15})\.([^.]+)(?:\.(.+))?$/.exec(cursor) ?? [];
  const id = sessionId.safeParse(rest);
  const fits = ordersByRepository(view) === (repo !== undefined);
  if (time && id.success && fits) {
    return { direction: direction as Cursor["direction"], time: Number(time), id: id.data, repo };
  }
  throw refusal("This link to a part of the list is damaged.");
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
