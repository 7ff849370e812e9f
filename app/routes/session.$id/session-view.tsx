import { Link, Outlet } from "@remix-run/react";
import { useEffect } from "react";
import { OpenSession, type SessionAnswer } from "../../sessions/page/open-session";
import { SessionDetails, SessionHistory } from "../../sessions/page/session-details";
import { SessionHeader } from "../../sessions/page/session-header";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import type { PageData } from "./load-page.server";

/** The page of a session; if its conversation is unavailable, it shows a notice instead. */
export function SessionView({ page }: { page: PageData }) {
  const answered = useStickyActionData<SessionAnswer>();
  const { session, conversation } = page;
  useEffect(() => {
    shownSessions.add(session.id);
  }, [session.id]);
  return (
    <div className="grid gap-5">
      <Link to="/dashboard" className="link icon-back justify-self-start">
        All sessions
      </Link>
      <SessionHeader session={session} />
      {answered?.alert && !answered.draft && (
        <p role="alert" className="notice text-danger">
          {answered.alert}
        </p>
      )}
      {conversation.state === "ready" ? (
        <OpenSession page={page} conversation={conversation} answered={answered} />
      ) : (
        <>
          <SessionDetails session={session} now={page.now} />
          <p className="notice text-warn">{NO_CONVERSATION[conversation.state]}</p>
          <SessionHistory events={page.events} older={page.olderEvents} now={page.now} />
        </>
      )}
      <Outlet />
    </div>
  );
}

const NO_CONVERSATION = {
  deleting: "Deleting is under way and will finish by itself.",
  unreachable:
    "The conversation cannot be reached just now. Nothing in it is lost; reload the page in a moment.",
};

const shownSessions = new Set<string | undefined>();

/** @returns whether this tab has shown the session with this id */
export function wasShown(id: string | undefined): boolean {
  return shownSessions.has(id);
}
