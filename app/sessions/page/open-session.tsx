import { Form } from "@remix-run/react";
import { useMemo } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useMovingNow } from "../../ui/time";
import { AgentsPanel, type MadeToken } from "../agents/agents-panel";
import { Composer, type Draft } from "../conversation/composer";
import { ConnectionStatus, Conversation } from "../conversation/conversation";
import type { ConversationPage as ConversationAnswer } from "../conversation/conversation.server";
import { useLiveSession, useSeen } from "../conversation/live-session";
import type { ShownMessage } from "../protocol/message";
import type { SessionEvent } from "../protocol/session";
import { AgentStatusLabel } from "../session-words";
import { SessionDetails, SessionHistory, type SessionDetailsProps } from "./session-details";

/** What a session's page is loaded with; its conversation is asked for at the same time. */
export interface SessionPage {
  session: SessionDetailsProps["session"];
  events: SessionEvent[];
  /** Whether there are older ones, which are not shown. */
  olderEvents: boolean;
  /** The newest message that the owner has seen, by its id. */
  seen: number;
  /** The message before which the part of the conversation that it shows ends, by its id; null: it shows the newest. */
  before: number | null;
  /** The page's own, with the origin. */
  address: string;
  /** Each makes the same form sent twice one thing. */
  freshKeys: { message: string; token: string };
  /** Epoch milliseconds. */
  now: number;
}

/** What the page is answered where it stays where it is. */
export interface SessionAnswer {
  /** What could not be done. */
  alert?: string;
  /** What was being written. */
  draft?: Draft;
  made?: MadeToken;
  /** The form that makes a token, with what is wrong with it. */
  token?: { error: string; name: string };
  /** The key of the next token, where the form's has made one. */
  nextTokenKey?: string;
}

interface OpenSessionProps {
  page: SessionPage;
  conversation: Extract<ConversationAnswer, { state: "ready" }>;
  answered: SessionAnswer | undefined;
}

/** A session whose conversation can be read: kept up to date while it is open. */
export function OpenSession({ page, conversation, answered }: OpenSessionProps) {
  const { events, freshKeys, address } = page;
  const earlier = page.before !== null;
  const { status, id } = page.session;
  const live = useLiveSession(id, status, conversation, conversation.live && !earlier);
  const last = live.messages.at(-1);
  // What has just come happened after the page was made.
  const now = Math.max(useMovingNow(page.now), last?.created_at ?? 0, live.agent?.at ?? 0);
  const session = earlier ? page.session : upToDate(page.session, last);
  return (
    <div className="session-page">
      <SessionDetails session={session} now={now}>
        <AgentStatusLabel report={live.agent} now={now} />
      </SessionDetails>
      <section aria-labelledby="conversation" className="conversation">
        <div className="flex flex-wrap items-baseline justify-between gap-3">
          <h2 id="conversation" className="text-lg font-semibold">
            Conversation
          </h2>
          {!earlier && <ConnectionStatus connection={live.connection} />}
        </div>
        <UnreadNotice sessionId={id} messages={live.messages} seen={page.seen} />
        <Conversation
          messages={live.messages}
          isEarlierPart={earlier}
          now={now}
          onLoadEarlier={live.loadEarlier}
        />
        <Composer
          sessionId={id}
          freshKey={freshKeys.message}
          messages={live.messages}
          archived={status === "archived"}
          failed={useFailed(answered)}
        />
      </section>
      <AgentsPanel
        tokens={conversation.tokens}
        address={address}
        freshKey={freshKeys.token}
        nextKey={answered?.nextTokenKey}
        now={now}
        made={answered?.made}
        failed={answered?.token}
      />
      <SessionHistory events={events} older={page.olderEvents} now={now} />
    </div>
  );
}

/** The same answer stays the same object, however often the page is rendered. */
function useFailed(answered: SessionAnswer | undefined) {
  return useMemo((): { alert: string; draft: Draft } | undefined => {
    const { alert, draft } = answered ?? {};
    return alert !== undefined && draft ? { alert, draft } : undefined;
  }, [answered]);
}

/** Messages are numbered from 1 without a gap, so the last one's number is their count. */
function upToDate(session: SessionPage["session"], last: ShownMessage | undefined) {
  return {
    ...session,
    messageCount: Math.max(session.messageCount, last?.id ?? 0),
    lastActivity: Math.max(session.lastActivity, last?.created_at ?? 0),
  };
}

/** Says that an agent wrote since the owner last looked. Looking is seen by the page itself, where it is alive. */
function UnreadNotice({
  sessionId,
  messages,
  seen,
}: {
  sessionId: string;
  messages: ShownMessage[];
  seen: number;
}) {
  const newest = messages.findLast(({ role }) => role === "agent")?.id ?? 0;
  const isAlive = useHydrated();
  useSeen(sessionId, newest, seen);
  if (isAlive || newest <= seen) return null;
  return (
    <Form method="post" className="flex flex-wrap items-center gap-3">
      <p>Agents have written since you last looked.</p>
      <button name="intent" value={`seen:${newest}`} className="button">
        Mark read
      </button>
    </Form>
  );
}
