import {
  json,
  type ActionFunctionArgs,
  type AppLoadContext,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import { useLoaderData, useSearchParams } from "@remix-run/react";
import { verifySession, type User } from "../../auth/auth.server";
import { isGitHubUser } from "../../github/client.server";
import { GITHUB_PROBLEM, type Offer } from "../../github/offer";
import { makeOffer, parseFind } from "../../github/offer.server";
import { findConnected } from "../../github/repositories.server";
import {
  RepositoryPicker,
  RepositorySearchField,
  useRepositorySearch,
} from "../../github/repository-picker";
import { accessToken, findTokens } from "../../github/tokens.server";
import { redirectWithFlash } from "../../platform/http/flash.server";
import { checkFields, readForm, type Fields } from "../../platform/http/form.server";
import { passRetryAfter, retryAfter } from "../../platform/http/retry-after.server";
import { notifyChanged } from "../../sessions/notify.server";
import {
  CreateSessionDialog,
  RepositoryFields,
  type CreateSessionDialogProps,
} from "../../sessions/lifecycle/create-session-dialog";
import { parseRepository } from "../../sessions/session-input.server";
import { createInput, pickInput } from "../../sessions/lifecycle/lifecycle-input.server";
import {
  createSession,
  type CreateForm,
  type CreateResult,
} from "../../sessions/lifecycle/lifecycle.server";
import { findSimilar } from "../../sessions/lifecycle/active-on-repository.server";
import { type SimilarSessions } from "../../sessions/session-summary";
import { listPath } from "../../sessions/paths";
import { repositoryName, type Repository } from "../../sessions/protocol/session";
import { ErrorPanel } from "../../ui/error-panel";
import { useStickyActionData } from "../../ui/hooks/use-sticky-action-data";
import { numberText } from "../../ui/number";

export { ignoreLiveNews as shouldRevalidate } from "../../ui/hooks/should-revalidate";

export const meta: MetaFunction = () => [{ title: "New session · Ship" }];

export const headers = passRetryAfter;

export async function loader({ request, context }: LoaderFunctionArgs) {
  const { env, now, reads } = context;
  const formKey = crypto.randomUUID();
  const find = parseFind(request);
  const { chosen, similar, isGitHub, tokens } = await verifySession(
    request,
    context,
    async ({ id }) => {
      const chosen = parseRepository(new URL(request.url).searchParams.get("repo"));
      const isGitHub = isGitHubUser(id);
      const [similar, tokens] = await Promise.all([
        chosen && findSimilar(reads, id, chosen),
        isGitHub && !isFromScript(request)
          ? findTokens(reads, id).then((row) => ({ row }))
          : undefined,
      ]);
      return { chosen, similar, isGitHub, tokens };
    },
  );
  const offer = tokens ? await makeOffer(env, tokens.row, now, find) : null;
  return json({ formKey, chosen, similar, now, isGitHub, find, offer });
}

/**
 * A document has the repositories in it, because there may be no JavaScript to ask for them. Where JavaScript opens the
 * dialog, it is shown at once, and asks for them then.
 */
function isFromScript(request: Request): boolean {
  return request.headers.get("Sec-Fetch-Dest") === "empty";
}

export async function action({ request, context }: ActionFunctionArgs) {
  const user = await verifySession(request, context);
  const typed = await readForm(request);
  const { form, failed } = isGitHubUser(user.id)
    ? await checkPicked(context, user, typed)
    : checkTyped(typed);
  if (failed) return failed;

  const result = await createSession(context.env, user.id, form);
  if (result.outcome !== "created") return notCreated(result, typed);
  notifyChanged(context, user.id, result.session.id);
  return redirectWithFlash(request, context, "/dashboard", {
    text: `Created a session for ${repositoryName(result.session)}.`,
  });
}

/** What the form asks for, or the answer that says what is wrong with it. */
type Asked =
  | { form: CreateForm; failed?: undefined }
  | { form?: undefined; failed: ReturnType<typeof failure> };

function checkTyped(typed: Fields): Asked {
  const { values, errors } = checkFields(createInput, typed);
  if (errors) return { failed: invalid(typed, errors) };
  const { key, repoOwner: owner, repoName: name, another } = values;
  return { form: createForm(key, { owner, name }, another) };
}

/** Believes GitHub, not the form, about which repositories are connected. */
async function checkPicked(
  { env, now }: AppLoadContext,
  user: User,
  typed: Fields,
): Promise<Asked> {
  const { values, errors } = checkFields(pickInput, typed);
  if (errors) return { failed: invalid(typed, errors) };
  const { key, repository, another } = values;

  const token = await accessToken(env, await findTokens(env.DB, user.id), now);
  const found = token.problem ? token : await findConnected(env, token.value, now, repository);
  if (found.problem) {
    const alert = `${GITHUB_PROBLEM[found.problem]} Nothing was created.`;
    return { failed: failure(typed, 503, { alert }) };
  }
  if (!found.value) {
    const error = "This repository is not connected. Choose another, or connect it.";
    return { failed: invalid(typed, { repository: error }) };
  }
  return { form: createForm(key, found.value, another) };
}

/** @param another the repository whose active sessions the form was told of, "owner/name" */
function createForm(key: string, repository: Repository, another: string | undefined): CreateForm {
  const asked = `${repository.owner}/${repository.name}`;
  return { key, repository, another: another?.toLowerCase() === asked.toLowerCase() };
}

function invalid(typed: Fields, errors: Fields) {
  // A form without a proper key could never be sent with success: it gets one.
  return failure(errors.key ? fresh(typed) : typed, 400, { errors, alert: errors.key });
}

/** What could not be done, truthfully, beside what was typed. */
function notCreated(result: Exclude<CreateResult, { outcome: "created" }>, typed: Fields) {
  switch (result.outcome) {
    case "unavailable":
      return failure(typed, 503, {
        alert:
          "The database did not answer, so this may not have happened. Send it again; it will not make a second session.",
      });
    case "listed":
      return failure(typed, 503, {
        alert:
          "The session is on your list, but could not be set up completely. Send it again; it will not make a second session.",
      });
    case "key-used":
      return failure(fresh(typed), 409, {
        alert: `This form has already made a session for ${repositoryName(result.session)}. Send it again to make another.`,
      });
    case "deleted":
      return failure(fresh(typed), 409, {
        alert:
          "This form made a session that has been deleted since. Send it again to make a new one.",
      });
    case "similar":
      return failure(typed, 409, { similar: result.similar });
    case "too-fast": {
      const { seconds, headers } = retryAfter(result.wait);
      const alert = `You have created many sessions within a minute. Nothing was created; send it again in ${seconds} seconds.`;
      return failure(typed, 429, { alert }, headers);
    }
    case "too-many":
      return failure(typed, 429, {
        alert: `You have ${numberText(result.limit)} active sessions, which is the most. Archive some first; then send it again.`,
      });
  }
}

/** What the form is answered where it stays open. */
interface Failure {
  typed: Fields;
  errors?: Fields | undefined;
  alert?: string | undefined;
  similar?: SimilarSessions | undefined;
}

function failure(
  typed: Fields,
  status: number,
  told: Omit<Failure, "typed">,
  headers: HeadersInit = {},
) {
  return json<Failure>({ typed, ...told }, { status, headers });
}

function fresh(typed: Fields): Fields {
  return { ...typed, key: crypto.randomUUID() };
}

export default function NewSession() {
  const { formKey, isGitHub, offer, find, ...page } = useLoaderData<typeof loader>();
  const failed = useStickyActionData<Failure>();
  const [query] = useSearchParams();
  const typed = failed?.typed ?? typedFor(page.chosen);
  const similar = failed ? failed.similar : page.similar;
  const dialog = {
    formKey: failed?.typed.key ?? formKey,
    closeTo: listPath(query),
    alert: failed?.alert,
    similar,
    another: similar?.repository ?? typed.another,
    now: page.now,
  };
  const errors = failed?.errors;
  const listed = query.get("repo"); // What is typed is for one repository's list.
  return isGitHub ? (
    <PickDialog key={listed} {...{ dialog, offer, find, typed, errors }} />
  ) : (
    <CreateSessionDialog key={listed} {...dialog} canCreate>
      <RepositoryFields typed={typed} errors={errors} />
    </CreateSessionDialog>
  );
}

/** A list of one repository's sessions offers to make another one there. */
function typedFor(chosen: Repository | null): Fields {
  if (!chosen) return {};
  const { owner, name } = chosen;
  return { repoOwner: owner, repoName: name, repository: `${owner}/${name}` };
}

interface PickDialogProps {
  dialog: Omit<CreateSessionDialogProps, "canCreate" | "children">;
  offer: Offer | null;
  find: string;
  typed: Fields;
  errors: Fields | undefined;
}

/** Asks which of the connected repositories it is to be. */
function PickDialog({ dialog, offer: first, find, typed, errors }: PickDialogProps) {
  const search = useRepositorySearch(first, find);
  const { offer } = search;
  const nothing = offer?.repositories.length === 0 && !offer.find && !typed.repository;
  return (
    <CreateSessionDialog
      {...dialog}
      before={<RepositorySearchField {...search} />}
      canCreate={!nothing}
    >
      <RepositoryPicker {...search} chosen={typed.repository} error={errors?.repository} />
    </CreateSessionDialog>
  );
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
