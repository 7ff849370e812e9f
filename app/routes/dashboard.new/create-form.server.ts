import { json, type AppLoadContext } from "@remix-run/cloudflare";
import type { User } from "../../auth/records.server";
import { GITHUB_PROBLEM } from "../../github/offer";
import { findConnected } from "../../github/repositories.server";
import { accessToken, findTokens } from "../../github/tokens.server";
import { checkFields, type Fields } from "../../platform/http/form.server";
import { retryAfter } from "../../platform/http/retry-after.server";
import { createInput, pickInput } from "../../sessions/lifecycle/lifecycle-input.server";
import type { CreateForm, CreateResult } from "../../sessions/lifecycle/lifecycle.server";
import type { NewSession } from "../../sessions/lifecycle/create-statements.server";
import { repositoryName, sessionName, type SessionRow } from "../../sessions/protocol/session";
import type { ActiveOnRepository } from "../../sessions/session-summary";
import { numberText } from "../../ui/number";

/** The parsed form, or the response with its errors. */
type CheckedForm =
  | { form: CreateForm; failed?: undefined }
  | { form?: undefined; failed: ReturnType<typeof createFailure> };

/** Parses the form in which a local user types owner and name of the repository. */
export function checkTyped(user: User, typed: Fields): CheckedForm {
  const { values, errors } = checkFields(createInput, typed);
  if (errors) return { failed: invalid(typed, errors) };
  const { repoOwner: owner, repoName: name } = values;
  return { form: createForm(user, { owner, name }, values) };
}

/** Parses the form in which a GitHub user picks a repository, and checks with GitHub that it is connected. */
export async function checkPicked(
  { env, now }: AppLoadContext,
  user: User,
  typed: Fields,
): Promise<CheckedForm> {
  const { values, errors } = checkFields(pickInput, typed);
  if (errors) return { failed: invalid(typed, errors) };

  const token = await accessToken(env, await findTokens(env.DB, user.id), now);
  const found = token.problem
    ? token
    : await findConnected(env, token.value, now, values.repository);
  if (found.problem) {
    const alert = `${GITHUB_PROBLEM[found.problem]} Nothing was created.`;
    return { failed: createFailure(typed, 503, { alert }) };
  }
  if (!found.value) {
    const error = "This repository is not connected. Choose another, or connect it.";
    return { failed: invalid(typed, { repository: error }) };
  }
  return { form: createForm(user, found.value, values) };
}

/**
 * @param values `another` is "owner/name" of the repository for which the form showed similar active sessions; only for
 *   that one has the person confirmed another session
 */
function createForm(
  user: User,
  repository: NewSession["repository"],
  values: Record<"key", string> & Partial<Record<"task" | "branch" | "another", string>>,
): CreateForm {
  const { key, task, branch, another } = values;
  const fullName = `${repository.owner}/${repository.name}`;
  return {
    key,
    repository,
    branch: branch || undefined,
    task: task ? { author: user.name, text: task } : undefined,
    another: another?.toLowerCase() === fullName.toLowerCase(),
  };
}

function invalid(typed: Fields, errors: Fields) {
  // A form with an invalid idempotency key would fail every time, so it gets a new one.
  return createFailure(errors.key ? fresh(typed) : typed, 400, { errors, alert: errors.key });
}

/** @returns "“Fix the login”", or "a session for octo/cat" if it has no title */
export function namedText(session: SessionRow): string {
  return session.heading === null
    ? `a session for ${repositoryName(session)}`
    : `“${sessionName(session)}”`;
}

/** @returns the response for a session that was not created, with the reason and the submitted values */
export function notCreated(result: Exclude<CreateResult, { outcome: "created" }>, typed: Fields) {
  switch (result.outcome) {
    case "unavailable":
      return createFailure(typed, 503, {
        alert:
          "The database did not answer, so this may not have happened. Send it again; it will not make a second session.",
      });
    case "listed":
      return createFailure(typed, 503, {
        alert:
          "The session is on your list, but could not be set up completely. Send it again; it will not make a second session.",
      });
    case "key-used":
      return createFailure(fresh(typed), 409, {
        alert: `This form has already made ${namedText(result.session)}. Send it again to make another.`,
      });
    case "deleted":
      return createFailure(fresh(typed), 409, {
        alert:
          "This form made a session that has been deleted since. Send it again to make a new one.",
      });
    case "has-active":
      return createFailure(typed, 409, { active: result.active });
    case "too-fast": {
      const { seconds, headers } = retryAfter(result.wait);
      const alert = `You have created many sessions within a minute. Nothing was created; send it again in ${seconds} seconds.`;
      return createFailure(typed, 429, { alert }, headers);
    }
    case "too-many":
      return createFailure(typed, 429, {
        alert: `You have ${numberText(result.limit)} active sessions, which is the most. Archive some first; then send it again.`,
      });
  }
}

/** The action's result when the dialog stays open. */
export interface Failure {
  typed: Fields;
  errors?: Fields | undefined;
  alert?: string | undefined;
  active?: ActiveOnRepository | undefined;
}

function createFailure(
  typed: Fields,
  status: number,
  reasons: Omit<Failure, "typed">,
  headers: HeadersInit = {},
) {
  return json<Failure>({ typed, ...reasons }, { status, headers });
}

/** @returns the submitted values with a new idempotency key */
function fresh(typed: Fields): Fields {
  return { ...typed, key: crypto.randomUUID() };
}
