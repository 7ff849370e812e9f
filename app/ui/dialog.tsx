import { useNavigate } from "@remix-run/react";
import { useEffect, useRef, useState, type ReactNode, type SyntheticEvent } from "react";

/**
 * A dialog that a URL opens. The server renders it open over its page; JavaScript makes it modal. Closing it is going to
 * `closeTo`; focus then returns to where it was before.
 *
 * @param title its heading and accessible name
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
  // Before a field of the dialog takes the focus.
  const [opener] = useState(() => globalThis.document?.activeElement);

  useEffect(() => {
    const element = dialog.current;
    // It is open, but not modal: `open` has to go before `showModal` takes it.
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
