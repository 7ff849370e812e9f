import { Link } from "@remix-run/react";
import { listPath } from "../paths";
import { ordersByRepository, useListQuery, type ListView } from "./list-view";

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
