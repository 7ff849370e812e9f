import { Link } from "@remix-run/react";
import { numberText } from "../../ui/number";
import { listPath } from "../paths";
import { ordersByRepository, useListQuery, type ListStatus, type ListView } from "./list-view";

const TABS: { status: ListStatus; label: string; section: string }[] = [
  { status: "needs-you", label: "Needs you", section: "Sessions that need you" },
  { status: "active", label: "Active", section: "Active sessions" },
  { status: "archived", label: "Archived", section: "Archived sessions" },
  { status: "all", label: "All", section: "All sessions" },
];

/** @returns the accessible name of the list while this tab is shown */
export function sectionName(shown: ListStatus): string | undefined {
  return TABS.find(({ status }) => status === shown)?.section;
}

/** @param counts how many sessions each tab has */
export function StatusTabs({
  shown,
  counts,
}: {
  shown: ListStatus;
  counts: Record<ListStatus, number>;
}) {
  const query = useListQuery({ status: shown });
  const changeTo = (status: ListStatus) => ({
    ...{ status, idle: undefined, cursor: undefined },
    ...(status === "needs-you" && { sort: undefined }),
  });
  return (
    <nav aria-label="Status" className="flex flex-wrap gap-1 max-sm:order-last max-sm:w-full">
      {TABS.map(({ status, label }) => (
        <Link
          key={status}
          to={listPath(query, "", changeTo(status))}
          aria-current={status === shown ? "page" : undefined}
          className={`button max-sm:px-1.5 max-sm:text-sm ${status === shown ? "" : "button-quiet"}`}
        >
          {label} <span className="text-muted">{numberText(counts[status])}</span>
        </Link>
      ))}
    </nav>
  );
}

interface ListPagesProps {
  view: ListView;
  /** The cursors of the previous and of the next page; null if there is none. */
  newer: string | null;
  older: string | null;
}

const NEWEST_FIRST = { first: "Newest", newer: "Newer", older: "Older" };
const BY_REPOSITORY = { first: "First", newer: "Previous", older: "Next" };

/** Links to the first, the previous and the next page of the list. */
export function ListPages({ view, newer, older }: ListPagesProps) {
  const query = useListQuery(view);
  const labels = ordersByRepository(view) ? BY_REPOSITORY : NEWEST_FIRST;
  return (
    <nav aria-label="Pages" className="mt-4 flex gap-2">
      {query.get("cursor") && (
        <Link to={listPath(query, "", { cursor: undefined })} className="button">
          {labels.first}
        </Link>
      )}
      {newer && (
        <Link to={listPath(query, "", { cursor: newer })} className="button">
          {labels.newer}
        </Link>
      )}
      {older && (
        <Link to={listPath(query, "", { cursor: older })} className="button ml-auto">
          {labels.older}
        </Link>
      )}
    </nav>
  );
}
