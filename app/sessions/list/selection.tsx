/**
 * Selects rows of the list. The selection is only in the checkboxes, not in React state, so most of it works without
 * JavaScript.
 */
import { useActionData, useLocation } from "@remix-run/react";
import { useEffect, useRef, type ChangeEvent, type FormEvent } from "react";
import { useHydrated } from "../../ui/hooks/use-hydrated";
import { numberText } from "../../ui/number";
import type { ListStatus } from "./list-view";

/** The checkbox that selects or deselects all rows of the page. */
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
 * The buttons for the selected rows. CSS shows them while a row is selected, and counts the rows.
 *
 * @param status the tab of the list
 * @param matching how many sessions match on all pages together; undefined if all are on this page
 * @param formKey the form's idempotency key
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
      {(status === "archived" || status === "all") && (
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

/** Clears the selection after the selected sessions were archived or restored. @returns props for the form */
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
    // The first button of the list's form does nothing: this keeps the router from submitting the form.
    if (submitter?.getAttribute("formmethod") === "dialog") event.preventDefault();
    const intent = submitter?.getAttribute("value") ?? "";
    changed.current = /^(archive|restore)-selected$/.test(intent);
  }
  return { ref: form, onSubmit };
}
