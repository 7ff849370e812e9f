import { useEffect, useRef, useState } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { useShortcuts } from "../../ui/hooks/use-shortcuts";

const KEYS = [
  ["/", "search"],
  ["n", "new session"],
  ["j", "next session"],
  ["k", "previous session"],
  ["Enter", "open the session"],
  ["x", "select the session"],
  ["e", "archive or restore the session"],
  ["u", "undo"],
  ["?", "this help"],
] as const;

/** Keyboard shortcuts of the list, and a button that explains them. None of them deletes anything. */
export function ListShortcuts() {
  const [helping, setHelping] = useState(false);
  const hydrated = useHydrated();
  useShortcuts({
    "/": () => find("#search")?.focus(),
    n: () => find('a[href^="/dashboard/new"]')?.click(),
    j: () => move(1),
    k: () => move(-1),
    x: () => find(".session-table tbody tr:focus-within [name=id]")?.click(),
    e: archiveOrRestore,
    u: () => find("[role=status] button")?.click(),
    "?": () => setHelping(true),
  });
  if (!hydrated) return null;
  return (
    <>
      <button
        type="button"
        className="button button-quiet icon-keyboard mt-4 max-sm:hidden"
        aria-keyshortcuts="?"
        onClick={() => setHelping(true)}
      >
        Keyboard shortcuts
      </button>
      {helping && <Help onClose={() => setHelping(false)} />}
    </>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="shortcuts-title" onClose={onClose}>
      <form method="dialog" className="grid gap-4 p-5">
        <h2 id="shortcuts-title" className="text-lg font-semibold">
          Keyboard shortcuts
        </h2>
        <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-2">
          {KEYS.map(([key, does]) => (
            <div key={key} className="contents">
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{does}</dd>
            </div>
          ))}
        </dl>
        <button className="button justify-self-end">Close</button>
      </form>
    </dialog>
  );
}

/** Moves the focus to the link of the next or the previous row; to the first row if no row has the focus. */
function move(step: 1 | -1) {
  const rows = [...document.querySelectorAll<HTMLElement>(".session-table tbody tr")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = at === -1 ? rows[0] : rows[at + step];
  next?.querySelector<HTMLElement>("th a")?.focus();
}

/** Archives or restores the row that has the focus, and first moves the focus to a neighbouring row, which stays. */
function archiveOrRestore() {
  const row = document.activeElement?.closest(".session-table tbody tr");
  const button = row?.querySelector<HTMLElement>(
    'button[value^="archive:"], button[value^="restore:"]',
  );
  if (!button) return;
  move(row?.nextElementSibling ? 1 : -1);
  button.click();
}

function find(selector: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(selector);
}
