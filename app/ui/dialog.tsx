import { useNavigate } from "@remix-run/react";
import { useEffect, useRef, useState, type ReactNode, type SyntheticEvent } from "react";

/**
 * A dialog with a URL of its own. The server renders it open over its page, and JavaScript makes it modal. Closing it
 * navigates to `closeTo` and returns the focus to the element that had it before.
 *
 * @param title the heading, and the accessible name
 * @param closeTo path of the page below the dialog
 */
export function Dialog({
  title,
  closeTo,
  children,
}: {
  title: string;
  closeTo: string;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const navigate = useNavigate();
  // Read during the first render, before a field of the dialog takes the focus.
  const [opener] = useState(() => globalThis.document?.activeElement);

  useEffect(() => {
    const element = dialog.current;
    // `showModal` throws if the dialog is already open without being modal.
    element?.removeAttribute("open");
    element?.showModal();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [opener]);

  function cancel(event: SyntheticEvent) {
    event.preventDefault();
    navigate(closeTo, { preventScrollReset: true });
  }

  return (
    <dialog ref={dialog} open aria-labelledby="dialog-title" onCancel={cancel}>
      <div className="grid gap-4 p-5">
        <h2 id="dialog-title" className="text-lg font-semibold">
          {title}
        </h2>
        {children}
      </div>
    </dialog>
  );
}
