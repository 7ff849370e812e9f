import { useEffect, useRef, useState } from "react";

/** Heartbeat: interval between pings, and timeout for the answer to one; in milliseconds. */
const PING_EVERY = 20_000;
const PONG_TIMEOUT = 8_000;

/** Backoff between attempts to reconnect, in milliseconds: doubled after each attempt, with jitter. */
const BACKOFF = { first: 300, most: 20_000 };

/** State of the connection. `closed` is final, with the server's close code and reason. */
export type Connection =
  { state: "connecting" | "live" | "offline" } | { state: "closed"; code: number; reason: string };

interface LiveSocketOptions {
  /** Returns the path to connect to; called for every attempt. */
  path: () => string;
  /** Called for every message except the answers to "ping". */
  onMessage: (data: unknown) => void;
  /** Called when the socket is live again after an interruption. */
  onReconnect: () => void;
  /** Whether a close code means that the socket must not be opened again. */
  isFinal: (code: number) => boolean;
}

/**
 * Keeps a WebSocket to this origin open. After an interruption it reconnects with backoff, or at once when the browser
 * is online or the page visible again. No library, because one would take a fifth of the list page's budget for
 * JavaScript.
 *
 * @param enabled whether to connect
 */
export function useLiveSocket(enabled: boolean, options: LiveSocketOptions): Connection {
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const current = useRef(options);
  useEffect(() => {
    current.current = options;
  });
  useEffect(
    () => (enabled ? holdOpen(() => current.current, setConnection) : undefined),
    [enabled],
  );
  return connection;
}

/**
 * Keeps a WebSocket open, as `useLiveSocket` does, without React. It does not check `navigator.onLine`, which is false
 * when Ship runs locally on a machine without a network.
 *
 * @param options called whenever an option is needed, so that the current ones apply
 * @param notify called with every change of the connection
 * @returns a function that closes the socket and removes all listeners
 */
export function holdOpen(
  options: () => LiveSocketOptions,
  notify: (connection: Connection) => void,
) {
  let socket: WebSocket | undefined;
  let attempts = 0;
  let wasLive = false;
  let isOver = false;
  const timers = { next: 0, pong: 0 };

  function open() {
    clearTimeout(timers.next);
    const opened = new WebSocket(location.origin.replace(/^http/, "ws") + options().path());
    socket = opened;
    let isLive = false;
    // Refused sockets open too, because the server closes them with a reason: only a message shows that one is live.
    opened.onopen = ping;
    opened.onmessage = ({ data }: MessageEvent<unknown>) => {
      clearTimeout(timers.pong);
      if (!isLive) live();
      isLive = true;
      if (data !== "pong") options().onMessage(data);
    };
    opened.onclose = ({ code, reason }) => lost(code, reason);
  }

  function live() {
    attempts = 0;
    notify({ state: "live" });
    if (wasLive) options().onReconnect();
    wasLive = true;
  }

  function ping() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(timers.pong);
    socket.send("ping");
    timers.pong = window.setTimeout(disconnect, PONG_TIMEOUT);
  }

  function lost(code: number, reason: string) {
    drop();
    isOver = options().isFinal(code);
    notify(isOver ? { state: "closed", code, reason } : { state: "offline" });
    if (isOver) return;
    // Jitter, so that pages do not all reconnect at the same moment after a restart of the server.
    const pause = BACKOFF.first * 2 ** attempts++ * (0.5 + Math.random());
    timers.next = window.setTimeout(open, Math.min(pause, BACKOFF.most));
  }

  /** Closes the socket without any further callback from it. */
  function drop() {
    clearTimeout(timers.pong);
    clearTimeout(timers.next);
    if (!socket) return;
    const dropped = socket;
    socket = undefined;
    dropped.onmessage = dropped.onclose = null;
    // Browsers log an error if a socket is closed while it is still connecting.
    dropped.onopen = () => dropped.close();
    if (dropped.readyState !== WebSocket.CONNECTING) dropped.close();
  }

  function disconnect() {
    if (!isOver) lost(1006, "");
  }

  function resume() {
    if (!socket && !isOver && document.visibilityState === "visible") open();
  }

  const pinging = setInterval(ping, PING_EVERY);
  window.addEventListener("offline", disconnect);
  window.addEventListener("online", resume);
  document.addEventListener("visibilitychange", resume);
  open();

  return () => {
    clearInterval(pinging);
    window.removeEventListener("offline", disconnect);
    window.removeEventListener("online", resume);
    document.removeEventListener("visibilitychange", resume);
    drop();
  };
}
