import { DurableObject } from "cloudflare:workers";
import { personObject } from "../../app/platform/durable-objects.server";
import { listenerOf } from "../../app/platform/http/socket.server";
import { attempt } from "../../app/platform/log";
import { CLOSED } from "../../app/sessions/protocol/live-messages";
import type { AgentMessage, RowMessage } from "../../app/sessions/protocol/live-messages";
import type { Item, ShownItem } from "../../app/sessions/protocol/item";
import type { Message, NewMessage } from "../../app/sessions/protocol/message";
import type {
  AgentAnswer,
  AgentToken,
  NewReport,
  NewToken,
  NoRoom,
  ObjectAnswer,
  Reported,
  RequestAnswer,
} from "../../app/sessions/protocol/object-answers";
import type { SessionMetadata, SessionRow, Task } from "../../app/sessions/protocol/session";
import type { CompanionEnv } from "../env";
import { LiveSockets } from "../live-sockets";
import { Agents } from "./agents";
import { answerOwner, metadata } from "./answers";
import { News } from "./news";
import { PageSockets } from "./page-sockets";
import { AFTER_BIRTH, AFTER_TOKEN, RowSync } from "./row-sync";
import { SessionStorage, type State } from "./storage";

/**
 * One per session. Stores the session's metadata, messages and agents' tokens; D1 stores that the session exists, and
 * its status.
 *
 * Only `initialize` and `prepare` create storage; the constructor and all reads write nothing. Each method reads its
 * state and writes it without an await in between. The owner's methods take the requesting user's id and answer
 * `foreign` to anyone else; the agents' methods take the hash of a token and answer `refused` if it is not one of this
 * session's.
 */
