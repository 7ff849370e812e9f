import { SessionDO as WorkingSessionDO } from "../../../durable-objects/session/session-do";
import type { SessionRow } from "../../../app/sessions/protocol/session";
import type { NewMessage } from "../../../app/sessions/protocol/message";

export { default, PersonDO } from "../../../durable-objects/worker";

/** How a call goes wrong: it `fails` before it did anything, or it `loses-answer` after it did everything. */
interface Fault {
  method: string;
  kind: "fails" | "loses-answer";
  timesLeft: number;
}

/** By object; stored here, because an idle object is evicted from memory. */
const faults = new Map<string, Fault>();

/**
 * A session's object that fails as the repository's name says: the object of "append-fails-2" fails the first two calls
 * of `append` and works from then on; that of "append-loses-answer-1" adds the first message, but its response is
 * lost.
 */
export class SessionDO extends WorkingSessionDO {
  override initialize(row: SessionRow) {
    this.#heed(row);
    return this.#try("initialize", () => super.initialize(row));
  }

  override snapshot(userId: string) {
    return this.#try("snapshot", () => super.snapshot(userId));
  }

  override conversation(userId: string, before: number | undefined) {
    return this.#try("conversation", () => super.conversation(userId, before));
  }

  override append(userId: string, message: NewMessage) {
    return this.#try("append", () => super.append(userId, message));
  }

  override prepare(userId: string, row?: SessionRow) {
    return this.#try("prepare", () => super.prepare(userId, row));
  }

  override wipe(userId: string) {
    return this.#try("wipe", () => super.wipe(userId));
  }

  /**
   * Reads the faults from the repository's name. Every session begins with `initialize`, so no other call comes before.
   */
  #heed({ repo_name }: SessionRow) {
    const id = this.ctx.id.toString();
    const [, method, kind, times] = /^(\w+)-(fails|loses-answer)-(\d)$/.exec(repo_name) ?? [];
    if (!method || faults.has(id)) return;
    faults.set(id, { method, kind: kind as Fault["kind"], timesLeft: Number(times) });
  }

  #try<Answer>(method: string, call: () => Answer): Answer {
    const fault = faults.get(this.ctx.id.toString());
    if (fault?.method !== method || fault.timesLeft === 0) return call();
    fault.timesLeft -= 1;
    if (fault.kind === "loses-answer") call();
    throw new Error(`${method} ${fault.kind}, as the test demands`);
  }
}
