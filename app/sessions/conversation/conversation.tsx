import { Link } from "@remix-run/react";
import { memo, useState, type MouseEvent } from "react";
import type { Connection } from "../../ui/hooks/live-socket";
import { ScrollAnchor } from "../../ui/scroll-anchor";
import { ConnectionClosed } from "../connection-closed";
import type { ShownItem } from "../protocol/item";
import { plainText } from "../protocol/markdown";
import type { RunReport } from "../protocol/run";
import { foldItems } from "./items/fold-items";
import { FoldedItems, ItemView } from "./items/item-view";
import { announcedItems } from "./items/known-items";
import type { StreamedTexts } from "./items/streamed-texts";
import { useNewTexts } from "./items/streamed-view";
import { NewTextView } from "./items/text-view";
import { goToNewest, JumpToNewest } from "./jump-to-newest";
import { END_ID } from "./live-session";

interface ConversationProps {
  sessionId: string;
  /** Oldest first. */
  items: ShownItem[];
  /** The id of the request that is shown above the composer; undefined if there is none. */
  pinned: number | undefined;
  /** Whether this is an earlier page of the conversation, not the newest one. */
  isEarlierPart: boolean;
  runs: RunReport;
  /** What an agent is writing. */
  streamed: StreamedTexts;
  /** The name of the agent that a runner runs here. */
  agentName: string;
  /** Epoch milliseconds. */
  now: number;
  onLoadEarlier: () => void;
}

/** The items of a session, with a link to load earlier ones. */
export function Conversation({
  items,
  isEarlierPart,
  onLoadEarlier,
  runs: { running, handled },
  agentName,
  ...context
}: ConversationProps) {
  const { streamed, now } = context;
  const [first] = items;
  function loadEarlier(event: MouseEvent) {
    if (isEarlierPart || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onLoadEarlier();
  }
  return (
    <>
      <p className="flex gap-4 empty:hidden">
        {first && first.id > 1 && (
          <Link to={`?before=${first.id}`} className="link" onClick={loadEarlier}>
            Load earlier
          </Link>
        )}
        {items.length > 5 && (
          <a
            href={`#${END_ID}`}
            className={`link ${isEarlierPart ? "" : "skip"}`}
            onClick={goToNewest}
          >
            Skip to the newest
          </a>
        )}
        {isEarlierPart && (
          <Link to="." className="link">
            Newest messages
          </Link>
        )}
      </p>
      <ScrollAnchor first={first?.id ?? 0} endId={END_ID}>
        <ol className="grid grid-cols-1 gap-3">
          {foldItems(items, running?.id).map((line) =>
            Array.isArray(line) ? (
              <FoldedItems key={line[0]!.id} items={line}>
                {line.map((item) => (
                  <ItemView key={item.id} item={item} handled={handled} {...context} />
                ))}
              </FoldedItems>
            ) : (
              <ItemView key={line.id} item={line} handled={handled} {...context} />
            ),
          )}
          <NewTexts items={items} streamed={streamed} author={agentName} now={now} />
        </ol>
        {!isEarlierPart && <JumpToNewest items={items} />}
      </ScrollAnchor>
      <Announcements items={items} running={running?.id} />
    </>
  );
}

interface NewTextsProps {
  items: ShownItem[];
  streamed: StreamedTexts;
  author: string;
  now: number;
}

/** The texts that an agent has just begun to write, at the end until their items come. */
function NewTexts({ items, ...props }: NewTextsProps) {
  const texts = useNewTexts(props.streamed, items);
  return (
    <>
      {texts.map((text) => (
        <NewTextView key={text.id} text={text} {...props} />
      ))}
    </>
  );
}

/**
 * What a screen reader announces at once: at most this many of the newest items, and this many characters of each.
 */
const READ_ALOUD = { items: 5, characters: 500 };

/**
 * A live region for screen readers that announces each message, request and notice received since the page was opened; a
 * message that grows once it is complete. The conversation itself is not a live region, because then the items of "Load earlier", every change of a time and
 * every update of a tool call would be announced too.
 */
function Announcements({ items, running }: { items: ShownItem[]; running: string | undefined }) {
  const [opened] = useState(items.at(-1)?.id ?? 0);
  const received = announcedItems(items, running).filter(({ id }) => id > opened);
  return (
    <div role="log" aria-label="What is new" className="sr-only">
      {received.slice(-READ_ALOUD.items).map((item) => (
        <Announcement key={item.id} item={item} />
      ))}
    </div>
  );
}

/** Rendered only once, because every change would be announced. */
const Announcement = memo(
  function Announcement({ item }: { item: ShownItem }) {
    return <p>{announcementText(item).slice(0, READ_ALOUD.characters).trim()}</p>;
  },
  () => true,
);

function announcementText(item: ShownItem): string {
  if ("message" in item) return `${item.message.author}: ${plainText(item.message.content)}`;
  const { author, body } = item;
  if (body.kind === "permission") return `${author} asks: ${body.title}`;
  return body.kind === "notice" ? `${author}: ${body.text}` : "";
}

/** Shows whether the page receives live updates. */
export function ConnectionStatus({ connection }: { connection: Connection }) {
  return (
    <p aria-live="polite" className="text-sm text-muted">
      {connection.state === "offline" && "Offline. Reconnecting…"}
      {connection.state === "live" && "Live"}
      {connection.state === "closed" && <ConnectionClosed {...connection} />}
    </p>
  );
}
