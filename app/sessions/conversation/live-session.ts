import { useFetcher } from "@remix-run/react";
import { useEffect, useId, useRef, useState } from "react";
import { useLiveSocket, type Connection } from "../../ui/hooks/live-socket";
import { useQueuedRevalidate } from "../../ui/hooks/use-queued-revalidate";
import { growInPlace, isAtEnd } from "../../ui/scroll-anchor";
import { isFinal, parseLiveMessage, type NeedsYou } from "../protocol/live-messages";
import type { Item, ShownItem } from "../protocol/item";
import { laterRuns, type RunReport } from "../protocol/run";
import type { AgentReport, SessionStatus } from "../protocol/session";
import { knownFrom, takeAsked, takeChanges, takePart, type KnownItems } from "./items/known-items";
import { StreamedTexts } from "./items/streamed-texts";

/** The id of the element at the end of a conversation. */
export const END_ID = "newest";

/**
 * While the page is scrolled to its end, it keeps only this many of the newest items, so that it does not grow
 * forever.
 */
const MAX_ITEMS = 200;

/** The content of a session's page that can change while it is open. */
export interface LiveContent {
  /** Oldest first. */
  items: ShownItem[];
  /** The requests that are asked and are not among the items. */
  asked: Item[];
  agent: AgentReport | null;
  runs: RunReport;
}

interface LiveSession {
  known: KnownItems;
  agent: AgentReport | null;
  runs: RunReport;
  /** What an agent is writing. */
  streamed: StreamedTexts;
  connection: Connection;
  /** Loads the items before the first one that is shown. */
  loadEarlier: () => void;
}

/**
 * Keeps a session's page up to date: adds and updates items as their changes arrive, without duplicates or gaps. Any
 * other change revalidates the page.
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
  const [known, setKnown] = useState(() => knownFrom(loaded.items, loaded.asked));
  const [agent, setAgent] = useState(loaded.agent);
  const [runs, setRuns] = useState(loaded.runs);
  const [taken, setTaken] = useState(loaded);
  if (loaded !== taken) {
    setTaken(loaded);
    setKnown(takeAsked(takePart(known, loaded.items), loaded.asked));
    setAgent(latest(agent, loaded.agent));
    setRuns(laterRuns(runs, loaded.runs));
  }
  const [streamed] = useState(newStreamedTexts);
  useEffect(() => streamed.settle(known.items, runs), [streamed, known, runs]);

  const since = useRef(0);
  useEffect(() => {
    since.current = known.since;
  }, [known.since]);

  const revalidate = useQueuedRevalidate();
  const isFirst = useRef(true);
  const connection = useLiveSocket(live, {
    path: () => {
      isFirst.current = true;
      return `/session/${id}/live?since=${since.current}`;
    },
    onReconnect: revalidate,
    isFinal,
    onMessage(data) {
      const message = parseLiveMessage(data);
      // A socket begins with what was missed, or with this if that is too much.
      if (isFirst.current && message?.type === "changed")
        setKnown((before) => ({ ...before, missed: true }));
      isFirst.current = false;
      if ((message?.type === "items" || message?.type === "agent") && message.runs) {
        const { runs: received } = message;
        streamed.takeRuns(received);
        setRuns((before) => laterRuns(before, received));
      }
      switch (message?.type) {
        case "items": {
          const { items, agent } = message;
          streamed.takeItems(items);
          const max = isAtEnd(document.getElementById(END_ID)) ? MAX_ITEMS : Infinity;
          setKnown((before) => takeChanges(before, items, max));
          setAgent(agent);
          break;
        }
        case "agent":
          setAgent(message.agent);
          break;
        case "delta":
          streamed.takeDelta(message);
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

  const loadEarlier = useEarlierItems(id, (items, before) => {
    setKnown((known) => takePart(known, items, before));
  });
  return {
    ...{ known, agent, runs, streamed, connection },
    loadEarlier: () => loadEarlier(known.from),
  };
}

/** @returns texts that are rendered once a frame, without moving what is read */
function newStreamedTexts(): StreamedTexts {
  return new StreamedTexts((flush) => requestAnimationFrame(() => growInPlace(END_ID, flush)));
}

/** The part of the page's loader data that has the earlier items. */
interface Loaded {
  conversation: { state: string; items?: ShownItem[] };
  before: number;
}

/**
 * Loads earlier items. Each call uses another fetcher, because Remix would reload a fetcher's data whenever the page is
 * revalidated.
 *
 * @param take called with the loaded items, oldest first, and the id of the item that they end before
 * @returns a function that loads the items before the one with this id
 */
function useEarlierItems(id: string, take: (items: ShownItem[], before: number) => void) {
  const [times, setTimes] = useState(0);
  const { load, data } = useFetcher<Loaded>({ key: `${useId()} ${times}` });
  if (data) {
    setTimes(times + 1);
    take(data.conversation.items ?? [], data.before);
  }
  return (before: number) => load(`/session/${id}?before=${before}`);
}

/**
 * @param live the report that was received last on the socket
 * @param loaded the loader's report, which may be older than one received while it was loading
 * @returns the later of the two
 */
export function latest(live: AgentReport | null, loaded: AgentReport | null): AgentReport | null {
  return live && live.at > (loaded?.at ?? 0) ? live : loaded;
}
