import { Form, Link, useNavigation } from "@remix-run/react";
import type { ReactNode } from "react";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/field";
import { numberText } from "../../ui/number";
import { RelativeTime } from "../../ui/time";
import { listPath } from "../paths";
import type { ActiveOnRepository } from "../session-summary";
import { messageCountText } from "../session-text";
import { TaskField } from "./task-field";

/** The form's fields about the session itself, by their names. */
interface AboutFields {
  task?: string | undefined;
  branch?: string | undefined;
}

export interface CreateSessionDialogProps {
  /** The form's idempotency key. */
  formKey: string;
  /** The path to go to when the dialog is closed. */
  closeTo: string;
  /** An error of the form as a whole. */
  alert?: string | undefined;
  /** The active sessions that the repository already has, if there are enough of them to warn the user. */
  active: ActiveOnRepository | null | undefined;
  /** The repository, "owner/name", of whose active sessions the user has been warned, now or before. */
  another: string | undefined;
  /** When the page was loaded, epoch milliseconds. */
  now: number;
  /** Whether there is a repository to create a session for. */
  canCreate: boolean;
  /** The submitted task and branch, and their errors. */
  typed: AboutFields;
  errors: AboutFields | undefined;
  /** Content above the form that is not part of it. */
  before?: ReactNode;
  /** The form's fields for the repository. */
  children: ReactNode;
}

/** The dialog that creates a session for a repository. */
export function CreateSessionDialog({
  formKey,
  closeTo,
  alert,
  active,
  another,
  now,
  canCreate,
  typed,
  errors,
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
        <TaskField sending={creating} typed={typed.task} error={errors?.task} />
        <Field
          key={typed.branch}
          label="Branch"
          name="branch"
          hint="Optional: the branch to start from."
          defaultValue={typed.branch}
          error={errors?.branch}
        />
        {active && <ActiveSessionsWarning active={active} now={now} />}
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

/** Links to the active sessions that the user could continue instead. */
function ActiveSessionsWarning({ active, now }: { active: ActiveOnRepository; now: number }) {
  const { repository, count, sessions } = active;
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
        {sessions.map(({ id, title, lastActivity, messageCount }) => (
          <li key={id}>
            <a href={`/session/${id}`} className="link">
              {title !== null && (
                <>
                  <bdi>{title}</bdi>:{" "}
                </>
              )}
              Active <RelativeTime at={lastActivity} now={now} />, {messageCountText(messageCount)}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
