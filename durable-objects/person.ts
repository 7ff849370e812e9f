import { DurableObject } from "cloudflare:workers";
import { stepDeletion } from "../app/account/deletion-step.server";
import { attempt } from "../app/platform/log";
import { stepBulk } from "../app/sessions/bulk-step.server";
import type { ObjectAnswer } from "../app/sessions/session";
import { CLOSED } from "../app/sessions/wire";
import { Duties } from "./duties";
import { LiveSockets } from "./live";
import type { CompanionEnv, SessionDO } from "./session";
import { stepwise } from "./stepwise";

/** How soon something is looked for in D1 that is yet to be asked for there, in milliseconds. */
const EXPECTED_IN = 5_000;

/**
 * What one person has open, and what is being done for them: it holds the sockets of their open lists, knows which
 * sessions they have pages of, and has a list of duties. It knows nothing of the sessions themselves. Only when no page is
 * open and every duty says that it has nothing to do, its storage is cleared.
 */
export class PersonDO extends DurableObject<CompanionEnv> {
  readonly #live = new LiveSockets(this.ctx);
  readonly #bulks = stepwise("bulk", stepBulk, (sessions) => this.changed(sessions));
  readonly #deletion = stepwise("account-deletion", stepDeletion, (ids) => this.changed(ids));
  readonly #duties = new Duties(this.ctx.storage, [this.#bulks, this.#deletion]);
  /** Sign-ins that ended a moment ago: what was let in just before is still on its way here. */
  readonly #ended = new Set<string>();

  /** Opens the live socket of a list. @param request its query says who listens, as the app has checked it: `signIn` */
  override fetch(request: Request): Response {
    const signIn = new URL(request.url).searchParams.get("signIn") ?? "";
    if (this.#ended.has(signIn)) return new Response("Signed out", { status: 401 });
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
  watch(userId: string, sessionId: string, signIn: string): boolean {
    if (this.#ended.has(signIn)) return false;
    this.ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS watched (session TEXT PRIMARY KEY, user_id TEXT NOT NULL)",
    );
    this.ctx.storage.sql.exec(
      "INSERT INTO watched VALUES (?, ?) ON CONFLICT DO NOTHING",
      sessionId,
      userId,
    );
    return true;
  }

  /** Forgets a session whose last page was closed. */
  async unwatch(sessionId: string): Promise<void> {
    if (this.#watched().length === 0) return;
    this.ctx.storage.sql.exec("DELETE FROM watched WHERE session = ?", sessionId);
    await this.#clearIfDone();
  }

  /** Tells every open page of the person that these sessions have changed. @param sessions their ids */
  async changed(sessions: string[]): Promise<void> {
    this.listChanged(sessions);
    const open = this.#watched().filter(({ session }) => sessions.includes(session));
    await this.#tell(open, (object, userId) => object.changed(userId));
  }

  /** Tells every open list of the person to read itself anew. @param sessions the ids of those that changed */
  listChanged(sessions: string[]): void {
    this.#live.tellPages({ type: "changed", sessions });
  }

  /** Closes what is open in browsers that signed out. @param signIns these, by the hashes of their tokens */
  async signedOut(signIns: string[]): Promise<void> {
    for (const signIn of signIns) this.#ended.add(signIn);
    this.#live.closeSignedOut(signIns);
    await this.#tell(this.#watched(), (object, userId) => object.signedOut(userId, signIns));
  }

  /** Remembers a bulk that is about to be made. If it never is, it is forgotten. */
  expectBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id, EXPECTED_IN);
  }

  /** Carries out a bulk, from now on and until nothing of it is left. */
  runBulk(userId: string, id: string): void {
    this.#duties.add(this.#bulks, userId, id);
  }

  /** Remembers that the person is about to ask for the deletion of their account. If they never do, it is forgotten. */
  expectDeletion(userId: string): void {
    this.#duties.add(this.#deletion, userId, userId, EXPECTED_IN);
  }

  /** Deletes the person's account, from now on and until nothing of it is left. */
  runDeletion(userId: string): void {
    this.#duties.add(this.#deletion, userId, userId);
  }

  /** Does the next step of the duty that is due first. */
  override async alarm(): Promise<void> {
    await this.#duties.run(this.env);
    await this.#clearIfDone();
  }

  /** Stores nothing where no page is open and nothing is to be done; the alarm goes with it. */
  async #clearIfDone(): Promise<void> {
    if (this.#duties.idle && this.#watched().length === 0) await this.ctx.storage.deleteAll();
  }

  /** Says it to sessions, and forgets those that are there no more. */
  async #tell(
    open: Watched[],
    say: (object: DurableObjectStub<SessionDO>, userId: string) => Promise<ObjectAnswer>,
  ): Promise<void> {
    const { SESSION_DO } = this.env;
    await Promise.all(
      open.map(({ session, user_id }) =>
        attempt("tell-session", async () => {
          const answer = await say(SESSION_DO.get(SESSION_DO.idFromName(session)), user_id);
          if (answer.state !== "ready") await this.unwatch(session);
        }),
      ),
    );
  }

  #watched(): Watched[] {
    const { sql } = this.ctx.storage;
    const [made] = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'watched'").toArray();
    return made ? sql.exec<Watched>("SELECT session, user_id FROM watched").toArray() : [];
  }
}

/** A session that the person has a page of. */
type Watched = Record<"session" | "user_id", string>;
