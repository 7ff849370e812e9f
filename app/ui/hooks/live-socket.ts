import { useEffect, useRef, useState } from "react";

/** How often, in milliseconds, an open socket is asked whether it still lives, and how soon it has to say so. */
const PING_EVERY = 20_000;
const PONG_WITHIN = 8_000;

/** The pauses between attempts to open it again, in milliseconds: each about twice as long as the one before. */
const PAUSE = { first: 300, most: 20_000 };

/** `closed` is for good, with the server's code and reason. */
export type Connection =
  { state: "connecting" | "live" | "offline" } | { state: "closed"; code: number; reason: string };

interface LiveSocketOptions {
  /** The path to open, asked for anew at every attempt. */
  path: () => string;
  /** Everything that comes, save the answers to "ping". */
  onMessage: (data: unknown) => void;
  /** Open again after it was not for a while. */
  onReconnect: () => void;
  /** Whether a socket that was closed with this code is not to be opened again. */
  isFinal: (code: number) => boolean;
}

/**
 * Holds a socket to this origin open: again with growing pauses after it broke, at once where the network is back or the
 * page is looked at again. Written here, because a library for it would weigh a fifth of what the list may.
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
 * It does not ask the browser whether there is a network: that says no where Ship runs on a machine that has none.
 *
 * @param tell is told of every change of the connection
 * @returns how to let go of it
 */
export function holdOpen(options: () => LiveSocketOptions, tell: (connection: Connection) => void) {
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
    // One that is refused is opened too, to be closed with the reason: it lives once something came over it.
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
    tell({ state: "live" });
    if (wasLive) options().onReconnect();
    wasLive = true;
  }

  function ping() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(timers.pong);
    socket.send("ping");
    timers.pong = window.setTimeout(breakOff, PONG_WITHIN);
  }

  function lost(code: number, reason: string) {
    drop();
    isOver = options().isFinal(code);
    tell(isOver ? { state: "closed", code, reason } : { state: "offline" });
    if (isOver) return;
    // Not all at the same moment after a server was restarted.
    const pause = PAUSE.first * 2 ** attempts++ * (0.5 + Math.random());
    timers.next = window.setTimeout(open, Math.min(pause, PAUSE.most));
  }

  /** From here on nothing is heard of this socket any more. */
  function drop() {
    clearTimeout(timers.pong);
    clearTimeout(timers.next);
    if (!socket) return;
    const dropped = socket;
    socket = undefined;
    dropped.onmessage = dropped.onclose = null;
    // To close one that is still being opened is an error in the browser's console.
    dropped.onopen = () => dropped.close();
    if (dropped.readyState !== WebSocket.CONNECTING) dropped.close();
  }

  function breakOff() {
    if (!isOver) lost(1006, "");
  }

  function resume() {
    if (!socket && !isOver && document.visibilityState === "visible") open();
  }

  const pinging = setInterval(ping, PING_EVERY);
  window.addEventListener("offline", breakOff);
  window.addEventListener("online", resume);
  document.addEventListener("visibilitychange", resume);
  open();

  return () => {
    clearInterval(pinging);
    window.removeEventListener("offline", breakOff);
    window.removeEventListener("online", resume);
    document.removeEventListener("visibilitychange", resume);
    drop();
  };
}
