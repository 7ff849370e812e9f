import { Form, useLocation, useNavigation } from "@remix-run/react";
import { useEffect, useState } from "react";

interface FlashMessageProps {
  /** The message as the loader read it; the same object as long as the loader is not called again, null if none was left. */
  flash: {
    text: string;
    undo?: { action: string; intent: string } | undefined;
    /** What to write to `document.cookie` once the message is shown; undefined if the document has ended it already. */
    clear?: string | undefined;
  } | null;
}

/**
 * The message of the last action. The live region is always in the document, so that a message appearing in it is read
 * aloud. A message stays until the next navigation, also if the page's data is read again; Back and Forward do not bring
 * it back.
 */
export function FlashMessage({ flash }: FlashMessageProps) {
  const { key } = useLocation();
  const isNavigating = useNavigation().state !== "idle";
  const [shown, setShown] = useState({ flash, key, isEarly: false, isOver: false });
  // It may come with other data while its own page still loads: then it belongs to that page.
  if (flash && flash !== shown.flash)
    setShown({ flash, key, isEarly: isNavigating, isOver: false });
  else if (key !== shown.key) setShown({ ...shown, key, isEarly: false, isOver: !shown.isEarly });
  const current = shown.isOver ? null : shown.flash;
  useEffect(() => {
    if (flash?.clear) document.cookie = flash.clear;
  }, [flash]);
  return (
    <div role="status" className="mx-auto w-full max-w-6xl px-4">
      {current && (
        <div className="panel mt-4 flex flex-wrap items-center justify-between gap-3 px-4 py-2">
          <p>{current.text}</p>
          {current.undo && (
            <Form method="post" action={current.undo.action} preventScrollReset>
              <button name="intent" value={current.undo.intent} className="button">
                Undo
              </button>
            </Form>
          )}
        </div>
      )}
    </div>
  );
}
