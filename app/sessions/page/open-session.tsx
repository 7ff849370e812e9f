import { Form } from "@remix-run/react";
import { useMemo } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useMovingNow } from "../../ui/time";
import { AgentsPanel, type MadeToken } from "../agents/agents-panel";
import { Composer, type Draft } from "../conversation/composer";
import { ConnectionStatus, Conversation } from "../conversation/conversation";
import type { ConversationPage as ConversationAnswer } from "../conversation/conversation.server";
import { isNew, useLiveSession, useSeen } from "../conversation/live-session";
import { useNeedsYouTitle } from "../needs-you-title";
import type { ShownMessage } from "../protocol/message";
import { endsWhenSeen, type AgentReport, type Seen, type SessionEvent } from "../protocol/session";
import { AgentStatusLabel } from "../session-text";
import { SessionDetails, SessionHistory, type SessionDetailsProps } from "./session-details";

/** The loader data of a session's page, except its conversation. */
export interface SessionPage {
  session: SessionDetailsProps["session"];
  /** How many of the owner's sessions need them. */
  needsYou: number;
  events: SessionEvent[];
  /** Whether there are older events, which are not shown. */
  olderEvents: boolean;
  /** What the owner has seen. */
  seen: Seen;
  /** The page shows the messages before the one with this id; null for the newest messages. */
  before: number | null;
  /** The page's URL without its query. */
  address: string;
  /** Unused idempotency keys for the forms of the page. */
  freshKeys: { message: string; token: string };
  /** Epoch milliseconds. */
  now: number;
}

/** The action data of a session's page. */
export interface SessionAnswer {
  /** The error message. */
  alert?: string;
  /** The message that was submitted, if the error is about it. */
  draft?: Draft;
  /** The token that was created. */
  made?: MadeToken;
  /** The error of the form that creates a token, with the name that was submitted. */
  token?: { error: string; name: string };
  /** The idempotency key for the next token, if the form's key is used. */
  nextTokenKey?: string;
}

interface OpenSessionProps {
  page: SessionPage;
  conversation: Extract<ConversationAnswer, { state: "ready" }>;
  answered: SessionAnswer | undefined;
}

/** The page of a session whose conversation was loaded, with live updates. */
export function OpenSession({ page, conversation, answered }: OpenSessionProps) {
  const { events, freshKeys, address } = page;
  const earlier = page.before !== null;
  const { status, id } = page.session;
  const live = useLiveSession(id, page.session, conversation, {
    live: conversation.live && !earlier,
    onNeedsYou: useNeedsYouTitle(page.needsYou, page.now),
  });
  const last = live.messages.at(-1);
  // New messages and reports are later than the loader's `now`.
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
        <UnreadNotice sessionId={id} {...live} seen={page.seen} />
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

/** Picks the composer's error from the action data; memoized, so that the composer can compare it by identity. */
function useFailed(answered: SessionAnswer | undefined) {
  return useMemo((): { alert: string; draft: Draft } | undefined => {
    const { alert, draft } = answered ?? {};
    return alert !== undefined && draft ? { alert, draft } : undefined;
  }, [answered]);
}

/**
 * Updates count and activity from the newest message: messages are numbered from 1 without gaps, so its id is the
 * count.
 */
function upToDate(session: SessionPage["session"], last: ShownMessage | undefined) {
  return {
    ...session,
    messageCount: Math.max(session.messageCount, last?.id ?? 0),
    lastActivity: Math.max(session.lastActivity, last?.created_at ?? 0),
  };
}

/** Offers to mark what agents have written and reported as read. After hydration, the page does that by itself (`useSeen`). */
function UnreadNotice({
  sessionId,
  messages,
  agent,
  seen,
}: {
  sessionId: string;
  messages: ShownMessage[];
  agent: AgentReport | null;
  seen: Seen;
}) {
  const newest = {
    message: messages.findLast(({ role }) => role === "agent")?.id ?? 0,
    rev: agent && endsWhenSeen(agent.status) ? agent.rev : 0,
  };
  const hydrated = useHydrated();
  useSeen(sessionId, newest, seen);
  if (hydrated || !isNew(newest, seen)) return null;
  return (
    <Form method="post" className="flex flex-wrap items-center gap-3">
      <p>Agents have written or reported since you last looked.</p>
      <button name="intent" value={`seen:${newest.message}:${newest.rev}`} className="button">
        Mark read
      </button>
    </Form>
  );
}
