import { DurableObject } from "cloudflare:workers";
import { personObject } from "../../app/platform/durable-objects.server";
import { listenerOf } from "../../app/platform/http/socket.server";
import { attempt } from "../../app/platform/log";
import { isStillAllowed } from "../../app/platform/users.server";
import {
  CLOSED,
  type AgentMessage,
  type RowMessage,
} from "../../app/sessions/protocol/live-messages";
import type { Item } from "../../app/sessions/protocol/item";
import type { NewMessage } from "../../app/sessions/protocol/message";
import type {
  AgentAnswer,
  NewReport,
  NewToken,
  ObjectAnswer,
  Reported,
} from "../../app/sessions/protocol/object-answers";
import type { Assignment, SessionRow, Task } from "../../app/sessions/protocol/session";
import type { CompanionEnv } from "../env";
import { LiveSockets } from "../live-sockets";
import { Agents } from "./reporting/agents";
import { answerOwner } from "./answers";
import { Lifecycle } from "./lifecycle";
import { News } from "./news";
import { Owner } from "./owner";
import { PageSockets } from "./page-sockets";
import { AFTER_TOKEN, RowSync } from "./row-sync";
import { RunSteps } from "./runs/run-steps";
import { RunnerLink } from "./runs/runner-link";
import { RunnerSockets } from "./runs/runner-sockets";
import type { State } from "./state";
import { SessionStorage } from "./storage";
import { Waiting } from "./reporting/waiting";

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
    onTask: (task) => this.#lifecycle.take(task),
    onRow: (row, isRunnerValid) => this.#runs.follow(row, isRunnerValid),
    clear: () => this.#lifecycle.clear(),
  });
  readonly #waiting = new Waiting();
  readonly #news = new News(this.#storage, this.#live, this.#rowSync, this.#waiting);
  readonly #runnerSockets = new RunnerSockets(this.ctx);
  readonly #runs = new RunSteps(this.#storage, this.#runnerSockets, this.#news);
  readonly #runner = new RunnerLink(this.#storage, this.#runnerSockets, this.#news, this.#runs);
  readonly #owner = new Owner(this.#storage, this.#news, this.#runs);
  readonly #pages = new PageSockets(() => this.env, this.#storage, this.#live);
  readonly #agents = new Agents(() => this.env, this.#storage, this.#live, this.#waiting, {
    onChange: (before, changes) => this.#news.changed(before, changes),
    onTokensChange: () => this.#rowSync.armWithin(AFTER_TOKEN),
  });
  readonly #lifecycle: Lifecycle = new Lifecycle({
    ...{ ctx: this.ctx, storage: this.#storage, live: this.#live, rowSync: this.#rowSync },
    ...{ news: this.#news, runs: this.#runs, waiting: this.#waiting },
  });

  /** Creates the state of an empty object: see `Lifecycle.initialize`. */
  initialize(row: SessionRow, task?: Task): ReturnType<Lifecycle["initialize"]> {
    return this.#lifecycle.initialize(row, task);
  }

  /** Reads what is stored of the session as a whole: see `Owner.snapshot`. */
  snapshot(userId: string): ReturnType<Owner["snapshot"]> {
    return this.#owner.snapshot(userId);
  }

  /** Reads a page: see `Owner.conversation`. */
  conversation(userId: string, before: number | undefined): ReturnType<Owner["conversation"]> {
    return this.#owner.conversation(userId, before);
  }

  /** Reads a batch of messages: see `Owner.messages`. */
  messages(userId: string, after: number): ReturnType<Owner["messages"]> {
    return this.#owner.messages(userId, after);
  }

  /** Reads a batch of items: see `Owner.items`. */
  items(userId: string, after: number): ReturnType<Owner["items"]> {
    return this.#owner.items(userId, after);
  }

  /** Adds a message: see `Owner.append`. */
  append(userId: string, message: NewMessage): ReturnType<Owner["append"]> {
    return this.#owner.append(userId, message);
  }

  /** Answers a request: see `Owner.answer`. */
  answer(userId: string, item: number, option: string, by: string): ReturnType<Owner["answer"]> {
    return this.#owner.answer(userId, item, option, by);
  }

  /** Stops a run: see `Owner.stop`. */
  stop(userId: string, run: string): ReturnType<Owner["stop"]> {
    return this.#owner.stop(userId, run);
  }

  /** Takes back a message: see `Owner.withdraw`. */
  withdraw(userId: string, message: number): ReturnType<Owner["withdraw"]> {
    return this.#owner.withdraw(userId, message);
  }

  /** Frees the session for another runner: see `Owner.leave`. */
  leave(userId: string): ReturnType<Owner["leave"]> {
    return this.#owner.leave(userId);
  }

  /** Gives the session to another runner: see `Owner.moved`. */
  moved(userId: string, assignment: Assignment): ReturnType<Owner["moved"]> {
    return this.#owner.moved(userId, assignment);
  }

  /** Ends what a runner does here: see `Owner.disconnectRunner`. */
  disconnectRunner(userId: string, runner: string): ReturnType<Owner["disconnectRunner"]> {
    return this.#owner.disconnectRunner(userId, runner);
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
   * Opens a live socket.
   *
   * @param request carries who listens: `user` and `signIn`, `user` and `runner`, or `token`, as the app has checked them
   */
  override async fetch(request: Request): Promise<Response> {
    const listener = listenerOf(request);
    if (listener.has("runner")) return this.#runner.open(listener);
    return listener.has("token") ? this.#agents.listen(listener) : this.#pages.open(listener);
  }

  override async webSocketClose(): Promise<void> {
    await this.#pages.unwatchIfNoneOpen();
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    if (this.#runner.receive(socket, data)) return;
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

  /** Begins the deletion: see `Lifecycle.prepare`. */
  prepare(userId: string, row?: SessionRow): ObjectAnswer {
    return this.#lifecycle.prepare(userId, row);
  }

  /** Clears the storage of an object that is `deleting`: see `Lifecycle.wipe`. */
  wipe(userId: string): ObjectAnswer {
    return this.#lifecycle.wipe(userId);
  }

  override async alarm(): Promise<void> {
    if (this.#storage.state()) {
      this.#agents.endExpired();
      this.#runs.judge();
    }
    const row = await this.#rowSync.run(this.env);
    if (row) {
      const { id, user_id, status, heading } = row;
      this.#live.broadcastToPages({ type: "row", status, heading });
      await attempt("tell-list", async () =>
        personObject(this.env, user_id).listChanged([id], user_id),
      );
    }
    await this.#endUnlessAllowed();
  }

  /**
   * Revokes all tokens, and ends what a runner does here, if the owner may not use this Ship any more. They stay revoked
   * if the owner is allowed again.
   */
  async #endUnlessAllowed(): Promise<void> {
    const state = this.#storage.state();
    if (!state || (state.agent_tokens === 0 && state.runner_id === null)) return;
    const allowed = await attempt("owner-allowed", () => isStillAllowed(this.env, state.user_id));
    if (allowed !== false || !this.#storage.state()) return;
    this.#agents.revokeAll();
    if (state.runner_id !== null) this.#runs.disconnect(state.runner_id);
  }

  #answer<Content extends object>(
    userId: string,
    content: (state: State) => Content,
  ): ObjectAnswer<Content> {
    return answerOwner(userId, this.#storage.state(), content);
  }
}
