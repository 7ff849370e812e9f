import { useFetcher } from "@remix-run/react";
import { useEffect, useId, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../../ui/hooks/live-socket";
import { useQueuedRevalidate } from "../../ui/hooks/use-queued-revalidate";
import { isAtEnd } from "../../ui/scroll-anchor";
import { isFinal, parseLiveMessage } from "../protocol/live-messages";
import type { ShownMessage } from "../protocol/message";
import type { AgentReport, SessionStatus } from "../protocol/session";

/** The id of what stands at the end of a conversation. */
export const END_ID = "newest";

/** A page that is read at its end keeps so many messages, the newest, so that it does not grow as long as it is open. */
const MESSAGES_KEPT = 200;

/** What a session's page shows, as it was loaded, and what changes while it is open. */
export interface LiveContent {
  /** In order, oldest first. */
  messages: ShownMessage[];
  agent: AgentReport | null;
}

interface LiveSession extends LiveContent {
  connection: Connection;
  /** Puts the messages before the first one shown in front of it. */
  loadEarlier: () => void;
}

/**
 * Keeps a session's page up to date: what is said appears as it is said, in order, once, and without a gap; what else
 * changes makes the page read itself anew.
 *
 * @param loaded what the page was loaded with; loaded anew, it is taken in
 * @param live false for a page that shows an older part of the conversation
 */
export function useLiveSession(
  id: string,
  status: SessionStatus,
  loaded: LiveContent,
  live: boolean,
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

  const readAnew = useQueuedRevalidate();
  const connection = useLiveSocket(live, {
    path: () => `/session/${id}/live?after=${last.current}`,
    onReconnect: readAnew,
    isFinal,
    onMessage(data) {
      const message = parseLiveMessage(data);
      switch (message?.type) {
        case "messages": {
          const { messages, agent } = message;
          const most = isAtEnd(document.getElementById(END_ID)) ? MESSAGES_KEPT : Infinity;
          setContent((before) => ({
            messages: mergeMessages(before.messages, messages).slice(-most),
            agent,
          }));
          break;
        }
        case "agent":
          setContent((before) => ({ ...before, agent: message.agent }));
          break;
        case "status":
          if (message.status !== status) readAnew();
          break;
        case "changed":
          readAnew();
      }
    },
  });

  const earlier = useEarlierMessages(id, (messages) => {
    setContent((before) => ({ ...before, messages: mergeMessages(messages, before.messages) }));
  });
  return { ...content, connection, loadEarlier: () => earlier(content.messages[0]?.id ?? 0) };
}

/** The part of the page's data that older messages come in. */
interface Loaded {
  conversation: { state: string; messages?: ShownMessage[] };
}

/**
 * Each time by another fetcher: what one has loaded, Remix loads again whenever it reads the page again.
 *
 * @param take is given the messages before the one that was asked for, when they are there
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
 * Puts two parts of a conversation together: each message once, in order.
 *
 * @param shown where a message is in both parts, the other one's is taken
 * @returns the newer part alone where messages are missing between the two
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

/** Messages are numbered without a gap. */
function isGap(id: number | undefined, next: number | undefined): boolean {
  return id !== undefined && next !== undefined && next > id + 1;
}

/** What is read anew may have been read before what was told meanwhile. @returns the later of two reports */
export function latest(told: AgentReport | null, read: AgentReport | null): AgentReport | null {
  return told && told.at > (read?.at ?? 0) ? told : read;
}

/** Being looked at is told at most this often, in milliseconds. */
const SEEN_EVERY = 5_000;

/**
 * Tells the server what the person sees: the newest message of an agent, as soon as the page is looked at.
 *
 * @param newest the id of that message; 0 where there is none
 * @param seen the id of the message up to which the server knows already
 */
export function useSeen(sessionId: string, newest: number, seen: number): void {
  const told = useRef({ id: seen, at: 0 });
  const waiting = useRef<() => void>();
  const [failures, setFailures] = useState(0);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      clearTimeout(timer);
      waiting.current = undefined;
      told.current = { id: newest, at: Date.now() };
      tellSeen(sessionId, newest).catch(() => {
        told.current.id = seen;
        setFailures((count) => count + 1); // looks again
      });
    };
    const look = () => {
      if (document.visibilityState !== "visible" || newest <= Math.max(told.current.id, seen))
        return;
      clearTimeout(timer);
      waiting.current = tell;
      timer = setTimeout(tell, Math.max(0, told.current.at + SEEN_EVERY - Date.now()));
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [sessionId, newest, seen, failures]);

  // Who leaves before it was told has seen it all the same.
  useEffect(() => {
    const leave = () => waiting.current?.();
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, [sessionId]);
}

/** Not by Remix's own way: nothing on the page is to change. @throws where the server was not reached, failed or was busy */
async function tellSeen(sessionId: string, newest: number): Promise<void> {
  const { status } = await fetch(`/session/${sessionId}`, {
    method: "POST",
    body: new URLSearchParams({ intent: `seen:${newest}` }),
    redirect: "manual",
    keepalive: true,
  });
  if (status >= 500 || status === 429) throw new Error("What was seen could not be told.");
}
