import { DurableObject } from "cloudflare:workers";
import { isStillAllowed } from "../../app/platform/allowed-users.server";
import { attempt } from "../../app/platform/log";
import { personObject } from "../../app/platform/durable-objects.server";
import { listenerOf } from "../../app/platform/http/socket.server";
import { hashToken, randomToken } from "../../app/platform/token.server";
import {
  agentReport,
  type SessionMetadata,
  type SessionRow,
} from "../../app/sessions/protocol/session";
import {
  type AgentAnswer,
  type NoRoom,
  type ObjectAnswer,
} from "../../app/sessions/protocol/object-answers";
import {
  type AgentToken,
  type NewReport,
  type NewToken,
} from "../../app/sessions/protocol/object-answers";
import {
  type Message,
  type NewMessage,
  type ShownMessage,
} from "../../app/sessions/protocol/message";
import {
  CLOSED,
  type AgentMessage,
  type LiveMessage,
} from "../../app/sessions/protocol/live-messages";
import { LiveSockets } from "../live-sockets";
import { renderable, type ParsedMessage } from "./messages";
import { AFTER_APPEND, AFTER_BIRTH, AFTER_TOKEN, RowSync } from "./row-sync";
import { SessionStorage, type State } from "./storage";
import type { CompanionEnv } from "../env";

const READ_FIRST = "More messages were missed than are said at once: read them first.";

/** How many tokens a session may have, and how many requests one of them may make in a minute. */
const TOKEN_LIMIT = 20;
const REQUESTS_PER_MINUTE = 120;
/** How many messages the owner may write in a minute. */
const MESSAGES_PER_MINUTE = 120;

/**
 * The content of one session: its metadata, messages and agents. D1 says whether the session exists and what its status is.
 *
 * Storage is made by `initialize` and `prepare` alone; the constructor and every read write nothing. Each method is one
 * turn: it never awaits between reading its state and writing it. The owner's methods take the asking user's id and answer
 * `foreign` to anyone else; the agents' methods take the hash of a token, and answer `refused` where it is not one of this
 * session's.
 */
export class SessionDO extends DurableObject<CompanionEnv> {
  readonly #storage = new SessionStorage(this.ctx.storage);
  readonly #live = new LiveSockets(this.ctx);
  readonly #duty = new RowSync(this.ctx.storage, this.#storage, () => this.#clear());
  /** Agents that wait for news. */
  readonly #waiting = new Set<() => void>();
  /** The coming and going of pages: done when the last of them is. */
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * Makes the state of an empty object from a row that the caller has just read from D1's primary.
   * An object that has state keeps it.
   */
  initialize(row: SessionRow): ObjectAnswer {
    return this.#answer(row.user_id, this.#storage.state() ?? this.#make(row, 0), () => ({}));
  }

  /** @returns metadata and message count */
  snapshot(userId: string): ObjectAnswer<{ session: SessionMetadata }> {
    return this.#answer(userId, this.#storage.state(), (state) => ({ session: metadata(state) }));
  }

