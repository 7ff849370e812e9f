import { useFetcher } from "@remix-run/react";
import { useEffect, useId, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../../ui/hooks/live-socket";
import { useQueuedRevalidate } from "../../ui/hooks/use-queued-revalidate";
import { isAtEnd } from "../../ui/scroll-anchor";
import { isFinal, parseLiveMessage, type NeedsYou } from "../protocol/live-messages";
import type { ShownMessage } from "../protocol/message";
import type { AgentReport, Seen, SessionStatus } from "../protocol/session";

/** The id of the element at the end of a conversation. */
export const END_ID = "newest";

/**
 * While the page is scrolled to its end, it keeps only this many of the newest messages, so that it does not grow
 * forever.
 */
const MAX_MESSAGES = 200;

/** The content of a session's page that can change while it is open. */
export interface LiveContent {
  /** Oldest first. */
  messages: ShownMessage[];
  agent: AgentReport | null;
}

interface LiveSession extends LiveContent {
  connection: Connection;
  /** Loads the messages before the first one that is shown. */
  loadEarlier: () => void;
}

/**
 * Keeps a session's page up to date: adds new messages as they arrive, in order, without duplicates or gaps. Any other
 * change revalidates the page.
 *
 * @param loaded the loader's data; when it changes, it is merged into what is shown
 * @param live false for a page that shows an earlier part of the conversation
 * @param onNeedsYou called with how many sessions need the owner, when that changes
 */
export function useLiveSession(
  id: string,
  row: { status: SessionStatus; title: string | null },
  loaded: LiveContent,
  { live, onNeedsYou }: { live: boolean; onNeedsYou: (received: NeedsYou) => void },
): LiveSession {
  const [content, setContent] = useState(loaded);
  const [taken, setTaken] = useState(loaded);
  if (loaded !== taken) {
    setTaken(loaded);
    setContent({
      messages: mergeMessages(content.messages, loaded.messages),
      agent: latest(content.agent, loaded.agent),
    });
  }

  const last = useRef(0);
  useEffect(() => {
    last.current = content.messages.at(-1)?.id ?? 0;
  }, [content.messages]);

  const revalidate = useQueuedRevalidate();
  const connection = useLiveSocket(live, {
    path: () => `/session/${id}/live?after=${last.current}`,
    onReconnect: revalidate,
    isFinal,
    onMessage(data) {
      const message = parseLiveMessage(data);
      switch (message?.type) {
        case "messages": {
          const { messages, agent } = message;
          const max = isAtEnd(document.getElementById(END_ID)) ? MAX_MESSAGES : Infinity;
          setContent((before) => ({
            messages: mergeMessages(before.messages, messages).slice(-max),
            agent,
          }));
          break;
        }
        case "agent":
          setContent((before) => ({ ...before, agent: message.agent }));
          break;
        case "row":
          if (message.status !== row.status || message.heading !== row.title) revalidate();
          break;
        case "needs-you":
          onNeedsYou(message);
          break;
        case "changed":
          revalidate();
      }
    },
  });

  const earlier = useEarlierMessages(id, (messages) => {
    setContent((before) => ({ ...before, messages: mergeMessages(messages, before.messages) }));
  });
  return { ...content, connection, loadEarlier: () => earlier(content.messages[0]?.id ?? 0) };
}

/** The part of the page's loader data that has the earlier messages. */
interface Loaded {
  conversation: { state: string; messages?: ShownMessage[] };
}

/**
 * Loads earlier messages. Each call uses another fetcher, because Remix would reload a fetcher's data whenever the page
 * is revalidated.
 *
 * @param take called with the loaded messages, oldest first
 * @returns a function that loads the messages before the one with this id
 */
function useEarlierMessages(id: string, take: (messages: ShownMessage[]) => void) {
  const [times, setTimes] = useState(0);
  const { load, data } = useFetcher<Loaded>({ key: `${useId()} ${times}` });
  if (data) {
    setTimes(times + 1);
    take(data.conversation.messages ?? []);
  }
  return (before: number) => load(`/session/${id}?before=${before}`);
}

/**
 * Merges two parts of a conversation: each message once, in order.
 *
 * @param other has precedence for messages that are in both parts
 * @returns the newer part alone if messages are missing between the two
 */
export function mergeMessages(shown: ShownMessage[], other: ShownMessage[]): ShownMessage[] {
  const [first, last] = [other[0]?.id, other.at(-1)?.id];
  if (first === undefined || last === undefined) return shown;
  const before = shown.filter(({ id }) => id < first);
  const after = shown.filter(({ id }) => id > last);
  if (isGap(before.at(-1)?.id, first)) return [...other, ...after];
  if (isGap(last, after[0]?.id)) return after;
  return [...before, ...other, ...after];
}

/** Whether messages are missing between two ids: ids have no gaps. */
function isGap(id: number | undefined, next: number | undefined): boolean {
  return id !== undefined && next !== undefined && next > id + 1;
}

/**
 * @param live the report that was received last on the socket
 * @param loaded the loader's report, which may be older than one received while it was loading
 * @returns the later of the two
 */
export function latest(live: AgentReport | null, loaded: AgentReport | null): AgentReport | null {
  return live && live.at > (loaded?.at ?? 0) ? live : loaded;
}

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