export class SessionDO extends DurableObject<CompanionEnv> {
  readonly #storage = new SessionStorage(this.ctx.storage);
  readonly #live = new LiveSockets(this.ctx);
  readonly #rowSync = new RowSync(this.ctx.storage, this.#storage, {
    onTask: (task) => this.#take(task),
    clear: () => this.#clear(),
  });
  readonly #pages = new PageSockets(() => this.env, this.#storage, this.#live);
  readonly #news = new News(this.#storage, this.#live, this.#rowSync, () => this.#agents.wake());
  readonly #agents: Agents = new Agents(() => this.env, this.#storage, this.#live, {
    onReport: (message, isUrgent) => this.#news.added(message, isUrgent),
    onItems: (items, isUrgent) => this.#news.changed(items, isUrgent),
    onTokensChange: () => this.#rowSync.armWithin(AFTER_TOKEN),
  });

  /**
   * Creates the state of an empty object. An object that has state keeps it. Takes the task unless it has done so before.
   *
   * @param row just read from D1's primary, together with the task, if D1 has it @returns the text of the task, if taken
   */
  initialize(row: SessionRow, task?: Task): ObjectAnswer<{ task: string | undefined }> {
    return answerOwner(row.user_id, this.#storage.state() ?? this.#make(row, 0, task), () => {
      if (task) this.#take(task);
      return { task: this.#storage.takenTask() };
    });
  }

  /** @returns metadata and message count */
  snapshot(userId: string): ObjectAnswer<{ session: SessionMetadata }> {
    return this.#answer(userId, (state) => ({ session: metadata(state) }));
  }

  /**
   * @param before only items before the one with this id; undefined for the newest
   * @returns metadata, a page of items, oldest first, and the tokens of agents
   */
  conversation(
    userId: string,
    before: number | undefined,
  ): ObjectAnswer<{ session: SessionMetadata; items: ShownItem[]; tokens: AgentToken[] }> {
    return this.#answer(userId, (state) => ({
      session: metadata(state),
      items: this.#storage.items.page(before ?? Number.MAX_SAFE_INTEGER),
      tokens: this.#storage.tokens.list(Date.now()),
    }));
  }

  /** @returns the messages after the one with this id as they were written, oldest first, at most one batch */
  messages(userId: string, after: number): ObjectAnswer<{ messages: Message[] }> {
    return this.#answer(userId, () => ({ messages: this.#storage.messages.after(after) }));
  }

  /** @returns the items but messages behind the one with this id, oldest first, at most one batch */
  items(userId: string, after: number): ObjectAnswer<{ items: Item[] }> {
    return this.#answer(userId, () => ({ items: this.#storage.items.after(after) }));
  }

  /** Answers a request of an agent. @returns the item as it is now, if it is one, and whether this answer counts */
  answer(userId: string, item: number, option: string, by: string): ObjectAnswer<RequestAnswer> {
    return this.#answer(userId, () =>
      this.#news.answered(this.#storage.answer(item, option, by, Date.now())),
    );
  }

  /** Adds a message of the owner. One with an idempotency key that is stored already is not added again. */
  append(userId: string, message: NewMessage): ObjectAnswer | NoRoom {
    const now = Date.now();
    const answer = this.#answer(userId, () => ({}));
    if (answer.state !== "ready" || this.#storage.findKey(message.client_key, now)) return answer;
    if (this.#storage.isFull) return { state: "full" };
    const wait = this.#storage.countMessage(now);
    if (wait > 0) return { state: "limited", wait };
    const added = this.#storage.append(message, now);
    this.#news.added(added, this.#storage.markAnswered());
    return answer;
  }

  /** Creates a token for an agent: see `Agents.connect`. */
  connectAgent(userId: string, name: string, formKey: string): Promise<ObjectAnswer<NewToken>> {
    return this.#agents.connect(name, formKey, (make) => this.#answer(userId, make));
  }

  /** Revokes a token, and closes the sockets that were opened with it. */
  revokeAgent(userId: string, token: number): ObjectAnswer {
    return this.#answer(userId, () => {
      this.#agents.revoke(token);
      return {};
    });
  }

  /** Revokes all tokens, and closes the sockets that were opened with them. */
  revokeAgents(userId: string): ObjectAnswer {
    return this.#answer(userId, () => {
      this.#agents.revokeAll();
      return {};
    });
  }

  /** Stores an agent's report: see `Agents.report`. */
  report(tokenHash: string, report: NewReport): Promise<AgentAnswer<Reported>> {
    return this.#agents.report(tokenHash, report);
  }

  /** Reads messages for an agent, and waits for some: see `Agents.read`. */
  read(
    tokenHash: string,
    after: number | undefined,
    wait: number,
  ): Promise<AgentAnswer<{ messages: AgentMessage[] }>> {
    return this.#agents.read(tokenHash, after, wait);
  }

  /** Reads for an agent what has changed of items, and waits for some: see `Agents.readItems`. */
  readItems(
    tokenHash: string,
    since: number,
    wait: number,
  ): Promise<AgentAnswer<{ items: Item[] }>> {
    return this.#agents.readItems(tokenHash, since, wait);
  }

  /**
   * Opens a live socket that begins with the messages after the one with id `after`.
   *
   * @param request carries who listens: `user` and `signIn`, or `token`, as the app has checked them
   */
  override async fetch(request: Request): Promise<Response> {
    const listener = listenerOf(request);
    return listener.has("token") ? this.#agents.listen(listener) : this.#pages.open(listener);
  }

  override async webSocketClose(): Promise<void> {
    await this.#pages.unwatchIfNoneOpen();
  }

  override webSocketMessage(socket: WebSocket): void {
    socket.close(CLOSED.unexpected.code, CLOSED.unexpected.reason);
  }

  /** Sends the owner's open pages what this object does not know by itself. */
  notifyPages(userId: string, message: RowMessage): ObjectAnswer {
    return this.#pages.notify(userId, message);
  }

  /** Closes the sockets of pages in browsers that signed out, including sockets that are being opened right now. */
  signedOut(userId: string, signIns: string[]): Promise<ObjectAnswer> {
    return this.#pages.closeSignedOut(userId, signIns);
  }

  /**
   * Begins the deletion: from now on the object refuses everything else, and its alarm finishes if the caller does not.
   *
   * @param row for an object that answered `empty`: its row, just read from D1's primary
   * @returns `deleting` if it has begun, now or earlier
   */
  prepare(userId: string, row?: SessionRow): ObjectAnswer {
    const state = this.#storage.state() ?? (row && this.#make(row, 1));
    const answer = answerOwner(userId, state, () => ({}));
    if (answer.state !== "ready") return answer;
    this.#storage.markDeleting();
    this.#rowSync.armWithin(AFTER_BIRTH);
    this.#live.closeAll();
    this.#agents.wake();
    return { state: "deleting" };
  }

  /** Clears the storage of an object that is `deleting`; its row must be deleted. @returns `empty` if it was cleared */
  wipe(userId: string): ObjectAnswer {
    const answer = this.#answer(userId, () => ({}));
    if (answer.state !== "deleting") return answer;
    this.#clear();
    return { state: "empty" };
  }

  override async alarm(): Promise<void> {
    if (this.#storage.state()) this.#agents.endExpired();
    const row = await this.#rowSync.run(this.env);
    if (row) {
      const { id, user_id, status, heading } = row;
      this.#live.broadcastToPages({ type: "row", status, heading });
      await attempt("tell-list", async () =>
        personObject(this.env, user_id).listChanged([id], user_id),
      );
    }
    await this.#agents.revokeUnlessAllowed();
  }

  /** Takes the task as a message, unless it was taken before. */
  #take(task: Task): void {
    const placed = this.#storage.takeTask(task);
    if (placed) this.#news.added(placed);
  }

  #answer<Content extends object>(
    userId: string,
    content: (state: State) => Content,
  ): ObjectAnswer<Content> {
    return answerOwner(userId, this.#storage.state(), content);
  }

  #make(row: SessionRow, deleting: 0 | 1, task?: Task): State {
    this.#storage.make(row, deleting, task);
    this.#rowSync.armWithin(AFTER_BIRTH);
    return this.#storage.state() as State;
  }

  /** No await between the two calls, so that a crash cannot leave an alarm without state. */
  #clear() {
    void this.ctx.storage.deleteAlarm();
    void this.ctx.storage.deleteAll();
    this.#live.closeAll();
  }
}
