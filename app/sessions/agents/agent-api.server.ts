/** The HTTP API for agents, authorized by a token: report, read messages, open a live socket. Responses are JSON. */
import { json } from "@remix-run/cloudflare";
import * as z from "zod/mini";
import { sessionObject } from "../../platform/durable-objects.server";
import { readForm } from "../../platform/http/form.server";
import { openSocket } from "../../platform/http/socket.server";
import { attempt } from "../../platform/log";
import { hashToken } from "../../platform/token.server";
import type { AgentAnswer } from "../protocol/object-answers";
import { itemInput } from "../item-input.server";
import { messageText, parseAfter, parseSessionId, titleInput } from "../session-input.server";

/** How long a GET waits for new messages, in milliseconds: less than the timeout of proxies. */
const LONG_POLL_TIMEOUT = 25_000;

/** The format of a token, as `SessionDO.connectAgent` creates it. */
const TOKEN = /^ship_[0-9a-f]{64}$/;

/**
 * The action that stores an agent's report. Idempotent by the report's key.
 *
 * @param id the session's id, from the path
 * @param token the bearer token; undefined if there is none
 * @returns 201 with `{ message, item }`, the ids of its message, null without one, and of its item; or 4xx or 5xx with `{ error }`
 */
export function reportAction(
  request: Request,
  env: Env,
  id: string | undefined,
  token: string | undefined,
) {
  return withToken(token, async (hash) => {
    const checked = reportInput.safeParse(await readReport(request));
    if (!checked.success) return jsonError(400, checked.error.issues[0]?.message ?? "");
    const { text, status, title, item, key = crypto.randomUUID() } = checked.data;
    const session = parseSessionId(id);
    const answer = await attempt("report", async () =>
      sessionObject(env, session).report(hash, { text, status, title, item, key }),
    );
    if (answer?.state !== "ready") return notDone(answer);
    const { message, item: placed } = answer;
    return json({ message, ...(placed !== undefined && { item: placed }) }, { status: 201 });
  });
}

/**
 * The loader of messages. With `?after=`, the messages after the one with that id: a GET waits for one (long polling).
 * Without it, the newest messages at once.
 *
 * @returns 200 with `{ messages }`, oldest first and empty after a timeout; or 4xx or 5xx with `{ error }`
 */
export function messagesLoader(
  request: Request,
  env: Env,
  id: string | undefined,
  token: string | undefined,
) {
  return withToken(token, async (hash) => {
    const after = parseAfter(new URL(request.url).searchParams.get("after"));
    const session = parseSessionId(id);
    const wait = request.method === "GET" ? LONG_POLL_TIMEOUT : 0;
    const answer = await attempt("read", async () =>
      sessionObject(env, session).read(hash, after, wait),
    );
    if (answer?.state !== "ready") return notDone(answer);
    return json({ messages: answer.messages });
  });
}

/**
 * The loader of items: those that have changed after the change `?since=`, 0 if it is not there. A GET waits for a change
 * (long polling).
 *
 * @returns 200 with `{ items }`, oldest change first and empty after a timeout; or 4xx or 5xx with `{ error }`
 */
export function itemsLoader(
  request: Request,
  env: Env,
  id: string | undefined,
  token: string | undefined,
) {
  return withToken(token, async (hash) => {
    const since = parseAfter(new URL(request.url).searchParams.get("since")) ?? 0;
    const session = parseSessionId(id);
    const wait = request.method === "GET" ? LONG_POLL_TIMEOUT : 0;
    const answer = await attempt("read", async () =>
      sessionObject(env, session).readItems(hash, since, wait),
    );
    if (answer?.state !== "ready") return notDone(answer);
    return json({ items: answer.items });
  });
}

/** The loader that opens the live socket of an agent, which begins with the messages after `?after=`. */
export function liveLoader(request: Request, env: Env, id: string | undefined, token: string) {
  return withToken(token, async (hash) => {
    const after = parseAfter(new URL(request.url).searchParams.get("after"));
    const session = parseSessionId(id);
    const from: Record<string, string> = after === undefined ? {} : { after: `${after}` };
    const listener = { token: hash, ...from };
    const answer = await attempt("listen", () =>
      openSocket(request, () => sessionObject(env, session), listener),
    );
    return answer ?? notDone(undefined);
  });
}

async function readReport(request: Request): Promise<unknown> {
  const type = request.headers.get("Content-Type") ?? "";
  if (!/^application\/json\b/i.test(type)) return readForm(request);
  return request.json().catch(() => {
    throw new Response("This is not JSON.", { status: 400 });
  });
}

/**
 * Runs a handler with the token's hash, and turns a text Response that it throws into JSON. A malformed token is
 * refused without calling the session's object, so that nobody can wake objects at will. A session that does not exist
 * (404) is answered like a wrong token (401).
 *
 * @param token the bearer token; undefined if there is none
 * @param answer the handler; gets the token's hash
 */
async function withToken(
  token: string | undefined,
  answer: (hash: string) => Promise<Response>,
): Promise<Response> {
  if (token === undefined || !TOKEN.test(token)) return notDone({ state: "refused" });
  try {
    return await answer(await hashToken(token));
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    if (thrown.status === 404) return notDone({ state: "refused" });
    return jsonError(thrown.status, await thrown.text());
  }
}

function notDone(answer: Exclude<AgentAnswer, { state: "ready" }> | undefined): Response {
  switch (answer?.state) {
    case "refused":
      return jsonError(
        401,
        "This token is not one of this session’s, or it was revoked, or not used for 90 days.",
        {
          "WWW-Authenticate": "Bearer",
        },
      );
    case "deleting":
      return jsonError(410, "This session is being deleted.");
    case "limited": {
      const seconds = Math.ceil(answer.wait / 1000);
      return jsonError(429, `Too many requests within a minute. Try again in ${seconds} seconds.`, {
        "Retry-After": `${seconds}`,
      });
    }
    case "full":
      return jsonError(507, "This session is full. Report into a new one.");
    default:
      return jsonError(
        503,
        "The session did not answer. Send it again with the same key; it will not be there twice.",
      );
  }
}

function jsonError(status: number, error: string, headers: HeadersInit = {}): Response {
  return json({ error }, { status, headers });
}

/** An agent's report: a text, a status, a title or several of them, and an idempotency key that the agent may choose. */
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
      title: z.optional(
        titleInput("A title is text.").check(z.minLength(1, "A title has at least one character.")),
      ),
      item: z.optional(itemInput),
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
    z.refine(
      ({ text, status, title, item }) =>
        [text, status, title, item].some((part) => part !== undefined),
      {
        error: "Send a text, a status, a title or an item.",
      },
    ),
    z.refine(({ text, item }) => text === undefined || item === undefined, {
      error: "Send a text or an item, not both.",
    }),
  );