  /**
   * @param before only messages older than the one with this id; undefined for the newest
   * @returns metadata, a page of messages, oldest first, and the tokens of agents
   */
  conversation(
    userId: string,
    before: number | undefined,
  ): ObjectAnswer<{ session: SessionMetadata; messages: ShownMessage[]; tokens: AgentToken[] }> {
    return this.#answer(userId, this.#storage.state(), (state) => ({
      session: metadata(state),
      messages: this.#storage.messages.page(before ?? Number.MAX_SAFE_INTEGER),
      tokens: this.#storage.tokens(Date.now()),
    }));
  }

  /** @returns the messages after the one with this id as they were written, oldest first, a batch at the most */
  messages(userId: string, after: number): ObjectAnswer<{ messages: Message[] }> {
    return this.#answer(userId, this.#storage.state(), () => ({
      messages: this.#storage.messages.after(after),
    }));
  }

  /** Adds a message; one with a client key seen before is not added again. */
  append(userId: string, message: NewMessage): ObjectAnswer | NoRoom {
    const now = Date.now();
    const answer = this.#answer(userId, this.#storage.state(), () => ({}));
    if (answer.state !== "ready" || this.#storage.findKey(message.client_key, now)) return answer;
    if (this.#storage.isFull) return { state: "full" };
    const wait = this.#storage.countMessage(MESSAGES_PER_MINUTE, now);
    if (wait > 0) return { state: "limited", wait };
    this.#changed(this.#storage.append(message, now));
    return answer;
  }

  /**
   * Makes a token by which an agent reports in.
   *
   * @param formKey the form's idempotency key
   * @returns the token, which is kept nowhere and shown once; or why none was made (see `SessionStorage.addToken`)
   */
  async connectAgent(
    userId: string,
    name: string,
    formKey: string,
  ): Promise<ObjectAnswer<NewToken>> {
    const token = `ship_${randomToken()}`;
    const hash = await hashToken(token);
    return this.#answer(userId, this.#storage.state(), () => {
      this.#endUnusedTokens();
      const added = this.#storage.addToken({ name, hash, formKey }, TOKEN_LIMIT, Date.now());
      if (added !== "added") return { token: undefined, refused: added };
      this.#duty.armWithin(AFTER_TOKEN);
      return { token };
    });
  }

  /** Ends a token, and what is open by it. */
  revokeAgent(userId: string, token: number): ObjectAnswer {
    return this.#answer(userId, this.#storage.state(), () => {
      this.#storage.removeToken(token);
      this.#tokensEnded([token]);
      return {};
    });
  }

  /** Ends all tokens, and what is open by them. */
  revokeAgents(userId: string): ObjectAnswer {
    return this.#answer(userId, this.#storage.state(), () => {
      this.#tokensEnded(this.#storage.removeAllTokens());
      return {};
    });
  }

  /** Keeps what an agent reports. @returns the id of the message that its words are; null where it said none */
  async report(
    tokenHash: string,
    report: NewReport,
  ): Promise<AgentAnswer<{ message: number | null }>> {
    const now = Date.now();
    const agent = await this.#answerAgent(tokenHash, (token) => ({ token }));
    if (agent.state !== "ready") return agent;
    const key = `agent ${agent.token.id} ${report.key}`; // Each token has its own keys.
    const kept = this.#storage.findKey(key, now);
    if (kept) return { state: "ready", ...kept };
    if (this.#storage.isFull) return { state: "full" };
    const message = this.#storage.report(agent.token, report, key, now);
    this.#changed(message);
    return { state: "ready", message: message?.id ?? null };
  }

  /**
   * @param after only messages newer than the one with this id; undefined for the newest ones
   * @param wait how long to wait for one, in milliseconds
   * @returns a batch of messages at the most, oldest first; none where none came
   */
  async read(
    tokenHash: string,
    after: number | undefined,
    wait: number,
  ): Promise<AgentAnswer<{ messages: AgentMessage[] }>> {
    const answer = await this.#answerAgent(tokenHash, () => this.#read(after));
    if (answer.state !== "ready" || after === undefined || answer.messages.length > 0)
      return answer;
    await this.#news(wait);
    const found = this.#findAgent(tokenHash);
    return found.state === "ready" ? { state: "ready", ...this.#read(after) } : found;
  }

  /**
   * Opens a live socket, and says on it what was said since the message `after`.
   *
   * @param request says who listens: `user` and `signIn`, or `token`, as the app has checked them
   */
  override async fetch(request: Request): Promise<Response> {
    const listener = listenerOf(request);
    const after = listener.has("after") ? Number(listener.get("after")) : undefined;
    const tokenHash = listener.get("token");
    return tokenHash === null
      ? this.#listenAsPage(listener.get("user") ?? "", listener.get("signIn") ?? "", after ?? 0)
      : this.#listenAsAgent(tokenHash, after);
  }

  override async webSocketClose(): Promise<void> {
    await this.#unwatchWithoutPages();
  }

  override webSocketMessage(socket: WebSocket): void {
    socket.close(CLOSED.unexpected.code, CLOSED.unexpected.reason);
  }

  /** Tells the owner's open pages that the session's row has changed. */
  changed(userId: string): ObjectAnswer {
    return this.#answer(userId, this.#storage.state(), () => {
      this.#live.tellPages({ type: "changed" });
      return {};
    });
  }

  /** Closes the owner's open pages in browsers that signed out; one that is just being opened is waited for. */
  async signedOut(userId: string, signIns: string[]): Promise<ObjectAnswer> {
    await this.#turn;
    return this.#answer(userId, this.#storage.state(), () => {
      this.#live.closeSignedOut(signIns);
      return {};
    });
  }

  /**
   * Begins the deletion: from here on the object refuses everything else, and its alarm finishes what the caller may not.
   *
   * @param row for an object that answered `empty`: its row, just read from D1's primary
   * @returns `deleting` when begun, now or earlier
   */
  prepare(userId: string, row?: SessionRow): ObjectAnswer {
    const state = this.#storage.state() ?? (row && this.#make(row, 1));
    const answer = this.#answer(userId, state, () => ({}));
    if (answer.state !== "ready") return answer;
    this.#storage.markDeleting();
    this.#duty.armWithin(AFTER_BIRTH);
    this.#live.closeAll();
    this.#wake();
    return { state: "deleting" };
  }

  /** Clears the storage of an object that is `deleting`; its row must be gone. @returns `empty` when cleared */
  wipe(userId: string): ObjectAnswer {
    const answer = this.#answer(userId, this.#storage.state(), () => ({}));
    if (answer.state !== "deleting") return answer;
    this.#clear();
    return { state: "empty" };
  }

  override async alarm(): Promise<void> {
    if (this.#storage.state()) this.#endUnusedTokens();
    const row = await this.#duty.run(this.env);
    if (row) await this.#tellOfRow(row);
    await this.#revokeUnlessAllowed();
  }

  /** Ends the tokens of an owner who may not use this Ship any more; let in again, they make new ones. */
  async #revokeUnlessAllowed(): Promise<void> {
    const owner = this.#storage.state()?.user_id;
    if (owner === undefined || this.#storage.tokens(Date.now()).length === 0) return;
    const allowed = await attempt("owner-allowed", () => isStillAllowed(this.env, owner));
    if (allowed !== false || !this.#storage.state()) return;
    this.#tokensEnded(this.#storage.removeAllTokens());
  }

  /** Tells open pages and lists how the row stands after the alarm has written it. */
  async #tellOfRow({ id, user_id, status }: SessionRow): Promise<void> {
    this.#live.tellPages({ type: "status", status });
    await attempt("tell-list", async () => personObject(this.env, user_id).listChanged([id]));
  }

  /** A session of which nothing is stored yet has no live page: its first message makes it. */
  async #listenAsPage(userId: string, signIn: string, after: number): Promise<Response> {
    const found = this.#answer(userId, this.#storage.state(), ({ id }) => ({ id }));
    if (found.state !== "ready") return refusedPage(found.state);
    const answer = await this.#inTurn("watch", async () => {
      // First, so that a sign-out from here on finds this socket.
      const welcome = await personObject(this.env, userId).watch(userId, found.id, signIn);
      if (!welcome) return refusedSocket(401, CLOSED.signedOut.reason);
      const answer = this.#answer(userId, this.#storage.state(), (state) => ({
        missed: this.#missedByPage(state, after),
      }));
      return answer.state === "ready"
        ? this.#live.accept({ signIn }, [answer.missed])
        : refusedPage(answer.state);
    });
    if (answer?.webSocket) return answer;
    await this.#unwatchWithoutPages();
    return answer ?? refusedSocket(503, "The session could not be listened to just now.");
  }

  /** The last page that goes is no longer to be told of sign-outs and changes. */
  async #unwatchWithoutPages(): Promise<void> {
    await this.#inTurn("unwatch", async () => {
      const state = this.#storage.state();
      if (!state || this.#live.hasPages) return;
      await personObject(this.env, state.user_id).unwatch(state.id);
    });
  }

  /** One page after the other comes or goes, so that none that goes undoes what one that comes has said. */
  #inTurn<Answer>(step: string, run: () => Promise<Answer>): Promise<Answer | undefined> {
    const answer = this.#turn.then(() => attempt(step, run));
    this.#turn = answer;
    return answer;
  }

  /** Also where nothing was missed: what agents report may have changed. */
  #missedByPage(state: State, after: number): LiveMessage {
    const messages = this.#storage.messages.missed(after);
    if (!messages) return { type: "changed" };
    return { type: "messages", messages, agent: agentReport(state) };
  }

  async #listenAsAgent(tokenHash: string, after: number | undefined): Promise<Response> {
    const answer = await this.#answerAgent(tokenHash, (token, state) => {
      const messages = after === undefined ? [] : this.#read(after).messages;
      const last = messages.at(-1)?.id ?? Infinity;
      if (last < state.message_count) return { socket: refusedSocket(409, READ_FIRST) };
      return { socket: this.#live.accept({ token: token.id }, [{ type: "messages", messages }]) };
    });
    switch (answer.state) {
      case "ready":
        return answer.socket;
      case "deleting":
        return refusedSocket(410, "This session is being deleted.");
      case "limited":
        return refusedSocket(429, "Too many requests within a minute.", {
          "Retry-After": `${Math.ceil(answer.wait / 1000)}`,
        });
      default:
        return refusedSocket(401, "This token is not one of this session’s.");
    }
  }

  #read(after: number | undefined): { messages: AgentMessage[] } {
    const { messages: stored } = this.#storage;
    const messages = after === undefined ? stored.newest() : stored.after(after);
    return { messages: messages.map(agentView) };
  }

  /** Something was said or reported: who listens hears of it at once, the row soon. */
  #changed(message: ParsedMessage | undefined): void {
    this.#duty.armWithin(AFTER_APPEND);
    const agent = agentReport(this.#storage.state() as State);
    if (!message) this.#live.tellPages({ type: "agent", agent });
    else {
      if (this.#live.hasPages) {
        this.#live.tellPages({ type: "messages", messages: [renderable(message)], agent });
      }
      this.#live.tellAgents({ type: "messages", messages: [agentView(message)] });
      this.#wake();
    }
  }

  #endUnusedTokens(): void {
    this.#tokensEnded(this.#storage.removeUnusedTokens(Date.now()));
  }

  /** Ends what is open by tokens that were removed. */
  #tokensEnded(tokens: number[]): void {
    if (tokens.length === 0) return;
    for (const token of tokens) this.#live.closeRevoked(token);
    this.#wake();
    this.#duty.armWithin(AFTER_TOKEN);
  }

  /** @returns when there is news for agents, or `wait` milliseconds are over */
  #news(wait: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** Lets the owner, and nobody else, have what `content` answers from a state that is not being deleted. */
  #answer<Content extends object>(
    userId: string,
    state: State | undefined,
    content: (state: State) => Content,
  ): ObjectAnswer<Content> {
    if (!state) return { state: "empty" };
    if (state.user_id !== userId) return { state: "foreign" };
    if (state.deleting) return { state: "deleting" };
    return { state: "ready", ...content(state) };
  }

  /**
   * Lets an agent, if its token is one of this session's and the owner may use this Ship, have what `content` answers; its
   * requests are counted.
   */
  async #answerAgent<Content extends object>(
    tokenHash: string,
    content: (token: AgentToken, state: State) => Content,
  ): Promise<AgentAnswer<Content>> {
    const asking = this.#findAgent(tokenHash);
    if (asking.state !== "ready") return asking;
    if (!(await isStillAllowed(this.env, asking.session.user_id))) return { state: "refused" };
    const found = this.#findAgent(tokenHash);
    if (found.state !== "ready") return found;
    const wait = this.#storage.countRequest(found.token, REQUESTS_PER_MINUTE, Date.now());
    if (wait > 0) return { state: "limited", wait };
    return { state: "ready", ...content(found.token, found.session) };
  }

  #findAgent(tokenHash: string): AgentAnswer<{ token: AgentToken; session: State }> {
    const session = this.#storage.state();
    const token = session && this.#storage.findToken(tokenHash, Date.now());
    if (!token) return { state: "refused" };
    return session.deleting ? { state: "deleting" } : { state: "ready", token, session };
  }

  #make(row: SessionRow, deleting: 0 | 1): State {
    this.#storage.make(row, deleting);
    this.#duty.armWithin(AFTER_BIRTH);
    return this.#storage.state() as State;
  }

  /** Nothing awaited between the two: an alarm left behind by a crash between them would find no state to wipe. */
  #clear() {
    void this.ctx.storage.deleteAlarm();
    void this.ctx.storage.deleteAll();
    this.#live.closeAll();
  }
}

function metadata(state: State): SessionMetadata {
  const { id, user_id, repo_owner, repo_name, created_at, last_activity, message_count } = state;
  const { agent_status, agent_at, agent_message, agent_tokens } = state;
  return {
    ...{ id, user_id, repo_owner, repo_name, created_at, last_activity, message_count },
    ...{ agent_status, agent_at, agent_message, agent_tokens },
  };
}

function agentView({ id, role, author, text, created_at }: Message): AgentMessage {
  return { id, role, author, text, created_at };
}

/** What a page is answered that is not let in. */
function refusedPage(state: "empty" | "foreign" | "deleting"): Response {
  return state === "deleting"
    ? refusedSocket(410, CLOSED.deleted.reason)
    : refusedSocket(404, CLOSED.notFound.reason);
}

/** What a socket that is not opened is answered with. */
function refusedSocket(status: number, error: string, headers: HeadersInit = {}): Response {
  return Response.json({ error }, { status, headers });
}
