import { Form, Link, useNavigation } from "@remix-run/react";
import type { ReactNode } from "react";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { numberText } from "../../ui/number";
import { RelativeTime } from "../../ui/time";
import { listPath } from "../paths";
import type { SimilarSessions } from "../session-summary";
import { messageCountText } from "../session-words";

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
}

/** Asks for any repository, by its owner and name. */
export function RepositoryFields({ typed, errors }: RepositoryFieldsProps) {
  return (
    <>
      <Field
        label="Repository owner"
        name="repoOwner"
        hint="The person or organization on GitHub."
        defaultValue={typed?.repoOwner}
        error={errors?.repoOwner}
        autoFocus
      />
      <Field
        label="Repository name"
        name="repoName"
        defaultValue={typed?.repoName}
        error={errors?.repoName}
      />
    </>
  );
}
