import { Form, useLocation } from "@remix-run/react";
import { useState } from "react";
import type { Flash } from "../platform/http/flash.server";

/**
 * What the last action had to say. The live region is always there, so that what appears in it is read aloud. A message
 * stays until the next navigation, also when the page's data is read again; Back and Forward do not bring it back.
 *
 * @param flash as the loader read it: null when it is read again, but the same object where it is not
 */
export function FlashMessage({ flash }: { flash: Flash | null }) {
  const { key } = useLocation();
  const [shown, setShown] = useState({ flash, key, isOver: false });
  if (flash && flash !== shown.flash) setShown({ flash, key, isOver: false });
  else if (key !== shown.key) setShown({ ...shown, key, isOver: true });
  const current = shown.isOver ? null : shown.flash;
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
