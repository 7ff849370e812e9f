import { Link } from "@remix-run/react";
import { numberText } from "../../ui/number";
import { listPath } from "../paths";
import { useListQuery, type ListStatus } from "./list-view";

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
