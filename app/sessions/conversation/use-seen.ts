import { useEffect, useRef, useState } from "react";
import type { Seen } from "../protocol/session";

/** The minimum interval between two requests that mark a session as seen, in milliseconds. */
const SEEN_INTERVAL = 5_000;

/** @returns whether an agent has written or reported something that the owner has not seen */
export function isNew(newest: Seen, seen: Seen): boolean {
  return newest.message > seen.message || newest.rev > seen.rev;
}

/**
 * Marks what is new in a session as seen on the server, as soon as the page is visible.
 *
 * @param newest the id of the agents' newest message, and the newest change of a status that ends when it is seen; 0 if
 *   there is none
 * @param seen what the server has marked as seen
 */
export function useSeen(sessionId: string, newest: Seen, seen: Seen): void {
  const sent = useRef({ ...seen, at: 0 });
  const pending = useRef<() => void>();
  const [failures, setFailures] = useState(0);
  const { message, rev } = newest;
  const { message: seenMessage, rev: seenRev } = seen;

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const before = { message: seenMessage, rev: seenRev };
    const send = () => {
      clearTimeout(timer);
      pending.current = undefined;
      sent.current = { message, rev, at: Date.now() };
      postSeen(sessionId, { message, rev }).catch(() => {
        sent.current = { ...before, at: sent.current.at };
        setFailures((count) => count + 1); // runs the effect again, which retries
      });
    };
    const schedule = () => {
      const known = {
        message: Math.max(sent.current.message, seenMessage),
        rev: Math.max(sent.current.rev, seenRev),
      };
      if (document.visibilityState !== "visible" || !isNew({ message, rev }, known)) return;
      clearTimeout(timer);
      pending.current = send;
      timer = setTimeout(send, Math.max(0, sent.current.at + SEEN_INTERVAL - Date.now()));
    };
    schedule();
    document.addEventListener("visibilitychange", schedule);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", schedule);
    };
  }, [sessionId, message, rev, seenMessage, seenRev, failures]);

  // A user who leaves the page during the interval has seen the message too.
  useEffect(() => {
    const leave = () => pending.current?.();
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [sessionId]);
}

/**
 * Posts without Remix, so that the page is not revalidated.
 *
 * @throws if the server was not reached, failed or refused for now (429)
 */
async function postSeen(sessionId: string, { message, rev }: Seen): Promise<void> {
  const { status } = await fetch(`/session/${sessionId}`, {
    method: "POST",
    body: new URLSearchParams({ intent: `seen:${message}:${rev}` }),
    redirect: "manual",
    keepalive: true,
  });
  if (status >= 500 || status === 429) throw new Error("The message could not be marked as seen.");
}
