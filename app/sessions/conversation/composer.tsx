import { Form, useNavigation, useRevalidator } from "@remix-run/react";
import {
  useEffect,
  useRef,
  useState,
  type Dispatch,
  type KeyboardEvent,
  type RefObject,
  type SetStateAction,
} from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useMediaQuery } from "../../ui/hooks/use-media-query";
import { MESSAGE_BYTES, utf8Bytes } from "../protocol/budgets";
import type { ShownMessage } from "../protocol/message";

/** Where there is a mouse, there is a keyboard with Shift; on the one of a phone's screen Enter has to break the line. */
const HAS_MOUSE = "(pointer: fine)";

/** From here on, in bytes, the composer counts. */
const COUNTED_FROM = MESSAGE_BYTES / 2;

/** A message that is being written. */
export interface Draft {
  key: string;
  text: string;
}

interface ComposerProps {
  sessionId: string;
  /** A key that no message has yet. */
  freshKey: string;
  messages: ShownMessage[];
  archived: boolean;
  /** What the last sending was answered with. */
  failed?: { alert: string; draft: Draft } | undefined;
}

/** Writes into the session. A draft keeps its key until a message with that key is there: sent twice it is one message. */
export function Composer({ sessionId, freshKey, messages, archived, failed }: ComposerProps) {
  const isThere = (key: string) => messages.some((message) => message.client_key === key);
  const text = useRef<HTMLTextAreaElement>(null);
  const [draft, setDraft] = useState<Draft>({ key: freshKey, text: "" });
  const [answered, setAnswered] = useState<typeof failed>();

  // A message whose answer was lost on the way back is there all the same.
  if (failed !== answered) {
    setAnswered(failed);
    if (failed && !isThere(failed.draft.key)) setDraft(failed.draft);
  }
  if (isThere(draft.key) && draft.key !== freshKey) setDraft({ key: freshKey, text: "" });

  useKeptDraft(`draft ${sessionId}`, text, draft, setDraft);
  useFocusOnChange(text, draft.key);

  const sending = useNavigation().formData?.get("key") === draft.key;
  useFreshKey(isThere(draft.key) && !sending);
  const alert = failed?.draft.key === draft.key ? failed.alert : undefined;
  const size = utf8Bytes(draft.text);
  // Without JavaScript nobody would take it back while the message is made shorter.
  const tooLong = useHydrated() && size > MESSAGE_BYTES;
  const hint = useHint(archived, size);

  return (
    <Form
      method="post"
      action={`/session/${sessionId}`}
      preventScrollReset
      className="composer grid grid-cols-1 gap-2"
    >
      <input type="hidden" name="key" value={draft.key} />
      <label htmlFor="text" className="font-medium">
        Message
      </label>
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

/** @returns what there is to know before sending a message of so many bytes */
function useHint(archived: boolean, size: number): string {
  const isAlive = useHydrated();
  const enterSends = useMediaQuery(HAS_MOUSE);
  if (archived) return "Writing brings this session back from the archive.";
  if (size >= COUNTED_FROM) return `${Math.ceil(size / 1024)} of at most 32 KiB.`;
  const hint = "Markdown, at most 32 KiB.";
  if (!isAlive) return hint;
  return enterSends
    ? `${hint} Enter sends, Shift+Enter breaks the line.`
    : `${hint} Enter breaks the line.`;
}

/** Keeps a draft over a reload of its tab, until it was sent. What was typed before the page came alive counts too. */
function useKeptDraft(
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
      const kept = sessionStorage.getItem(name);
      if (typed) setDraft(({ key }) => ({ key, text: typed }));
      else if (kept) setDraft(JSON.parse(kept) as Draft);
    } else if (draft.text) {
      sessionStorage.setItem(name, JSON.stringify(draft));
    } else {
      sessionStorage.removeItem(name);
    }
  }, [name, field, draft, setDraft]);
}

/** Asks for the key of the next message where the last one is there, though it was not answered that it is. */
function useFreshKey(isUsed: boolean) {
  const { revalidate } = useRevalidator();
  useEffect(() => {
    if (isUsed) revalidate();
  }, [isUsed, revalidate]);
}

/** Puts the focus back into the field when the message that was in it has been sent. */
function useFocusOnChange(field: RefObject<HTMLTextAreaElement | null>, key: string) {
  const firstKey = useRef(key);
  useEffect(() => {
    if (key !== firstKey.current) field.current?.focus();
  }, [field, key]);
}

/**
 * Control or Command and Enter sends; so does Enter where there is a mouse, but with Shift, which breaks the line. The Enter
 * that ends the composing of a character does neither.
 */
function sendOnEnter(event: KeyboardEvent<HTMLTextAreaElement>) {
  if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
  const sends = !event.shiftKey && matchMedia(HAS_MOUSE).matches;
  if (!sends && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const { form } = event.currentTarget;
  form?.requestSubmit(form.querySelector<HTMLButtonElement>("button[value=send]"));
}
