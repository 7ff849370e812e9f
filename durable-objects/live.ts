import {
  CLOSED,
  type AgentLiveMessage,
  type ListMessage,
  type LiveMessage,
} from "../app/sessions/wire";

const PERSON = "person";
const AGENT = "agent";

type SocketMessage = LiveMessage | AgentLiveMessage | ListMessage;

/** Whom a socket belongs to: a browser that the owner is signed in by, or an agent's token. */
export type Listener = { signIn: string } | { token: number };

/** The live sockets of an object. They hibernate with it, so that listening costs nothing while nothing is said. */
export class LiveSockets {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Takes a socket, and first says on it what it has missed. @returns the answer that opens it */
  accept(listener: Listener, missed: SocketMessage[] = []): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const tags =
      "token" in listener
        ? [AGENT, tokenTag(listener.token)]
        : [PERSON, signInTag(listener.signIn)];
    this.#ctx.acceptWebSocket(server, tags);
    server.serializeAttachment(listener);
    for (const message of missed) server.send(JSON.stringify(message));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Whether a page of the owner's listens. */
  get hasPages(): boolean {
    return this.#open(PERSON).length > 0;
  }

  /** @returns the browsers whose pages listen, each by the hash of its sign-in's token */
  signIns(): string[] {
    const listeners = this.#open(PERSON).map((page) => page.deserializeAttachment() as Listener);
    return listeners.flatMap((listener) => ("signIn" in listener ? listener.signIn : []));
  }

  tellPages(message: LiveMessage | ListMessage): void {
    send(this.#open(PERSON), message);
  }

  tellAgents(message: AgentLiveMessage): void {
    send(this.#open(AGENT), message);
  }

  closeAll(): void {
    close(this.#ctx.getWebSockets(), CLOSED.deleted);
  }

  /** @param signIns the browsers that signed out */
  closeSignedOut(signIns: readonly string[]): void {
    for (const signIn of signIns) {
      close(this.#ctx.getWebSockets(signInTag(signIn)), CLOSED.signedOut);
    }
  }

  closeRevoked(token: number): void {
    close(this.#ctx.getWebSockets(tokenTag(token)), CLOSED.revoked);
  }

  #open(tag: string): WebSocket[] {
    return this.#ctx.getWebSockets(tag).filter(({ readyState }) => readyState === WebSocket.OPEN);
  }
}

function signInTag(signIn: string): string {
  return `sign-in ${signIn}`;
}

function tokenTag(token: number): string {
  return `token ${token}`;
}

function send(sockets: WebSocket[], message: SocketMessage): void {
  const data = JSON.stringify(message);
  for (const socket of sockets) socket.send(data);
}

function close(sockets: WebSocket[], { code, reason }: { code: number; reason: string }): void {
  for (const socket of sockets) socket.close(code, reason);
}
