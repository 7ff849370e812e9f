import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData } from "@remix-run/react";
import { verifySession } from "../auth/auth.server";
import { redirectWithFlash } from "../platform/http/flash.server";
import { checkFields, readForm } from "../platform/http/form.server";
import { passRetryAfter } from "../platform/http/retry-after.server";
import { renameInput } from "../sessions/lifecycle/lifecycle-input.server";
import { renameSession } from "../sessions/lifecycle/lifecycle.server";
import { RenameDialog } from "../sessions/lifecycle/rename-dialog";
import { tooFastResponse } from "../sessions/lifecycle/status-action.server";
import { notifyChanged } from "../sessions/notify.server";
import { repositoryName, sessionName } from "../sessions/protocol/session";
import { parseSessionId, sessionNotFound } from "../sessions/session-input.server";
import { findSession } from "../sessions/session-queries.server";
import { documentTitle } from "../sessions/needs-you-title";
import { ErrorPanel } from "../ui/error-panel";
import { useStickyActionData } from "../ui/hooks/use-sticky-action-data";

export { ignoreLiveNews as shouldRevalidate } from "../ui/hooks/should-revalidate";

export const meta: MetaFunction = ({ matches }) => [
  { title: documentTitle("Rename a session", matches) },
];

export const headers = passRetryAfter;

export async function loader({ request, params, context }: LoaderFunctionArgs) {
  return verifySession(request, context, async (user) => {
    const { row } = await findSession(context.reads, parseSessionId(params.id), user.id);
    if (!row) throw sessionNotFound();
    return json({
      id: row.id,
      title: row.heading ?? "",
      automatic: row.auto_title ?? repositoryName(row),
    });
  });
}

/** What the dialog shows if nothing was saved. */
interface Refused {
  title: string;
  error?: string | undefined;
  alert?: string;
}

export async function action({ request, params, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const id = parseSessionId(params.id);
  const typed = await readForm(request);
  const { values, errors } = checkFields(renameInput, typed);
  const title = typed.title ?? "";
  if (errors) return json<Refused>({ title, error: errors.title }, { status: 400 });
  const result = await renameSession(context.env, user.id, id, values.title || null);
  switch (result.outcome) {
    case "done":
      notifyChanged(context, user.id, id);
      return redirectWithFlash(request, context, `/session/${id}`, {
        text: `Renamed to ${sessionName(result.session)}.`,
      });
    case "not-found":
      throw sessionNotFound();
    case "too-fast":
      return tooFastResponse(result.wait, { title });
    case "unavailable": {
      const alert =
        "The database did not answer, so this may not have happened. Try again; it is safe.";
      return json<Refused>({ title, alert }, { status: 503 });
    }
  }
}

export default function RenameSession() {
  const page = useLoaderData<typeof loader>();
  const refused = useStickyActionData<Refused>();
  return (
    <RenameDialog
      title={refused?.title ?? page.title}
      automatic={page.automatic}
      error={refused?.error}
      alert={refused?.alert}
      closeTo={`/session/${page.id}`}
    />
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
