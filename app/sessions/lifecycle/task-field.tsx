import { useEffect, useRef, useState, type RefObject } from "react";
import { MESSAGE_BYTES, utf8Bytes } from "../protocol/budgets";

/** Where the browser keeps a task that is being written, also while the dialog is closed. */
const DRAFT = "draft task";

const TOO_LONG = "This is more than 32 KiB. Make it shorter, or send the rest as messages.";

/** The size of a task, in bytes, from which on the field shows it. */
const COUNTED_FROM = MESSAGE_BYTES / 2;

interface TaskFieldProps {
  /** Whether the form is being sent. */
  sending: boolean;
  /** The submitted task, if the form failed. */
  typed: string | undefined;
  error: string | undefined;
}

/** The field for what is to be done. It keeps a draft until the session was created, and says when it is too long. */
export function TaskField({ sending, typed, error }: TaskFieldProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [size, setSize] = useState(0);
  useDraft(field, sending, setSize);
  const problem = size > MESSAGE_BYTES ? TOO_LONG : error;
  return (
    <div className="grid gap-1">
      <label htmlFor="task" className="font-medium">
        Task
      </label>
      <textarea
        ref={field}
        id="task"
        name="task"
        rows={3}
        className="field max-h-[40dvh] [field-sizing:content]"
        defaultValue={typed}
        aria-invalid={problem ? true : undefined}
        aria-describedby={problem ? "task-error task-hint" : "task-hint"}
        onChange={({ target }) => {
          if (target.value) sessionStorage.setItem(DRAFT, target.value);
          else sessionStorage.removeItem(DRAFT);
          setSize(measure(target));
        }}
      />
      {problem && (
        <p id="task-error" role="alert" className="text-danger">
          {problem}
        </p>
      )}
      <p id="task-hint" className="text-sm text-muted">
        {size >= COUNTED_FROM
          ? `${Math.ceil(size / 1024)} of at most 32 KiB.`
          : "Optional: what is to be done. It becomes the first message; Markdown, at most 32 KiB."}
      </p>
    </div>
  );
}

/** Keeps the form from being sent while the task is too long. @returns the task's size in bytes */
function measure(field: HTMLTextAreaElement): number {
  const size = utf8Bytes(field.value);
  field.setCustomValidity(size > MESSAGE_BYTES ? TOO_LONG : "");
  return size;
}

/**
 * Restores the draft, unless the field has a text already. The draft is deleted once the form was sent and has led away
 * from the list: to the new session.
 */
function useDraft(
  field: RefObject<HTMLTextAreaElement | null>,
  sending: boolean,
  setSize: (size: number) => void,
) {
  const sent = useRef(false);
  useEffect(() => {
    if (sending) sent.current = true;
  }, [sending]);
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.value ||= sessionStorage.getItem(DRAFT) ?? "";
    setSize(measure(element));
    return () => {
      if (sent.current && location.pathname.startsWith("/session/")) {
        sessionStorage.removeItem(DRAFT);
      }
    };
  }, [field, setSize]);
}
