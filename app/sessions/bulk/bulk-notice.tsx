import { Link, useSearchParams } from "@remix-run/react";
import { bulkPath } from "../paths";
import { sessionCountText } from "../session-summary";
import { BULK_TEXT, type BulkRow } from "./bulk";

/** The notice above the list about bulks that are running or have stopped. */
export function BulkNotice({ bulks }: { bulks: Pick<BulkRow, "id" | "kind" | "total">[] }) {
  const [query] = useSearchParams();
  if (bulks.length === 0) return null;
  return (
    <ul aria-label="Not finished yet" className="notice mb-4 grid gap-1 text-warn">
      {bulks.map(({ id, kind, total }) => (
        <li key={id}>
          {BULK_TEXT[kind].doing} {sessionCountText(total)} is not finished yet.{" "}
          <Link to={bulkPath(query, id)} className="link">
            See how far it is
          </Link>
        </li>
      ))}
    </ul>
  );
}
