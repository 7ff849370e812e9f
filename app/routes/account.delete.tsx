import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData } from "@remix-run/react";
import { DeleteAccountDialog } from "../account/delete-account";
import { countSessions, deleteAccount } from "../account/deletion.server";
import { verifySession } from "../auth/auth.server";
import { forgetSignIn } from "../auth/sign-in.server";
import { findTokens } from "../github/tokens.server";
import { readForm } from "../platform/http/form.server";
import { documentTitle } from "../sessions/needs-you-title";
import { ErrorPanel } from "../ui/error-panel";
import { useStickyActionData } from "../ui/hooks/use-sticky-action-data";

export const meta: MetaFunction = ({ matches }) => [
  { title: documentTitle("Delete your account", matches) },
];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { reads } = context;
  return verifySession(request, context, async ({ id, login }) => {
    const [sessions, tokens] = await Promise.all([countSessions(reads, id), findTokens(reads, id)]);
    return json({ login, sessions, connected: tokens !== undefined });
  });
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const { name = "" } = await readForm(request);
  if (name.trim().toLowerCase() !== user.login.toLowerCase()) {
    return json({ error: `That is not “${user.login}”. Nothing was deleted.`, name }, 400);
  }
  if ((await deleteAccount(context.env, user.id)) === "unavailable") {
    const alert = "Ship did not answer, so this may not have happened. Try again; it is safe.";
    return json({ alert, name }, 503);
  }
  return forgetSignIn(request, context, "/login?problem=deleting");
}

export default function DeleteAccount() {
  const failed = useStickyActionData<{ error?: string; alert?: string; name: string }>();
  return <DeleteAccountDialog {...useLoaderData<typeof loader>()} failed={failed} />;
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
