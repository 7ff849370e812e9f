import { Form, Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { numberText } from "../../ui/number";
import { sessionCountText } from "../session-summary";
import { bulkResultText, INVERSE, type BulkCounts, type BulkKind } from "./bulk";

/** A bulk as its progress page shows it. */
export interface BulkView {
  id: string;
  kind: BulkKind;
  /** How many sessions it has. */
  total: number;
  counts: BulkCounts;
  /** Some of the sessions that failed; `name` is the title or the repository. */
  failed: { id: string; name: string }[];
  /** Whether the bulk is unfinished, but has made no progress for a while. */
  stalled: boolean;
}

/** The progress of a bulk, its results, and buttons to retry or leave the sessions that failed. */
export function BulkProgress({ bulk, listedAt }: { bulk: BulkView; listedAt: string }) {
  const { id, kind, total, counts, failed, stalled } = bulk;
  const settled = total - counts.pending;
  const underWay = counts.pending > 0;
  const undoable = !underWay && counts.done > 0 && INVERSE[kind] !== undefined;
  return (
    <section className="panel grid gap-4 p-5" aria-labelledby="progress">
      <p id="progress">
        {numberText(settled)} of {sessionCountText(total)} done
      </p>
      <progress className="bulk-progress" max={total} value={settled} aria-labelledby="progress" />
      <div aria-live="polite">{!underWay && <p>{bulkResultText(kind, counts)}</p>}</div>
      {underWay && (
        <p className="text-muted">
          This goes on by itself: you can leave this page and come back to it.
        </p>
      )}
      {failed.length > 0 && (
        <div className="grid gap-2">
          <h2 className="font-semibold">Could not be reached</h2>
          <ul className="grid gap-1">
            {failed.map((session) => (
              <li key={session.id}>
                <Link to={`/session/${session.id}`} className="link">
                  <bdi>{session.name}</bdi>
                </Link>
              </li>
            ))}
          </ul>
          {counts.failed + counts.left > failed.length && <p>and others</p>}
        </div>
      )}
      <div className="flex flex-wrap gap-2">
        {stalled && <ProgressButton intent="continue">Continue</ProgressButton>}
        {!underWay && counts.failed > 0 && (
          <>
            <ProgressButton intent="continue">Try again</ProgressButton>
            <ProgressButton intent="leave">Leave them as they are</ProgressButton>
          </>
        )}
        {undoable && (
          <Form method="post" action={listedAt}>
            <button name="intent" value={`undo:${id}`} className="button">
              Undo
            </button>
          </Form>
        )}
        <Link to={listedAt} className="button">
          Back to the list
        </Link>
      </div>
    </section>
  );
}

function ProgressButton({ intent, children }: { intent: string; children: ReactNode }) {
  return (
    <Form method="post">
      <button name="intent" value={intent} className="button">
        {children}
      </button>
    </Form>
  );
}
