import { useState } from "react";
import { useHydrated } from "../ui/hydrated";
import type { ConnectedRepository } from "./repositories.server";

interface RepositoryPickerProps {
  /** Newest push first. */
  repositories: ConnectedRepository[];
  /** "owner/name" of the one that was chosen before. */
  chosen?: string | undefined;
  error?: string | undefined;
}

/** Offers the connected repositories, one to choose: a plain list, and with JavaScript a search in it as one types. */
export function RepositoryPicker({ repositories, chosen, error }: RepositoryPickerProps) {
  const [search, setSearch] = useState("");
  const [picked, setPicked] = useState(chosen);
  const hydrated = useHydrated();
  const words = search.toLowerCase().split(/\s+/);
  const offered = repositories
    .map((repository) => ({ ...repository, fullName: `${repository.owner}/${repository.name}` }))
    .filter(
      ({ fullName }) =>
        fullName === picked || words.every((word) => fullName.toLowerCase().includes(word)),
    );
  return (
    <fieldset className="grid gap-2" aria-describedby={error ? "repository-error" : undefined}>
      <legend className="font-medium">Repository</legend>
      {error && (
        <p id="repository-error" className="text-danger">
          {error}
        </p>
      )}
      {hydrated && (
        <input
          type="search"
          className="field"
          aria-label="Search repositories"
          placeholder="Search"
          ref={focus}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            // It narrows the list; it is not what is sent.
            if (event.key === "Enter") event.preventDefault();
          }}
        />
      )}
      <p aria-live="polite" className="text-sm text-muted">
        {offered.length === 1 ? "1 repository" : `${offered.length} repositories`}
      </p>
      <ul className="picker">
        {offered.map(({ fullName, isPrivate }) => (
          <li key={fullName}>
            <label className="flex items-center gap-2 px-3 py-1.5">
              <input
                type="radio"
                name="repository"
                value={fullName}
                defaultChecked={fullName === chosen}
                onChange={() => setPicked(fullName)}
              />
              <span className="min-w-0 [overflow-wrap:anywhere]">{fullName}</span>
              {isPrivate && (
                <span className="status icon-private ml-auto text-sm text-muted">private</span>
              )}
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

/** Always the same function, so that the field has the focus once: when it comes. */
function focus(field: HTMLInputElement | null) {
  field?.focus();
}
