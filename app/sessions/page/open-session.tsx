import { Form } from "@remix-run/react";
import { useMemo, type MouseEvent } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useMovingNow } from "../../ui/time";
import { AgentsPanel, NAME_FIELD, type MadeToken } from "../agents/agents-panel";
import { Composer, type Draft } from "../conversation/composer";
import { ConnectionStatus, Conversation } from "../conversation/conversation";
import type { ConversationPage as ConversationAnswer } from "../conversation/conversation.server";
import { askedRequests, messagesOf, shownItems } from "../conversation/items/known-items";
import { PinnedRequest, usePinned } from "../conversation/items/pinned-request";
import { useLiveSession } from "../conversation/live-session";
import { StopButton, StopForm } from "../conversation/stop-run";
import { isNew, useSeen } from "../conversation/use-seen";
import { useNeedsYouTitle } from "../needs-you-title";
import type { ShownItem } from "../protocol/item";
import type { ShownMessage } from "../protocol/message";
import { endsWhenSeen, type AgentReport, type Seen, type SessionEvent } from "../protocol/session";
import { SessionDetails } from "./session-details";
import { SessionHeader, type ShownSession } from "./session-header";

/** The loader data of a session's page, except its conversation. */
export interface SessionPage {
  session: ShownSession;
  /** How many of the owner's sessions need them. */
  needsYou: number;
  events: SessionEvent[];
  /** Whether there are older events, which are not shown. */
  olderEvents: boolean;
  /** What the owner has seen. */
  seen: Seen;
  /** The page shows the items before the one with this id; null for the newest items. */
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
  /** Why an answer to a request, a stop or a withdrawal came to nothing. */
  late?: string;
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
  /** The error of an action that has no field on the page. */
  alert: string | undefined;
}

/** The page of a session whose conversation was loaded, with live updates. */
export function OpenSession({ page, conversation, answered, alert }: OpenSessionProps) {
  const earlier = page.before !== null;
  const { status, id } = page.session;
  const live = useLiveSession(id, page.session, conversation, {
    live: conversation.live && !earlier,
    onNeedsYou: useNeedsYouTitle(page.needsYou, page.now),
  });
  const { known, runs } = live;
  const items = useMemo(() => shownItems(known), [known]);
  const messages = useMemo(() => messagesOf(items), [items]);
  const requests = askedRequests(known);
  const { pinned, hold } = usePinned(requests);
  const session = earlier ? page.session : upToDate(page.session, items, messages.at(-1));
  // New items and reports are later than the loader's `now`.
  const now = Math.max(useMovingNow(page.now), session.lastActivity, live.agent?.at ?? 0);
  const { made, token: failed, nextTokenKey } = answered ?? {};
  return (
    <>
      <SessionHeader session={session} agent={live.agent} now={now} alert={alert} />
      <div className="session-page">
        <section aria-labelledby="conversation" className="conversation">
          <div className="flex flex-wrap items-baseline justify-between gap-3">
            <h2 id="conversation" className="font-semibold">
              Conversation
            </h2>
            {!earlier && <ConnectionStatus connection={live.connection} />}
          </div>
          <UnreadNotice sessionId={id} messages={messages} agent={live.agent} seen={page.seen} />
          {items.length === 0 && !earlier && <WhatNext />}
          <Conversation
            sessionId={id}
            items={items}
            pinned={pinned?.id}
            isEarlierPart={earlier}
            runs={runs}
            streamed={live.streamed}
            agentName={conversation.agentName}
            now={now}
            onLoadEarlier={live.loadEarlier}
          />
          <div className="dock">
            <PinnedRequest
              sessionId={id}
              pinned={pinned}
              hold={hold}
              count={requests.length}
              late={answered?.late}
            />
            <Composer
              sessionId={id}
              freshKey={page.freshKeys.message}
              messages={messages}
              archived={status === "archived"}
              failed={useFailed(answered)}
            >
              <StopButton running={runs.running} />
            </Composer>
            <StopForm sessionId={id} running={runs.running} />
          </div>
        </section>
        <SessionDetails
          session={session}
          events={page.events}
          older={page.olderEvents}
          now={now}
          answered={made !== undefined || failed !== undefined}
        >
          <AgentsPanel
            tokens={conversation.tokens}
            address={page.address}
            freshKey={page.freshKeys.token}
            nextKey={nextTokenKey}
            now={now}
            made={made}
            failed={failed}
          />
        </SessionDetails>
      </div>
    </>
  );
}

/** Shown in place of the conversation while there are none. */
function WhatNext() {
  return (
    <div className="grid justify-items-start gap-3">
      <p>
        Nothing has been said here yet: write below what is to be done, or connect an agent that
        reports here.
      </p>
      <a href={`#${NAME_FIELD}`} className="button icon-agent" onClick={openAgentForm}>
        Connect an agent
      </a>
    </div>
  );
}

/** Does what the browser does without JavaScript, except for a navigation, which would take a new token off the page. */
function openAgentForm(event: MouseEvent) {
  const field = document.getElementById(NAME_FIELD);
  if (!field) return;
  event.preventDefault();
  field.closest("details")?.setAttribute("open", "");
  field.focus();
}

/** Picks the composer's error from the action data; memoized, so that the composer can compare it by identity. */
function useFailed(answered: SessionAnswer | undefined) {
  return useMemo((): { alert: string; draft: Draft } | undefined => {
    const { alert, draft } = answered ?? {};
    return alert !== undefined && draft ? { alert, draft } : undefined;
  }, [answered]);
}

/**
 * Updates count and activity from what is shown: messages are numbered from 1 without gaps, so the newest one's number is
 * the count.
 */
function upToDate(
  session: SessionPage["session"],
  items: ShownItem[],
  newest: ShownMessage | undefined,
) {
  const times = items.map((item) =>
    "message" in item ? item.message.created_at : item.updated_at,
  );
  return {
    ...session,
    messageCount: Math.max(session.messageCount, newest?.id ?? 0),
    lastActivity: Math.max(session.lastActivity, ...times),
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
