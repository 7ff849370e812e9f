import {
  json,
  type ActionFunctionArgs,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession } from "../../auth/auth.server";
import { isGitHubUser } from "../../github/client.server";
import { makeOffer, parseFind } from "../../github/offer.server";
import { findTokens } from "../../github/tokens.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { readForm, type Fields } from "../../platform/http/form.server";
import { passRetryAfter } from "../../platform/http/retry-after.server";
import { findActiveOnRepository } from "../../sessions/lifecycle/active-on-repository.server";
import { CreateSessionDialog } from "../../sessions/lifecycle/create-session-dialog";
import { createSession } from "../../sessions/lifecycle/lifecycle.server";
import { RepositoryFields } from "../../sessions/lifecycle/repository-fields";
import {
  parseRepositoryLink,
  repositorySearch,
  splitRepositoryFields,
} from "../../sessions/lifecycle/repository-link";
import { notifyChanged } from "../../sessions/notify.server";
import { listPath } from "../../sessions/paths";
import type { Repository } from "../../sessions/protocol/session";
import { parseRepository } from "../../sessions/session-input.server";
import { documentTitle } from "../../sessions/needs-you-title";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { checkPicked, checkTyped, namedText, notCreated, type Failure } from "./create-form.server";
import { PickDialog } from "./pick-dialog";

export { ignoreLiveNews as shouldRevalidate } from "../../ui/hooks/should-revalidate";

export const meta: MetaFunction = ({ matches }) => [
  { title: documentTitle("New session", matches) },
];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const formKey = crypto.randomUUID();
  const sought = parseFind(request);
  const find = repositorySearch(sought, env.GITHUB_URL);
  const branch = parseRepositoryLink(sought, env.GITHUB_URL)?.branch ?? "";
  const { chosen, active, isGitHub, tokens } = await verifySession(
    request,
    context,
    async ({ id }) => {
      const chosen = parseRepository(new URL(request.url).searchParams.get("repo"));
      const isGitHub = isGitHubUser(id);
      const [active, tokens] = await Promise.all([
        chosen && findActiveOnRepository(reads, id, chosen),
        isGitHub && !isFromScript(request)
          ? findTokens(reads, id).then((row) => ({ row }))
          : undefined,
      ]);
      return { chosen, active, isGitHub, tokens };
    },
  );
  const offer = tokens ? await makeOffer(env, tokens.row, now, find) : null;
  const gitHubUrl = env.GITHUB_URL;
  return json({ formKey, chosen, branch, active, now, isGitHub, find, offer, gitHubUrl });
}

/**
 * Only a document includes the repositories, because it must work without JavaScript. For a client-side navigation, the
 * dialog opens at once and loads them afterwards, without waiting for GitHub.
 */
function isFromScript(request: Request): boolean {
  return request.headers.get("Sec-Fetch-Dest") === "empty";
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const typed = splitRepositoryFields(await readForm(request), context.env.GITHUB_URL);
  const { form, failed } = isGitHubUser(user.id)
    ? await checkPicked(context, user, typed)
    : checkTyped(user, typed);
  if (failed) return failed;

  const result = await createSession(context.env, user.id, form);
  if (result.outcome !== "created") return notCreated(result, typed);
  notifyChanged(context, user.id, result.session.id);
  const { id } = result.session;
  const path = form.task ? `/session/${id}` : listPath(new URLSearchParams());
  return redirectWithFlash(request, context, path, {
    text: `Created ${namedText(result.session)}.`,
  });
}

export default function NewSession() {
  const { formKey, isGitHub, offer, find, ...page } = useLoaderData<typeof loader>();
  const failed = useStickyActionData<Failure>();
  const [query] = useSearchParams();
  const typed = failed?.typed ?? { ...typedFor(page.chosen), branch: page.branch };
  const active = failed ? failed.active : page.active;
  const dialog = {
    formKey: failed?.typed.key ?? formKey,
    closeTo: listPath(query),
    alert: failed?.alert,
    active,
    another: active?.repository ?? typed.another,
    now: page.now,
    typed,
    errors: failed?.errors,
  };
  const listed = query.get("repo"); // As key: the typed values are dropped if the list's repository changes.
  return isGitHub ? (
    <PickDialog key={listed} {...{ dialog, offer, find }} gitHubUrl={page.gitHubUrl} />
  ) : (
    <CreateSessionDialog key={listed} {...dialog} canCreate>
      <RepositoryFields typed={typed} errors={dialog.errors} gitHubUrl={page.gitHubUrl} />
    </CreateSessionDialog>
  );
}

/** Prefills the form with the repository that the list is filtered by. */
function typedFor(chosen: Repository | null): Fields {
  if (!chosen) return {};
  const { owner, name } = chosen;
  return { repoOwner: owner, repoName: name, repository: `${owner}/${name}` };
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
