import { DurableObject } from "cloudflare:workers";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { listenerOf } from "../../app/platform/http/socket.server";
import { attempt } from "../../app/platform/log";
import { CLOSED, type NeedsYou, type RowMessage } from "../../app/sessions/protocol/live-messages";
import { countNeedsYou } from "../../app/sessions/session-queries.server";
import type { CompanionEnv } from "../env";
import { LiveSockets } from "../live-sockets";
import { stepDeletion } from "./account-deletion-step";
import { stepBulk } from "./bulk-step";
import { Duties } from "./duties";
import { OpenPages } from "./open-pages";
import { initializeDuty, stepwise } from "./session-duties";
import { findEnded, signOutDuty } from "./sign-out-duty";

/** How long, in milliseconds, the object waits before it checks on work that the caller may finish without it. */
const CHECK_AFTER = 5_000;

/**
 * One per person. Holds the sockets of their open lists, stores which sessions they have open, and runs their
 * background tasks ("duties"), such as bulks. It stores nothing about the sessions themselves. Once no page is open and
 * no task is left, its storage is cleared.
 */
export class PersonDO extends DurableObject<CompanionEnv> {
  readonly #live = new LiveSockets(this.ctx);
  readonly #pages = new OpenPages(this.ctx.storage.sql);
  /** How many sessions need the person, as every open session page was told; undefined if one was not. */
  #told: NeedsYou | undefined;
  readonly #bulks = stepwise("bulk", stepBulk, this.changed.bind(this));
  readonly #signOuts = signOutDuty(this.#live, this.#pages);
  readonly #deletion = stepwise("account-deletion", stepDeletion, this.changed.bind(this));
  readonly #duties = new Duties(this.ctx.storage, [
    this.#bulks,
    this.#signOuts,
    initializeDuty,
    this.#deletion,
  ]);

  /**
   * Opens the live socket of a list.
   *
   * @param request carries who listens, as the app has checked it: `user` and `signIn`
   * @returns the response that opens the socket; 401 if that sign-in has ended meanwhile
   */
  override async fetch(request: Request): Promise<Response> {
    const listener = listenerOf(request);
    const signIn = listener.get("signIn") ?? "";
    if (await this.#hasEnded(listener.get("user") ?? "", signIn)) {
      return new Response("Signed out", { status: 401 });
    }
    return this.#live.accept({ signIn });
  }

  /** Nothing to do: an open list is stored nowhere. Without this method the platform logs an error at each close. */
  override webSocketClose(): void {}

  override webSocketMessage(socket: WebSocket): void {
    socket.close(CLOSED.unexpected.code, CLOSED.unexpected.reason);
  }

  /**
   * Stores that a page of a session is open.
   *
   * @param signIn the browser, by the hash of its sign-in's token
   * @returns false if that browser has signed out meanwhile
   */
  async watch(userId: string, sessionId: string, signIn: string): Promise<boolean> {
    // Before the check, so that every sign-out from now on finds this page.
    this.#pages.add({ session: sessionId, sign_in: signIn, user_id: userId });
    this.#told = undefined;
    return !(await this.#hasEnded(userId, signIn));
  }

  /** Removes a session whose last page was closed. */
  async unwatch(sessionId: string): Promise<void> {
    this.#pages.remove(sessionId);
    await this.#clearIfDone();
  }

  /** Notifies every open list and session page of the person that sessions have changed. @param sessions their ids */
  async changed(sessions: string[], userId: string): Promise<void> {
    const open = this.#pages.sessions().filter((session) => sessions.includes(session));
    await Promise.all([
      this.listChanged(sessions, userId),
      ...open.map((session) => this.#notifyPages(session, userId, { type: "changed" })),
    ]);
  }

  /**
   * Notifies every open list of the person, so that it reloads, and every open session page if the number of sessions
   * that need the person has changed.
   *
   * @param sessions the ids of those that changed
   */
  async listChanged(sessions: string[], userId: string): Promise<void> {
    const open = this.#pages.sessions();
    if (open.length === 0 && !this.#live.hasPages) return;
    const at = Date.now();
    const count = await attempt("needs-you", () => countNeedsYou(this.env.DB, userId));
    const needsYou = count === undefined ? null : { count, at };
    this.#live.broadcastToPages({ type: "changed", sessions, needsYou });
    const told = this.#told;
    if (needsYou === null || (told && (told.at > at || told.count === needsYou.count))) return;
    this.#told = needsYou;
    await Promise.all(
      open.map((session) => this.#notifyPages(session, userId, { type: "needs-you", ...needsYou })),
    );
  }

  /**
   * Adds the sign-out task, called before sign-ins of this person are deleted. So the pages of those sign-ins are
   * closed even if the caller crashes. If no sign-in ends after all, nothing is closed.
   */
  expectSignOut(userId: string): void {
    this.#duties.add(this.#signOuts, userId, userId, CHECK_AFTER);
  }

  /** Closes the pages of this person's sign-ins that have ended. */
  async finishSignOut(userId: string): Promise<void> {
    await this.#duties.begin(this.env, this.#signOuts, userId, userId);
  }

  /** Adds the task for a bulk that is about to be created in D1. If it never is, the task is dropped. */
  expectBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id, CHECK_AFTER);
  }

  /** Starts a bulk: its steps run from now on until it is finished. */
  runBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id);
  }

  /**
   * Adds the tasks for an account that is about to be marked as deleted, which ends all sign-ins. If it never is, they
   * are dropped.
   */
  expectDeletion(userId: string): void {
    this.expectSignOut(userId);
    this.#duties.add(this.#deletion, userId, userId, CHECK_AFTER);
  }

  /** Closes the person's open pages, and starts to delete the account: steps run from now on until nothing is left. */
  async runDeletion(userId: string): Promise<void> {
    this.#duties.add(this.#deletion, userId, userId);
    await this.finishSignOut(userId);
  }

  /** Initializes the object of a new session later, because it could not be reached. */
  initializeLater(userId: string, sessionId: string): void {
    this.#duties.add(initializeDuty, userId, sessionId, CHECK_AFTER);
  }

  /** Runs the step of the task that is due first. */
  override async alarm(): Promise<void> {
    await this.#duties.run(this.env);
    await this.#clearIfDone();
  }

  /** Clears the storage, alarm included, if no page is open and no task is left. */
  async #clearIfDone(): Promise<void> {
    if (this.#duties.idle && this.#pages.all().length === 0) await this.ctx.storage.deleteAll();
  }

  /** Whether a sign-in has ended since the app checked it. Reads D1 only while a sign-out is pending. */
  async #hasEnded(userId: string, signIn: string): Promise<boolean> {
    if (!this.#duties.has(this.#signOuts)) return false;
    return (await findEnded(this.env, userId, [signIn])).length > 0;
  }

  /** Notifies a session's open pages, by its object; removes the session if it does not exist any more. */
  async #notifyPages(session: string, userId: string, message: RowMessage): Promise<void> {
    await attempt("tell-session", async () => {
      const { state } = await sessionObject(this.env, session).notifyPages(userId, message);
      if (state !== "ready") await this.unwatch(session);
    });
  }
}
