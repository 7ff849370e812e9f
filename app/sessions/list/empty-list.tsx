import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { numberText } from "../../ui/number";
import { listPath } from "../paths";
import { useListQuery, type ListView } from "./list-view";

interface EmptyListProps {
  view: ListView;
  /** How many sessions match in the tab "All", active or archived. */
  matchingInAll: number;
}

/** Shown instead of an empty list: says why it is empty, and offers links that help. */
export function EmptyList({ view, matchingInAll }: EmptyListProps) {
  const query = useListQuery(view);
  const searching = view.words.length > 0;
  if (query.has("cursor")) return <Nothing>No sessions on this page any more.</Nothing>;
  if (view.idle !== null) {
    return (
      <Nothing>
        <p>
          No active session {searching && "that matches "}has been idle for {view.idle} days.
        </p>
        {searching ? <SearchEverywhere query={query} /> : <AllActive />}
      </Nothing>
    );
  }
  if (searching || view.repo !== null) {
    return (
      <Nothing>
        <p>Nothing matches here.</p>
        {searching && view.repo !== null && <SearchEverywhere query={query} />}
        {matchingInAll > 0 && (
          <Link to={listPath(query, "", { status: "all" })} className="button">
            Show the {numberText(matchingInAll)} that match, active or archived
          </Link>
        )}
        <AllActive />
      </Nothing>
    );
  }
  if (view.status === "needs-you") {
    return (
      <Nothing>
        <p>Nothing needs you.</p>
        <AllActive />
      </Nothing>
    );
  }
  if (view.status === "archived") return <Nothing>Nothing is archived.</Nothing>;
  return (
    <div className="grid justify-items-center gap-3 p-10 text-center">
      <p className="text-lg font-medium">No sessions yet</p>
      <p className="text-muted">A session keeps one agent’s work on one repository together.</p>
      <Link to={listPath(query, "/new")} preventScrollReset className="button icon-add">
        Start your first session
      </Link>
    </div>
  );
}

/** A link that searches all sessions: it removes the filters, but keeps the search. */
function SearchEverywhere({ query }: { query: URLSearchParams }) {
  const everywhere = { status: "all", repo: undefined, idle: undefined };
  return (
    <Link to={listPath(query, "", everywhere)} className="button">
      Search all sessions
    </Link>
  );
}

function AllActive() {
  return (
    <Link to={listPath(new URLSearchParams())} className="button">
      Show all active sessions
    </Link>
  );
}

function Nothing({ children }: { children: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-3 p-8 text-center text-muted">{children}</div>
  );
}
