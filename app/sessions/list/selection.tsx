/** Selecting rows of the list. What is selected is known to the checkboxes alone: no state, and no script where it can go without. */
import { useActionData, useLocation } from "@remix-run/react";
import { useEffect, useRef, type ChangeEvent, type FormEvent } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { numberText } from "../../ui/number";
import type { ListStatus } from "./list-view";

/** Selects all rows of the page, or none. */
export function PageCheckbox() {
  const hydrated = useHydrated();
  function selectPage({ target }: ChangeEvent<HTMLInputElement>) {
    for (const box of target.form?.querySelectorAll<HTMLInputElement>("[name=id]") ?? []) {
      box.checked = target.checked;
    }
  }
  return (
    <label className={hydrated ? undefined : "invisible"}>
      <input type="checkbox" onChange={selectPage} />{" "}
      <span className="@min-[60rem]:sr-only">Select page</span>
    </label>
  );
}

/**
 * What can be done with the selected rows. CSS shows it while there are some, and counts them.
 *
 * @param status of the rows
 * @param matching how many sessions there are on all pages together, where that is more than this page
 * @param formKey makes the same form sent twice one change
 */
export function SelectionBar({
  status,
  matching,
  formKey,
}: {
  status: ListStatus;
  matching: number | undefined;
  formKey: string;
}) {
  return (
    <div role="group" aria-label="Selected sessions" className="selection-bar">
      <input type="hidden" name="key" value={formKey} />
      <span className="selection-count" />
      {matching !== undefined && (
        <label>
          <input type="checkbox" name="all" value="1" /> All {numberText(matching)} that match
        </label>
      )}
      {status !== "archived" && (
        <button name="intent" value="archive-selected" className="button icon-archive max-sm:px-2">
          Archive
        </button>
      )}
      {status !== "active" && (
        <button name="intent" value="restore-selected" className="button icon-restore max-sm:px-2">
          Restore
        </button>
      )}
      <button name="intent" value="delete-selected" className="button icon-delete max-sm:px-2">
        Delete
      </button>
    </div>
  );
}

/** Nothing is selected any more once it was archived or restored. @returns handlers for the form */
export function useSelectionReset() {
  const form = useRef<HTMLFormElement>(null);
  const changed = useRef(false);
  const { key } = useLocation();
  const failed = useActionData() !== undefined;
  useEffect(() => {
    if (changed.current && !failed) form.current?.reset();
    changed.current = false;
  }, [key, failed]);
  function onSubmit(event: FormEvent) {
    const { submitter } = event.nativeEvent as SubmitEvent;
    // The harmless button, for the router as well.
    if (submitter?.getAttribute("formmethod") === "dialog") event.preventDefault();
    const intent = submitter?.getAttribute("value") ?? "";
    changed.current = /^(archive|restore)-selected$/.test(intent);
  }
  return { ref: form, onSubmit };
}
