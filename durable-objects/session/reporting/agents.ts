import { isStillAllowed } from "../../../app/platform/users.server";
import { hashToken, randomToken } from "../../../app/platform/token.server";
import type { AgentMessage } from "../../../app/sessions/protocol/live-messages";
import type {
  AgentAnswer,
  AgentToken,
  NewReport,
  NewToken,
  Reported,
} from "../../../app/sessions/protocol/object-answers";
import type { CompanionEnv } from "../../env";
import type { LiveSockets } from "../../live-sockets";
import { agentView, refusedSocket } from "../answers";
import type { Item } from "../../../app/sessions/protocol/item";
import type { Changes } from "../content/run-items";
import type { State } from "../state";
import type { SessionStorage } from "../storage";
import type { Waiting } from "./waiting";

/** @returns what a token's keys begin with as they are stored, because each token has its own */
const keysOf = (token: number) => `agent ${token} `;

/** Callbacks to the rest of the object. */
interface Listeners {
  /** @param before the state before the change @param changes undefined for a status or a title alone */
  onChange: (before: State, changes?: Partial<Changes>) => void;
  onTokensChange: () => void;
}

/**
 * The agents of one session: their tokens, what they report and read, and the requests that wait for messages.
 * A method that takes a token's hash answers `refused` if it is not one of this session's.
 */
export class Agents {
  readonly #env: () => CompanionEnv;
  readonly #storage: SessionStorage;
  readonly #live: LiveSockets;
  readonly #listeners: Listeners;
  readonly #waiting: Waiting;

  constructor(
    env: () => CompanionEnv,
    storage: SessionStorage,
    live: LiveSockets,
    waiting: Waiting,
    listeners: Listeners,
  ) {
    this.#env = env;
    this.#storage = storage;
    this.#live = live;
    this.#waiting = waiting;
    this.#listeners = listeners;
  }

  /**
   * Creates a token.
   *
   * @param formKey the form's idempotency key
   * @param ifAllowed calls `create` if the requesting user may create a token, and returns the answer for that user; it
   *   is called after the hash was computed, so that nothing is awaited between its check and the write
   * @returns the token, of which only the hash is stored, or why none was created (see `Tokens.add`)
   */
  async connect<Answer>(
    name: string,
    formKey: string,
    ifAllowed: (create: () => NewToken) => Answer,
  ): Promise<Answer> {
    const token = `ship_${randomToken()}`;
    const hash = await hashToken(token);
    return ifAllowed(() => {
      this.endExpired();
      const added = this.#storage.tokens.add({ name, hash, formKey }, Date.now());
      if (added !== "added") return { token: undefined, refused: added };
      this.#listeners.onTokensChange();
      return { token };
    });
  }

  /** Revokes one token, and closes the sockets that were opened with it. */
  revoke(token: number): void {
    this.#storage.tokens.remove(token);
    this.#afterRemoving([token]);
  }

  /** Revokes all tokens, likewise. */
  revokeAll(): void {
    this.#afterRemoving(this.#storage.tokens.removeAll());
  }

  /** Removes the tokens that were not used for too long, and expires the requests that were asked too long ago. */
  endExpired(): void {
    this.#afterRemoving(this.#storage.tokens.removeExpired(Date.now()));
    this.#expire((now) => this.#storage.requests.expireOld(now));
  }

  /**
   * Stores an agent's report. Idempotent by its key.
   *
   * @returns the id of its message, null if it has none; and of its item
   */
  async report(tokenHash: string, report: NewReport): Promise<AgentAnswer<Reported>> {
    const now = Date.now();
    const agent = await this.#authorize(tokenHash);
    if (agent.state !== "ready") return agent;
    const key = `${keysOf(agent.token.id)}${report.key}`;
    const { item } = report;
    const stored = item ? undefined : this.#storage.findKey(key, now);
    if (stored) return { state: "ready", ...stored };
    if (this.#storage.isFull) return { state: "full" };
    const isOver = report.status === "done" || report.status === "failed";
    const expired = isOver ? this.#storage.requests.expireOf(keysOf(agent.token.id), now) : [];
    if (item) {
      const added = this.#storage.reports.addItem(agent.token, { ...report, item }, key, now);
      const items = [...expired, ...added];
      this.#listeners.onChange(agent.session, { shown: items, items });
      return { state: "ready", message: null, item: added.at(-1)!.id };
    }
    const placed = this.#storage.reports.add(agent.token, report, key, now);
    const shown = placed ? [...expired, placed.shown] : expired;
    const messages = placed ? [placed.message] : [];
    this.#listeners.onChange(agent.session, { shown, items: expired, messages });
    return { state: "ready", message: placed?.message.id ?? null };
  }

  /** Reads what has changed of items, and waits for a change if there is none yet, as `read` does. */
  async readItems(
    tokenHash: string,
    since: number,
    wait: number,
  ): Promise<AgentAnswer<{ items: Item[] }>> {
    const read = await this.#awaited(tokenHash, wait, () =>
      this.#storage.items.changedSince(since),
    );
    return read.state === "ready" ? { state: "ready", items: read.found } : read;
  }

