import { personObject } from "../../app/platform/durable-objects.server";
import { attempt } from "../../app/platform/log";
import {
  CLOSED,
  type LiveMessage,
  type RowMessage,
} from "../../app/sessions/protocol/live-messages";
import type { ObjectAnswer } from "../../app/sessions/protocol/object-answers";
import { agentReport } from "../../app/sessions/protocol/session";
import type { CompanionEnv } from "../env";
import type { LiveSockets } from "../live-sockets";
import { answerOwner, refusedSocket, runReport } from "./answers";
import type { State } from "./state";
import type { SessionStorage } from "./storage";

/**
 * The live sockets of the owner's pages. The person's object stores which sessions have open pages, so that it can
 * notify them of sign-outs and changes; `watch` and `unwatch` keep that up to date.
 */
export class PageSockets {
  readonly #env: () => CompanionEnv;
  readonly #storage: SessionStorage;
  readonly #live: LiveSockets;
  /** A queue: `watch` and `unwatch` run one after the other, so that a late `unwatch` never undoes a newer `watch`. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(env: () => CompanionEnv, storage: SessionStorage, live: LiveSockets) {
    this.#env = env;
    this.#storage = storage;
    this.#live = live;
  }

  /**
   * Opens a live socket for a page. While the object is empty (before the first message), it is refused with 404.
   *
   * @param listener has the `user`, the browser as the hash of its sign-in's token (`signIn`), and the newest change that
   *   the page has (`since`)
   * @returns the response that opens the socket; 401, 404, 410 or 503 if it is not opened
   */
  async open(listener: URLSearchParams): Promise<Response> {
    const { user: userId = "", signIn = "" } = Object.fromEntries(listener);
    const since = Number(listener.get("since") ?? 0);
    const found = answerOwner(userId, this.#storage.state(), ({ id }) => ({ id }));
    if (found.state !== "ready") return refusedPage(found.state);
    const answer = await this.#enqueue("watch", async () => {
      // Before the socket is accepted, so that every sign-out from now on finds it.
      const signedIn = await personObject(this.#env(), userId).watch(userId, found.id, signIn);
      if (!signedIn) return refusedSocket(401, CLOSED.signedOut.reason);
      const answer = answerOwner(userId, this.#storage.state(), (state) => ({
        missed: this.#missed(state, since),
      }));
      return answer.state === "ready"
        ? this.#live.accept({ signIn }, [answer.missed])
        : refusedPage(answer.state);
    });
    if (answer?.webSocket) return answer;
    await this.unwatchIfNoneOpen();
    return answer ?? refusedSocket(503, "The session could not be listened to just now.");
  }

  /** Removes this session from the person's object if no page of it is open. */
  async unwatchIfNoneOpen(): Promise<void> {
    await this.#enqueue("unwatch", async () => {
      const state = this.#storage.state();
      if (!state || this.#live.hasPages) return;
      await personObject(this.#env(), state.user_id).unwatch(state.id);
    });
  }

  /** Sends a message to the pages. */
  notify(userId: string, message: RowMessage): ObjectAnswer {
    return answerOwner(userId, this.#storage.state(), () => {
      this.#live.broadcastToPages(message);
      return {};
    });
  }

  /** Closes the pages of browsers that signed out, including those that are being opened right now. */
  async closeSignedOut(userId: string, signIns: string[]): Promise<ObjectAnswer> {
    await this.#queue;
    return answerOwner(userId, this.#storage.state(), () => {
      this.#live.closeSignedOut(signIns);
      return {};
    });
  }

  #enqueue<Answer>(step: string, run: () => Promise<Answer>): Promise<Answer | undefined> {
    const answer = this.#queue.then(() => attempt(step, run));
    this.#queue = answer;
    return answer;
  }

  /**
   * @returns the first message on a socket, needed even if no message was missed: the agents' report may have changed
   */
  #missed(state: State, since: number): LiveMessage {
    const items = this.#storage.items.changed(since);
    if (!items) return { type: "changed" };
    const runs = runReport(state, this.#storage.runs);
    return { type: "items", items, agent: agentReport(state), runs };
  }
}

function refusedPage(state: "empty" | "foreign" | "deleting"): Response {
  return state === "deleting"
    ? refusedSocket(410, CLOSED.deleted.reason)
    : refusedSocket(404, CLOSED.notFound.reason);
}
