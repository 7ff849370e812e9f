import { Form, useNavigation } from "@remix-run/react";
import { useLayoutEffect, useState } from "react";
import { useStepKey } from "./hooks/use-step-key";

interface FlashMessageProps {
  /** The message from the loader, null if there is none. A new object means that the loader ran again. */
  flash: {
    text: string;
    undo?: { action: string; intent: string } | undefined;
    /** Written to `document.cookie` once the message is shown, to delete it; undefined if headers have deleted it. */
    clear?: string | undefined;
  } | null;
}

/**
 * Shows the message of the last action until the next navigation. A revalidation does not remove it, and Back and
 * Forward do not bring it back. The live region is always in the document, because screen readers only announce changes
 * in it.
 */
export function FlashMessage({ flash }: FlashMessageProps) {
  const key = useStepKey();
  const isNavigating = useNavigation().state !== "idle";
  const [shown, setShown] = useState({ flash, key, isEarly: false, isOver: false });
  // A revalidation may bring the message while its own page still loads: it is then early, and stays for that page.
  if (flash && flash !== shown.flash)
    setShown({ flash, key, isEarly: isNavigating, isOver: false });
  else if (key !== shown.key) setShown({ ...shown, key, isEarly: false, isOver: !shown.isEarly });
  const current = shown.isOver ? null : shown.flash;
  return (
    <div role="status" className="mx-auto w-full max-w-6xl px-4">
      {flash?.clear && <DeletedCookie flash={flash} />}
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

/** Deletes the cookie in the step that shows the message: were it later, a reload in between would show it again. */
function DeletedCookie({ flash }: { flash: { clear?: string | undefined } }) {
  useLayoutEffect(() => {
    if (flash.clear) document.cookie = flash.clear;
  }, [flash]);
  return null;
}
