import type { AppLoadContext } from "@remix-run/cloudflare";
import { read, write } from "../../platform/database.server";
import { sessionObject } from "../../platform/durable-objects.server";
import { asksForSocket, openSocket } from "../../platform/http/socket.server";
import { attempt } from "../../platform/log";
import { isAllowed, isLocalUser } from "../../platform/users.server";
import { refuseForGood } from "../../runners/runner-api.server";
import {
  isUseNews,
  noteUse,
  ownerOfToken,
  readRunner,
  type TokensRunner,
} from "../../runners/runners.server";
import type { SessionRow, Task } from "../../sessions/protocol/session";
import { sessionId } from "../../sessions/session-input.server";
import { readRow, readTask } from "../../sessions/session-table.server";

/**
 * Opens the socket of a runner with a session (docs/decisions/0010). D1's primary says whether it may: the token is valid,
 * its owner may use this Ship and owns the session, and the session is given to this very runner. An object that is still
 * empty is made from the row first, because the runner's first frame needs its state.
 *
 * @param tokenHash of a token that looks like a runner's
 * @param id the session's id, from the path
 * @returns the response that opens the socket; a refusal with `final` if it may not be opened; 426 if the request is no
 *   upgrade; 503 if D1 or the object cannot be reached, so that the runner tries again
 */
export async function openRunSocket(
  request: Request,
  context: AppLoadContext,
  tokenHash: string,
  id: string | undefined,
): Promise<Response> {
  // Before anything is asked: a plain GET may not initialize an object.
  if (!asksForSocket(request)) return failed(426, "Open a WebSocket here.");
  const found = await attempt("runner-gate", () => find(context, tokenHash, id));
  if (!found) return unreachable();
  const { runner, row, task } = found;
  if (!runner) return refuseForGood(401);
  if (!mayUse(context.env, runner)) return refuseForGood(403);
  noteLater(context, runner);
  if (!row) return refuseForGood(404);
  if (row.runner_id !== runner.id) return refuseForGood(409);
  return (
    (await attempt("runner-open", () => open(request, context.env, row, task))) ?? unreachable()
  );
}

/** Reads the runner, the session if it is the runner's owner's, and its task if no object has taken it, in one batch. */
async function find(
  { reads, now }: AppLoadContext,
  tokenHash: string,
  id: string | undefined,
): Promise<{
  runner: TokensRunner | undefined;
  row: SessionRow | undefined;
  task: Task | undefined;
}> {
  const owner = ownerOfToken(tokenHash, now);
  // A path without a session's id still tells an invalid token from a session that does not exist.
  const session = sessionId.safeParse(id).data?.toLowerCase() ?? "";
  const [[runner], [row], [task]] = await read(
    reads,
    readRunner(tokenHash, now),
    readRow(session, owner),
    readTask(session, owner),
  );
  return { runner, row, task };
}

function mayUse({ ALLOWED_USERS }: Env, { user_id: id, login }: TokensRunner): boolean {
  return isLocalUser(id) || isAllowed(ALLOWED_USERS, { id, login: login ?? "" });
}

/** Stores after the response that the token was used. */
function noteLater({ env, now, waitUntil }: AppLoadContext, runner: TokensRunner): void {
  if (!isUseNews(runner, now)) return;
  waitUntil(attempt("runner-used", () => write(env.DB, [noteUse(runner, now)])));
}

async function open(
  request: Request,
  env: Env,
  row: SessionRow,
  task: Task | undefined,
): Promise<Response> {
  const object = sessionObject(env, row.id);
  const { state } = await object.initialize(row, task);
  if (state !== "ready") return refuseForGood(404); // It is being deleted.
  return openSocket(request, () => object, {
    user: row.user_id,
    runner: row.runner_id!,
    assign: `${row.assign}`,
    agent: row.agent ?? "",
  });
}

function unreachable(): Response {
  return failed(503, "The session could not be reached just now. Try again.");
}

/** @returns a failure that may pass */
function failed(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
