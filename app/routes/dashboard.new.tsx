import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useActionData, useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession } from "../auth/auth.server";
import { redirectWithFlash } from "../platform/flash.server";
import { checkFields, readForm, type Fields } from "../platform/form.server";
import { CreateSessionDialog } from "../sessions/create-session-dialog";
import { createInput } from "../sessions/input.server";
import { createSession, type CreateResult } from "../sessions/lifecycle.server";
import { listPath } from "../sessions/list-view";
import { repositoryName } from "../sessions/session";
import { ErrorPanel } from "../ui/error-panel";

export const meta: MetaFunction = () => [{ title: "New session · Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  await verifySession(request, context);
  return json({ formKey: crypto.randomUUID() });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const typed = await readForm(request);
  const checked = checkFields(createInput, typed);
  if (checked.errors) {
    const { errors } = checked;
    // A form without a proper key could never be sent with success: it gets one.
    const again = errors.key ? fresh(typed) : typed;
    return json({ typed: again, errors, alert: errors.key }, { status: 400 });
  }

  const { key, repoOwner: owner, repoName: name } = checked.values;
  const result = await createSession(context.env, user.id, { key, repository: { owner, name } });
  if (result.outcome !== "created") return failure(result, typed);
  return redirectWithFlash(request, context, "/dashboard", {
    text: `Created a session for ${repositoryName(result.session)}.`,
  });
}

/** What could not be done, truthfully, beside what was typed. */
function failure(result: Exclude<CreateResult, { outcome: "created" }>, typed: Fields) {
  switch (result.outcome) {
    case "unavailable": {
      const alert =
        "The database did not answer, so this may not have happened. Send it again; it will not make a second session.";
      return json({ typed, alert }, { status: 503 });
    }
    case "listed": {
      const alert =
        "The session is on your list, but could not be set up completely. Send it again; it will not make a second session.";
      return json({ typed, alert }, { status: 503 });
    }
    case "key-used": {
      const alert = `This form has already made a session for ${repositoryName(result.session)}. Send it again to make another.`;
      return json({ typed: fresh(typed), alert }, { status: 409 });
    }
    case "deleted": {
      const alert =
        "This form made a session that has been deleted since. Send it again to make a new one.";
      return json({ typed: fresh(typed), alert }, { status: 409 });
    }
  }
}

function fresh(typed: Fields): Fields {
  return { ...typed, key: crypto.randomUUID() };
}

export default function NewSession() {
  const { formKey } = useLoaderData<typeof loader>();
  const failed = useActionData<typeof action>();
  const [query] = useSearchParams();
  return (
    <CreateSessionDialog
      formKey={failed?.typed.key ?? formKey}
      closeTo={listPath(query)}
      failed={failed}
    />
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
