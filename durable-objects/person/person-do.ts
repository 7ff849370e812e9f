import { DurableObject } from "cloudflare:workers";
import { sessionObject } from "../../app/platform/durable-objects.server";
import { listenerOf } from "../../app/platform/http/socket.server";
import { attempt } from "../../app/platform/log";
import { CLOSED } from "../../app/sessions/protocol/live-messages";
import type { CompanionEnv } from "../env";
import { LiveSockets } from "../live-sockets";
import { stepDeletion } from "./account-deletion-step";
import { stepBulk } from "./bulk-step";
import { Duties } from "./duties";
import { OpenPages } from "./open-pages";
import { initializeDuty, stepwise } from "./session-duties";
import { endedOf, signOutDuty } from "./sign-out-duty";

/** How soon, in milliseconds, the object looks after what may finish without it. */
const LOOK_IN = 5_000;

/**
 * What one person has open, and what is being done for them: it holds the sockets of their open lists, knows which
 * sessions they have pages of, and has a list of duties. It knows nothing of the sessions themselves. Only when no page is
 * open and every duty says that it has nothing to do, its storage is cleared.
 */
export class PersonDO extends DurableObject<CompanionEnv> {
  readonly #live = new LiveSockets(this.ctx);
  readonly #pages = new OpenPages(this.ctx.storage.sql);
  readonly #bulks = stepwise("bulk", stepBulk, (sessions) => this.changed(sessions));
  readonly #signOuts = signOutDuty(this.#live, this.#pages);
  readonly #deletion = stepwise("account-deletion", stepDeletion, (ids) => this.changed(ids));
  readonly #duties = new Duties(this.ctx.storage, [
    this.#bulks,
    this.#signOuts,
    initializeDuty,
    this.#deletion,
  ]);

  /** Opens the live socket of a list. @param request says who listens, as the app has checked it: `user` and `signIn` */
  override async fetch(request: Request): Promise<Response> {
    const listener = listenerOf(request);
    const signIn = listener.get("signIn") ?? "";
    if (await this.#hasEnded(listener.get("user") ?? "", signIn)) {
      return new Response("Signed out", { status: 401 });
    }
    return this.#live.accept({ signIn });
  }

  override webSocketMessage(socket: WebSocket): void {
    socket.close(CLOSED.unexpected.code, CLOSED.unexpected.reason);
  }

  /**
   * Remembers that a page of a session is open.
   *
   * @param signIn the browser's, by the hash of its token
   * @returns false where that browser has signed out meanwhile
   */
  async watch(userId: string, sessionId: string, signIn: string): Promise<boolean> {
    // First, so that a sign-out from here on finds it.
    this.#pages.add({ session: sessionId, sign_in: signIn, user_id: userId });
    return !(await this.#hasEnded(userId, signIn));
  }

  /** Forgets a session whose last page was closed. */
  async unwatch(sessionId: string): Promise<void> {
    this.#pages.remove(sessionId);
    await this.#clearIfDone();
  }

  /** Tells every open page of the person that these sessions have changed. @param sessions their ids */
  async changed(sessions: string[]): Promise<void> {
    this.listChanged(sessions);
    const pages = this.#pages.all().filter(({ session }) => sessions.includes(session));
    const open = new Map(pages.map(({ session, user_id }) => [session, user_id]));
    await Promise.all([...open].map(([session, userId]) => this.#tellChanged(session, userId)));
  }

  /** Tells every open list of the person to read itself anew. @param sessions the ids of those that changed */
  listChanged(sessions: string[]): void {
    this.#live.tellPages({ type: "changed", sessions });
  }

  /**
   * Remembers that sign-ins of this person are about to end, before they do: from here on, what is open by those that
   * have ended will be closed, whoever dies. Where none ends, nothing is closed.
   */
  expectSignOut(userId: string): void {
    this.#duties.add(this.#signOuts, userId, userId, LOOK_IN);
  }

  /** Closes what is open by sign-ins of this person's that have ended. */
  async finishSignOut(userId: string): Promise<void> {
    await this.#duties.begin(this.env, this.#signOuts, userId, userId);
  }

  /** Remembers a bulk that is about to be made. If it never is, it is forgotten. */
  expectBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id, LOOK_IN);
  }

  /** Carries out a bulk, from now on and until nothing of it is left. */
  runBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id);
  }

  /**
   * Remembers that the person's account is about to be deleted, which ends all sign-ins. If it never is, it is forgotten.
   */
  expectDeletion(userId: string): void {
    this.expectSignOut(userId);
    this.#duties.add(this.#deletion, userId, userId, LOOK_IN);
  }

  /** Deletes the person's account, from now on and until nothing of it is left; first, what is open is closed. */
  async runDeletion(userId: string): Promise<void> {
    this.#duties.add(this.#deletion, userId, userId);
    await this.finishSignOut(userId);
  }

  /** Makes a session's object, which cannot be reached just now, as soon as it can. */
  initializeLater(userId: string, sessionId: string): void {
    this.#duties.add(initializeDuty, userId, sessionId, LOOK_IN);
  }

  /** Does the next step of the duty that is due first. */
  override async alarm(): Promise<void> {
    await this.#duties.run(this.env);
    await this.#clearIfDone();
  }

  /** Stores nothing where no page is open and nothing is to be done; the alarm goes with it. */
  async #clearIfDone(): Promise<void> {
    if (this.#duties.idle && this.#pages.all().length === 0) await this.ctx.storage.deleteAll();
  }

  /** Whether a sign-in has ended since the app has checked it; D1 is asked only where one may have. */
  async #hasEnded(userId: string, signIn: string): Promise<boolean> {
    if (!this.#duties.has(this.#signOuts)) return false;
    return (await endedOf(this.env, userId, [signIn])).length > 0;
  }

  /** Tells a session's object that the session has changed, and forgets one that is there no more. */
  async #tellChanged(session: string, userId: string): Promise<void> {
    await attempt("tell-session", async () => {
      const { state } = await sessionObject(this.env, session).changed(userId);
      if (state !== "ready") await this.unwatch(session);
    });
  }
}
