import { Form, Link, useNavigation } from "@remix-run/react";
import { useState, type ClipboardEvent, type ReactNode } from "react";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { numberText } from "../../ui/number";
import { RelativeTime } from "../../ui/time";
import { listPath } from "../paths";
import type { Repository } from "../protocol/session";
import type { SimilarSessions } from "../session-summary";
import { messageCountText } from "../session-words";
import { parseRepositoryLink } from "./repository-link";

export interface CreateSessionDialogProps {
  /** Makes the same form sent twice one session. */
  formKey: string;
  closeTo: string;
  /** What is wrong with the whole. */
  alert?: string | undefined;
  /** The active sessions that the repository has already, where that is worth telling. */
  similar: SimilarSessions | null | undefined;
  /** The repository, "owner/name", of whose active sessions the person was told, now or before. */
  another: string | undefined;
  /** When that was, epoch milliseconds. */
  now: number;
  /** Whether there is a repository to create a session for. */
  canCreate: boolean;
  /** What is no part of the form. */
  before?: ReactNode;
  /** The fields that ask for the repository. */
  children: ReactNode;
}

/** Asks for the repository that a new session is tied to. */
export function CreateSessionDialog({
  formKey,
  closeTo,
  alert,
  similar,
  another,
  now,
  canCreate,
  before,
  children,
}: CreateSessionDialogProps) {
  const creating = useNavigation().formData?.get("key") === formKey;
  return (
    <Dialog title="New session" closeTo={closeTo}>
      {alert && (
        <p role="alert" className="notice text-danger">
          {alert}
        </p>
      )}
      {before}
      <Form method="post" className="grid gap-4" preventScrollReset>
        <input type="hidden" name="key" value={formKey} />
        {another && <input type="hidden" name="another" value={another} />}
        {children}
        {similar && <Similar similar={similar} now={now} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Link to={closeTo} preventScrollReset className="button">
            Cancel
          </Link>
          {canCreate && (
            <button className="button button-primary">
              {creating ? "Creating…" : "Create session"}
            </button>
          )}
        </div>
      </Form>
    </Dialog>
  );
}

/** Tells of the sessions that one might go on with instead. */
function Similar({ similar, now }: { similar: SimilarSessions; now: number }) {
  const { repository, count, sessions } = similar;
  const all = listPath(new URLSearchParams({ repo: repository }));
  return (
    <div role="alert" className="panel grid gap-2 px-4 py-3">
      <p>
        {numberText(count)} active sessions on this repository.{" "}
        {count > sessions.length && (
          <a href={all} className="link">
            See all
          </a>
        )}
      </p>
      <ul className="grid gap-1">
        {sessions.map(({ id, lastActivity, messageCount }) => (
          <li key={id}>
            <a href={`/session/${id}`} className="link">
              Active <RelativeTime at={lastActivity} now={now} />, {messageCountText(messageCount)}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface RepositoryFieldsProps {
  typed: Partial<Record<string, string>> | undefined;
  errors: Partial<Record<string, string>> | undefined;
  /** GITHUB_URL: addresses of repositories there may be pasted. */
  gitHubUrl: string;
}

/** Asks for any repository, by its owner and name. An address pasted into either field fills both. */
export function RepositoryFields({ typed, errors, gitHubUrl }: RepositoryFieldsProps) {
  const [pasted, setPasted] = useState<Repository>();
  const onPaste = (event: ClipboardEvent<HTMLInputElement>) => {
    const link = parseRepositoryLink(event.clipboardData.getData("text"), gitHubUrl);
    if (!link) return;
    event.preventDefault();
    setField(event.currentTarget.form, "repoOwner", link.owner);
    setField(event.currentTarget.form, "repoName", link.name);
    setPasted(link);
  };
  return (
    <>
      <Field
        label="Repository owner"
        name="repoOwner"
        hint="The person or organization on GitHub. You can paste “owner/name” or a GitHub address."
        defaultValue={typed?.repoOwner}
        error={errors?.repoOwner}
        onPaste={onPaste}
        autoFocus
      />
      <Field
        label="Repository name"
        name="repoName"
        defaultValue={typed?.repoName}
        error={errors?.repoName}
        onPaste={onPaste}
      />
      <p aria-live="polite" className="sr-only">
        {pasted && `Filled in: owner ${pasted.owner}, name ${pasted.name}.`}
      </p>
    </>
  );
}

function setField(form: HTMLFormElement | null, name: string, value: string): void {
  const field = form?.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = value;
}
