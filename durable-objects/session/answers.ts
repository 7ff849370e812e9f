/** Builds the answers of a session's object: for its owner, for agents, and for a WebSocket that is refused. */
import type { AgentMessage } from "../../app/sessions/protocol/live-messages";
import type { Message } from "../../app/sessions/protocol/message";
import type { ObjectAnswer } from "../../app/sessions/protocol/object-answers";
import type { SessionMetadata } from "../../app/sessions/protocol/session";
import type { RunReport } from "../../app/sessions/protocol/run";
import type { Runs } from "./runs/runs";
import type { State } from "./state";

/**
 * Checks that the requesting user is the owner: only then the answer has what `content` returns.
 *
 * @param state undefined if nothing is stored
 * @param content called only if the session belongs to this user and is not being deleted
 */
export function answerOwner<Content extends object>(
  userId: string,
  state: State | undefined,
  content: (state: State) => Content,
): ObjectAnswer<Content> {
  if (!state) return { state: "empty" };
  if (state.user_id !== userId) return { state: "foreign" };
  if (state.deleting) return { state: "deleting" };
  return { state: "ready", ...content(state) };
}

/** @returns the part of the state that callers of the object may see */
export function metadata(state: State): SessionMetadata {
  const { id, user_id, repo_owner, repo_name, branch, auto_title } = state;
  const { created_at, last_activity, message_count } = state;
  const { agent_status, status_rev, agent_at, agent_message, agent_tokens } = state;
  const { asks, runner_id, assign, agent } = state;
  return {
    ...{ id, user_id, repo_owner, repo_name, branch, auto_title },
    ...{ created_at, last_activity, message_count },
    ...{ agent_status, status_rev, agent_at, agent_message, agent_tokens },
    ...{ asks, runner_id, assign, agent },
  };
}

/** @returns a session's runs as pages show them */
export function runReport(state: State, runs: Runs): RunReport {
  const running = runs.running();
  return {
    running: running ? { id: running.id, isStopping: running.stop === 1 } : null,
    handled: state.runner_id === null ? null : state.handled,
  };
}

/** @returns a message as an agent reads it: without its idempotency key */
export function agentView({ id, role, author, text, created_at }: Message): AgentMessage {
  return { id, role, author, text, created_at };
}

/** @returns the response to a WebSocket upgrade that is refused */
export function refusedSocket(status: number, error: string, headers: HeadersInit = {}): Response {
  return Response.json({ error }, { status, headers });
}