  /**
   * Reads messages for an agent, and waits for one if there is none yet (long polling).
   *
   * @param after only messages newer than the one with this id; undefined for the newest ones
   * @param wait how long to wait, in milliseconds
   * @returns at most one batch of messages, oldest first; none if none arrived in time
   */
  async read(
    tokenHash: string,
    after: number | undefined,
    wait: number,
  ): Promise<AgentAnswer<{ messages: AgentMessage[] }>> {
    const longest = after === undefined ? 0 : wait;
    const read = await this.#awaited(tokenHash, longest, () => this.#messages(after));
    return read.state === "ready" ? { state: "ready", messages: read.found } : read;
  }

  /** @param look is asked again whenever something has happened, until it finds something or the token ends */
  async #awaited<Found>(
    tokenHash: string,
    wait: number,
    look: () => Found[],
  ): Promise<AgentAnswer<{ found: Found[] }>> {
    const agent = await this.#authorize(tokenHash);
    if (agent.state !== "ready") return agent;
    const isOver = () => look().length > 0 || this.#find(tokenHash).state !== "ready";
    if (wait > 0 && !isOver()) await this.#waiting.until(isOver, wait);
    const still = this.#find(tokenHash);
    return still.state === "ready" ? { state: "ready", found: look() } : still;
  }

  /** Opens a live socket for a `token`, as its hash, that begins with the messages `after` the one with this id. */
  async listen(listener: URLSearchParams): Promise<Response> {
    const after = listener.has("after") ? Number(listener.get("after")) : undefined;
    const tokenHash = listener.get("token") ?? "";
    const agent = await this.#authorize(tokenHash);
    switch (agent.state) {
      case "ready":
        return this.#open(agent.token, agent.session, after);
      case "deleting":
        return refusedSocket(410, "This session is being deleted.");
      case "limited":
        return refusedSocket(429, "Too many requests within a minute.", {
          "Retry-After": `${Math.ceil(agent.wait / 1000)}`,
        });
      default:
        return refusedSocket(401, "This token is not one of this session’s.");
    }
  }

  #open(token: AgentToken, state: State, after: number | undefined): Response {
    const messages = after === undefined ? [] : this.#messages(after);
    const last = messages.at(-1)?.id ?? Infinity;
    if (last < state.message_count)
      return refusedSocket(
        409,
        "Too many messages were missed for one frame: read them by GET first.",
      );
    return this.#live.accept({ token: token.id }, [{ type: "messages", messages }]);
  }

  #messages(after: number | undefined): AgentMessage[] {
    const { messages } = this.#storage;
    return (after === undefined ? messages.newest() : messages.after(after)).map(agentView);
  }

  /** Closes the sockets of removed tokens, and lets their waiting requests end. */
  #afterRemoving(tokens: number[]): void {
    if (tokens.length === 0) return;
    for (const token of tokens) {
      this.#live.closeRevoked(token);
      this.#expire((now) => this.#storage.requests.expireOf(keysOf(token), now));
    }
    this.#waiting.wake();
    this.#listeners.onTokensChange();
  }

  #expire(expire: (now: number) => Item[]): void {
    const before = this.#storage.state()!;
    const items = expire(Date.now());
    if (items.length === 0) return;
    this.#storage.runState.setStatus(before.agent_status, null);
    this.#listeners.onChange(before, { shown: items, items });
  }

  /** Checks the token and its owner, and counts the request. */
  async #authorize(tokenHash: string): Promise<AgentAnswer<{ token: AgentToken; session: State }>> {
    const before = this.#find(tokenHash);
    if (before.state !== "ready") return before;
    if (!(await isStillAllowed(this.#env(), before.session.user_id))) return { state: "refused" };
    const found = this.#find(tokenHash);
    if (found.state !== "ready") return found;
    const wait = this.#storage.tokens.countRequest(found.token, Date.now());
    return wait > 0 ? { state: "limited", wait } : found;
  }

  /** Finds the token in storage, without checking its owner. */
  #find(tokenHash: string): AgentAnswer<{ token: AgentToken; session: State }> {
    const session = this.#storage.state();
    const token = session && this.#storage.tokens.find(tokenHash, Date.now());
    if (!token) return { state: "refused" };
    return session.deleting ? { state: "deleting" } : { state: "ready", token, session };
  }
}
