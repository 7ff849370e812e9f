import ReconnectingWebSocket from "partysocket/ws";
import { useEffect, useRef, useState } from "react";

/** How often, in milliseconds, an open socket is asked whether it still lives, and how soon it has to say so. */
const PING_EVERY = 20_000;
const PONG_WITHIN = 8_000;

const RECONNECTING = {
  minReconnectionDelay: 300,
  maxReconnectionDelay: 20_000,
  reconnectionDelayGrowFactor: 1.7,
  connectionTimeout: 8_000,
};

/** `closed` is for good, with the server's reason. */
export type Connection = { state: "connecting" | "live" | "offline" } | Closed;
interface Closed {
  state: "closed";
  reason: string;
}

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

/** Holds a socket to this origin open: again with growing pauses after it broke, at once where the network is back. */
export function useLiveSocket(enabled: boolean, options: LiveSocketOptions): Connection {
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const current = useRef(options);
  useEffect(() => {
    current.current = options;
  });

  useEffect(() => {
    if (!enabled) return;
    const socket = new ReconnectingWebSocket(
      () => location.origin.replace(/^http/, "ws") + current.current.path(),
      [],
      {
        ...RECONNECTING,
        shouldReconnectOnClose: ({ code }) => !current.current.isFinal(code),
      },
    );
    let opened = false;
    let ended = false;
    let unanswered: ReturnType<typeof setTimeout> | undefined;

    socket.addEventListener("open", () => {
      setConnection({ state: "live" });
      if (opened) current.current.onReconnect();
      opened = true;
    });
    socket.addEventListener("message", ({ data }) => {
      clearTimeout(unanswered);
      if (data !== "pong") current.current.onMessage(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      clearTimeout(unanswered);
      ended = current.current.isFinal(code);
      setConnection(ended ? { state: "closed", reason } : { state: "offline" });
    });

    const ping = setInterval(() => {
      if (socket.readyState !== socket.OPEN) return;
      socket.send("ping");
      unanswered = setTimeout(() => socket.reconnect(), PONG_WITHIN);
    }, PING_EVERY);
    const stop = () => socket.close();
    const resume = () => {
      const waiting = socket.readyState === socket.CLOSED && !ended;
      if (document.visibilityState === "visible" && waiting) socket.reconnect();
    };
    window.addEventListener("offline", stop);
    window.addEventListener("online", resume);
    document.addEventListener("visibilitychange", resume);

    return () => {
      clearInterval(ping);
      clearTimeout(unanswered);
      window.removeEventListener("offline", stop);
      window.removeEventListener("online", resume);
      document.removeEventListener("visibilitychange", resume);
      socket.close();
    };
  }, [enabled]);

  return connection;
}
