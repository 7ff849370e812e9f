/**
 * What the tests of live sockets share: the client's end of a socket, and the open pages that a person's object stores.
 */
import { runInDurableObject } from "cloudflare:test";
import { personObject } from "../../app/platform/durable-objects.server";
import type { ShownItem } from "../../app/sessions/protocol/item";
import type { AgentLiveMessage, LiveMessage } from "../../app/sessions/protocol/live-messages";
import { storedBy } from "./bulk-support";
import { env } from "./support";

/** The client's end of a live socket, with everything it received. */
export class LiveSocket {
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  readonly #heard: (LiveMessage | AgentLiveMessage)[] = [];
  #pong: () => void = () => undefined;

  constructor({ webSocket, status }: Response) {
    if (!webSocket) throw new Error(`No socket was opened, but answered ${status}`);
    this.#socket = webSocket;
    webSocket.addEventListener("message", ({ data }) => {
      if (data === "pong") this.#pong();
      else this.#heard.push(JSON.parse(data as string) as LiveMessage);
    });
    this.closed = new Promise((resolve) => {
      webSocket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    webSocket.accept();
  }

  say(text: string) {
    this.#socket.send(text);
  }

  close() {
    this.#socket.close(1000, "Left");
  }

  /** @returns whether "ping" is still answered; everything sent before has arrived by then */
  async isOpen(): Promise<boolean> {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    const answered = new Promise<true>((resolve) => (this.#pong = () => resolve(true)));
    this.say("ping");
    return Promise.race([answered, this.closed.then(() => false)]);
  }

  async heard() {
    await this.isOpen();
    return this.#heard;
  }

  /** @returns the ids of the received messages, in the order of arrival */
  async ids(): Promise<number[]> {
    const heard = await this.heard();
    return heard.flatMap((frame) => {
      if (frame.type === "messages") return frame.messages.map((message) => message.id);
      if (frame.type !== "items") return [];
      return (frame.items as ShownItem[]).flatMap((item) =>
        "message" in item ? item.message.id : [],
      );
    });
  }
}

/** @returns the sessions that a person's object stores as open */
export async function watched(userId: string): Promise<string[]> {
  const { tables } = await storedBy(userId);
  if (!tables.includes("pages")) return [];
  return runInDurableObject(personObject(env, userId), (_, { storage }) =>
    storage.sql.exec<{ session: string }>("SELECT DISTINCT session FROM pages").toArray(),
  ).then((rows) => rows.map(({ session }) => session));
}
