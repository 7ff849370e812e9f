import { Form, useNavigation, useRevalidator } from "@remix-run/react";
import {
  useEffect,
  useRef,
  useState,
  type Dispatch,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  type SetStateAction,
} from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useMediaQuery } from "../../ui/hooks/use-media-query";
import { MESSAGE_BYTES, utf8Bytes } from "../protocol/budgets";
import type { ShownMessage } from "../protocol/message";
import { END_ID } from "./live-session";
import { useMeasuredHeight } from "./use-measured-height";

/** With a mouse there is a keyboard with Shift, so Enter can send. On a phone's keyboard, Enter must break the line. */
const HAS_MOUSE = "(pointer: fine)";

/** The size of a message, in bytes, from which on the composer shows the size. */
const COUNTED_FROM = MESSAGE_BYTES / 2;

/** A message that is being written. */
export interface Draft {
  /** The message's idempotency key. */
  key: string;
  text: string;
}

interface ComposerProps {
  sessionId: string;
  /** An idempotency key that no message has yet. */
  freshKey: string;
  messages: ShownMessage[];
  archived: boolean;
  /** The error of the last submission, with the message that was submitted. */
  failed?: { alert: string; draft: Draft } | undefined;
  /** Shown at the upper edge. */
  children?: ReactNode;
}

/**
 * The form for a new message. A draft keeps its idempotency key until a message with that key is shown, so a message
 * that is sent twice is stored once.
 */
export function Composer({ sessionId, freshKey, messages, archived, ...props }: ComposerProps) {
  const { failed, children } = props;
  const isSent = (key: string) => messages.some((message) => message.client_key === key);
  const form = useRef<HTMLFormElement>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState<Draft>({ key: freshKey, text: "" });
  const [answered, setAnswered] = useState<typeof failed>();

  // The message may have been stored although its response was lost.
  if (failed !== answered) {
    setAnswered(failed);
    if (failed && !isSent(failed.draft.key)) setDraft(failed.draft);
  }
  if (isSent(draft.key) && draft.key !== freshKey) setDraft({ key: freshKey, text: "" });

  useStoredDraft(`draft ${sessionId}`, text, draft, setDraft);
  useFocusOnChange(text, draft.key);
  useMeasuredHeight(form, "--composer");

  const scrollToIt = useScrollToSent(isSent);

  const sending = useNavigation().formData?.get("key") === draft.key;
  useFreshKey(isSent(draft.key) && !sending);
  const alert = failed?.draft.key === draft.key ? failed.alert : undefined;
  const size = utf8Bytes(draft.text);
  // Only after hydration: without JavaScript the error would stay while the message is shortened.
  const tooLong = useHydrated() && size > MESSAGE_BYTES;
  const hint = useHint(archived, size);

  return (
    <Form
      ref={form}
      method="post"
      action={`/session/${sessionId}`}
      preventScrollReset
      onSubmit={() => scrollToIt(draft.key)}
      className="composer grid grid-cols-1 gap-2"
    >
      <input type="hidden" name="key" value={draft.key} />
      <div className="flex items-center justify-between gap-3">
        <label htmlFor="text" className="font-medium">
          Message
        </label>
        {children}
      </div>
      {(alert ?? tooLong) && (
        <p role="alert" id="text-error" className="text-danger">
          {tooLong ? "This is more than 32 KiB. Make it shorter, or send it in parts." : alert}
        </p>
      )}
      <div className="flex items-end gap-2">
        <textarea
          ref={text}
          id="text"
          name="text"
          rows={1}
          className="field min-w-0 flex-1"
          value={draft.text}
          readOnly={sending}
          aria-invalid={alert || tooLong ? true : undefined}
          aria-describedby={alert || tooLong ? "text-error text-hint" : "text-hint"}
          onChange={(event) => setDraft({ ...draft, text: event.target.value })}
          onKeyDown={sendOnEnter}
        />
        <button name="intent" value="send" className="button button-primary" disabled={tooLong}>
          {sending ? "Sending…" : "Send"}
        </button>
      </div>
      <p id="text-hint" className="text-sm text-muted">
        {hint}
      </p>
    </Form>
  );
}

/** @param size of the message, in bytes @returns the hint below the field */
function useHint(archived: boolean, size: number): string {
  const hydrated = useHydrated();
  const enterSends = useMediaQuery(HAS_MOUSE);
  if (archived) return "Writing brings this session back from the archive.";
  if (size >= COUNTED_FROM) return `${Math.ceil(size / 1024)} of at most 32 KiB.`;
  const hint = "Markdown, at most 32 KiB.";
  if (!hydrated) return hint;
  return enterSends
    ? `${hint} Enter sends, Shift+Enter breaks the line.`
    : `${hint} Enter breaks the line.`;
}

/**
 * Stores a draft in `sessionStorage` until it is sent, and restores it. Text typed before hydration takes precedence.
 */
function useStoredDraft(
  name: string,
  field: RefObject<HTMLTextAreaElement | null>,
  draft: Draft,
  setDraft: Dispatch<SetStateAction<Draft>>,
) {
  const restored = useRef(false);
  useEffect(() => {
    if (!restored.current) {
      restored.current = true;
      const typed = field.current?.value;
      const stored = sessionStorage.getItem(name);
      if (typed) setDraft(({ key }) => ({ key, text: typed }));
      else if (stored) setDraft(JSON.parse(stored) as Draft);
    } else if (draft.text) {
      sessionStorage.setItem(name, JSON.stringify(draft));
    } else {
      sessionStorage.removeItem(name);
    }
  }, [name, field, draft, setDraft]);
}

/** @returns a function that scrolls to the message with this key as soon as it is shown */
function useScrollToSent(isSent: (key: string) => boolean): (key: string) => void {
  const awaited = useRef<string>();
  useEffect(() => {
    if (awaited.current === undefined || !isSent(awaited.current)) return;
    awaited.current = undefined;
    document.getElementById(END_ID)?.scrollIntoView({ block: "nearest" });
  });
  return (key) => (awaited.current = key);
}

/** Revalidates the page, which loads a fresh key, if the draft's key is used: its message is stored. */
function useFreshKey(isUsed: boolean) {
  const { revalidate } = useRevalidator();
  useEffect(() => {
    if (isUsed) revalidate();
  }, [isUsed, revalidate]);
}

/** Moves the focus back to the field when its message has been sent, which changes the draft's key. */
function useFocusOnChange(field: RefObject<HTMLTextAreaElement | null>, key: string) {
  const firstKey = useRef(key);
  useEffect(() => {
    if (key !== firstKey.current) field.current?.focus();
  }, [field, key]);
}

/**
 * Submits the form on Control+Enter or Command+Enter, and with a mouse also on Enter without Shift. The Enter that
 * confirms an input method's character does nothing.
 */
function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
  const sends = !event.shiftKey && matchMedia(HAS_MOUSE).matches;
  if (!sends && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { form } = event.currentTarget;
  form?.requestSubmit(form.querySelector<HTMLButtonElement>("button[value=send]"));
}
