import { Link, Outlet } from "@remix-run/react";
import { useEffect } from "react";
import { OpenSession, type SessionAnswer } from "../../sessions/page/open-session";
import { SessionDetails } from "../../sessions/page/session-details";
import { SessionHeader } from "../../sessions/page/session-header";
import { listPath } from "../../sessions/paths";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import type { PageData } from "./load-page.server";

/** The page of a session; if its conversation is unavailable, it shows a notice instead. */
export function SessionView({ page }: { page: PageData }) {
  const answered = useStickyActionData<SessionAnswer>();
  const { session, conversation } = page;
  useEffect(() => {
    shownSessions.add(session.id);
  }, [session.id]);
  const alert = answered?.draft ? undefined : answered?.alert;
  return (
    <div className="grid grid-cols-1 gap-5">
      <Link
        to={listPath(new URLSearchParams({ status: session.status }))}
        className="link icon-back justify-self-start"
      >
        All sessions
      </Link>
      {conversation.state === "ready" ? (
        <OpenSession page={page} conversation={conversation} answered={answered} alert={alert} />
      ) : (
        <>
          <SessionHeader session={session} agent={session.agent} now={page.now} alert={alert} />
          <div className="session-page">
            <p className="notice text-warn">{NO_CONVERSATION[conversation.state]}</p>
            <SessionDetails
              session={session}
              events={page.events}
              older={page.olderEvents}
              now={page.now}
            />
          </div>
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
