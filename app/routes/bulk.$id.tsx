import {
  json,
  redirect,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession } from "../auth/auth.server";
import { readForm } from "../platform/http/form.server";
import { BULK_TEXT } from "../sessions/bulk/bulk";
import { bulkNotFound, parseBulkId } from "../sessions/bulk/bulk-input.server";
import { BulkProgress, type BulkView } from "../sessions/bulk/bulk-progress";
import { findBulk, isStalled } from "../sessions/bulk/bulk-report.server";
import { continueBulk, finishBulk } from "../sessions/bulk/bulk.server";
import { documentTitle } from "../sessions/needs-you-title";
import { bulkPath, listPath } from "../sessions/paths";
import { countNeedsYou } from "../sessions/session-queries.server";
import { sessionCountText } from "../sessions/session-summary";
import { ErrorPanel } from "../ui/error-panel";
import { usePolling } from "../ui/hooks/use-polling";
import { useStickyActionData } from "../ui/hooks/use-sticky-action-data";

export const meta: MetaFunction<typeof loader> = ({ data, matches }) => [
  { title: documentTitle(data ? titleOf(data.bulk) : "Many sessions", matches) },
];

export async function loader({ request, params, context }: LoaderFunctionArgs) {
  const { now, reads } = context;
  const [found, needsYou] = await verifySession(request, context, ({ id }) =>
    Promise.all([findBulk(reads, id, parseBulkId(params.id)), countNeedsYou(reads, id)]),
  );
  if (!found) throw bulkNotFound();
  const { bulk, counts, failed } = found;
  const { id, kind, total } = bulk;
  const stalled = counts.pending > 0 && isStalled(bulk, now);
  return json({ bulk: { id, kind, total, counts, failed, stalled }, needsYou });
}

const INTENTS = { continue: continueBulk, leave: finishBulk };

export async function action({ request, params, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const id = parseBulkId(params.id);
  const { intent = "" } = await readForm(request);
  if (!Object.hasOwn(INTENTS, intent)) {
    throw new Response("This page does not know that intent.", { status: 400 });
  }
  const found = await INTENTS[intent as keyof typeof INTENTS](context.env, user.id, id);
  if (found === undefined) {
    const alert = "Ship did not answer, so this may not have happened. Try again; it is safe.";
    return json({ alert }, { status: 503 });
  }
  if (!found) throw bulkNotFound();
  return redirect(bulkPath(new URL(request.url).searchParams, id));
}

/** How often the progress is revalidated, in milliseconds. */
const REFRESH_EVERY = 1_000;

export default function Bulk() {
  const { bulk } = useLoaderData<typeof loader>();
  const failed = useStickyActionData<{ alert: string }>();
  const [query] = useSearchParams();
  const underWay = bulk.counts.pending > 0;
  usePolling(underWay, REFRESH_EVERY);
  return (
    <div className="mx-auto grid w-full max-w-2xl gap-4">
      <h1 className="text-2xl font-semibold" tabIndex={-1}>
        {titleOf(bulk)}
      </h1>
      {underWay && (
        <noscript>
          <meta httpEquiv="refresh" content="2" />
        </noscript>
      )}
      {failed && (
        <p role="alert" className="notice text-danger">
          {failed.alert}
        </p>
      )}
      <BulkProgress bulk={bulk} listedAt={listPath(query)} />
    </div>
  );
}

function titleOf({ kind, total }: Pick<BulkView, "kind" | "total">): string {
  return `${BULK_TEXT[kind].doing} ${sessionCountText(total)}`;
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
