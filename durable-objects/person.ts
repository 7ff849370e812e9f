import { DurableObject } from "cloudflare:workers";
import type { CompanionEnv } from "./session";

/**
 * What one person has open: it tells their open lists that something has changed. It knows nothing of the sessions
 * themselves, and while nobody looks it does nothing.
 */
export class PersonDO extends DurableObject<CompanionEnv> {
  /**
   * Tells every open list of this person to read itself anew.
   *
   * @param sessions the ids of those that changed
   */
  changed(sessions: string[]): void {
    const message = JSON.stringify({ type: "changed", sessions });
    for (const socket of this.ctx.getWebSockets()) socket.send(message);
  }
}
