import {
  CHECK_AGAIN,
  CLOSED,
  PAGE_SOCKET_LIFETIME,
  type AgentLiveMessage,
  type ListMessage,
  type LiveMessage,
} from "../app/sessions/protocol/live-messages";

const PERSON = "person";
const AGENT = "agent";

type SocketMessage = LiveMessage | AgentLiveMessage | ListMessage;

/** Who a socket belongs to: a browser (the hash of its sign-in's token), or an agent (the id of its token). */
export type Listener = { signIn: string } | { token: number };

/** What is stored with a socket. */
type Attachment = {
  listener: Listener;
  /** When it was opened, epoch milliseconds. */
  acceptedAt: number;
};

/** The WebSockets of a Durable Object. They hibernate with it, so an idle socket costs nothing. */
export class LiveSockets {
  readonly #ctx: DurableObjectState;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /**
   * Accepts a socket.
   *
   * @param missed the messages to send first
   * @returns the response that opens it
   */
  accept(listener: Listener, missed: SocketMessage[] = []): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const tags =
      "token" in listener
        ? [AGENT, tokenTag(listener.token)]
        : [PERSON, signInTag(listener.signIn)];
    this.#ctx.acceptWebSocket(server, tags);
    server.serializeAttachment({ listener, acceptedAt: Date.now() } satisfies Attachment);
    for (const message of missed) server.send(JSON.stringify(message));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Whether a page of the owner's is connected. */
  get hasPages(): boolean {
    return this.#open(PERSON).length > 0;
  }

  /** @returns the browsers of the connected pages, each by the hash of its sign-in's token */
  signIns(): string[] {
    return this.#open(PERSON).flatMap((page) => {
      const { listener } = attachmentOf(page);
      return "signIn" in listener ? listener.signIn : [];
    });
  }

  /**
   * Sends a message to all pages. A socket older than `PAGE_SOCKET_LIFETIME` is closed instead: the page reconnects.
   */
  broadcastToPages(message: LiveMessage | ListMessage): void {
    const pages = this.#open(PERSON);
    const isOld = (page: WebSocket) =>
      Date.now() - attachmentOf(page).acceptedAt >= PAGE_SOCKET_LIFETIME;
    close(pages.filter(isOld), CHECK_AGAIN);
    sendJson(
      pages.filter((page) => !isOld(page)),
      message,
    );
  }

  /** Sends a message to all agents. */
  broadcastToAgents(message: AgentLiveMessage): void {
    sendJson(this.#open(AGENT), message);
  }

  /** Closes all sockets, because the session was deleted. */
  closeAll(): void {
    close(this.#ctx.getWebSockets(), CLOSED.deleted);
  }

  /** Closes the pages of browsers that signed out. @param signIns hashes of their sign-ins' tokens */
  closeSignedOut(signIns: readonly string[]): void {
    for (const signIn of signIns) {
      close(this.#ctx.getWebSockets(signInTag(signIn)), CLOSED.signedOut);
    }
  }

  /** Closes the sockets of an agent whose token was revoked. @param token the token's id */
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

function attachmentOf(socket: WebSocket): Attachment {
  return socket.deserializeAttachment() as Attachment;
}

function sendJson(sockets: WebSocket[], message: SocketMessage): void {
  const data = JSON.stringify(message);
  for (const socket of sockets) socket.send(data);
}

function close(sockets: WebSocket[], { code, reason }: { code: number; reason: string }): void {
  for (const socket of sockets) socket.close(code, reason);
}
