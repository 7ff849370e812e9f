import { Link, useFetcher, useSearchParams } from "@remix-run/react";
import { useEffect, useState } from "react";
import { Field } from "../ui/field";
import { useHydrated } from "../ui/hooks/use-hydrated";
import { FIND_LENGTH, GITHUB_PROBLEM, type Offer } from "./offer";
import type { ConnectedRepository } from "./repositories.server";

/** Debounce of the search, in milliseconds. */
const DEBOUNCE = 300;

interface Search {
  /** The typed text. */
  text: string;
  setText: (text: string) => void;
  /** Undefined until the first response. */
  offer: Offer | undefined;
  /** Whether `offer` does not match the typed text yet. */
  pending: boolean;
}

/**
 * Searches the connected repositories: in the browser if the page has all of them, otherwise on the server.
 *
 * @param first the offer from the page's loader; null to load it once the page is shown
 * @param find the search text of that offer
 */
export function useRepositorySearch(first: Offer | null, find: string): Search {
  // The first offer is kept, because a revalidation of the page returns none.
  const [start] = useState(first);
  const [text, setText] = useState(find);
  const { data, state, load } = useFetcher<Offer>();
  const offer = data ?? start ?? undefined;
  const wanted = text.trim();
  const pending = !offer?.complete && offer?.find !== wanted;
  useEffect(() => {
    if (state !== "idle" || !pending) return;
    const path = `/dashboard/new/repositories?${new URLSearchParams({ find: offer ? wanted : "" })}`;
    const timer = setTimeout(() => load(path), offer ? DEBOUNCE : 0);
    return () => clearTimeout(timer);
  }, [offer, pending, wanted, state, load]);
  return { text, setText, offer, pending };
}

/** The search field. Without JavaScript it is a GET form that reloads the page with `?find=`. */
export function RepositorySearchField({ text, setText }: Search) {
  const [query] = useSearchParams();
  const hydrated = useHydrated();
  return (
    <form
      action="/dashboard/new"
      role="search"
      aria-label="Repositories"
      className="flex items-end gap-2"
      onSubmit={(event) => event.preventDefault()}
    >
      {[...query]
        .filter(([name]) => name !== "find")
        .map(([name, value]) => (
          <input key={name} type="hidden" name={name} value={value} />
        ))}
      <div className="grow">
        <Field
          label="Search repositories"
          name="find"
          type="search"
          maxLength={FIND_LENGTH}
          value={text}
          onChange={(event) => setText(event.target.value)}
          autoFocus
        />
      </div>
      {!hydrated && <button className="button">Search</button>}
    </form>
  );
}

interface RepositoryPickerProps extends Search {
  /** "owner/name" of the repository that is chosen when the dialog opens. */
  chosen: string | undefined;
  error: string | undefined;
}

/** Radio buttons for the connected repositories; if there are none, the reason and links to fix it. */
export function RepositoryPicker({ chosen, error, ...search }: RepositoryPickerProps) {
  const { text, offer, pending } = search;
  const [picked, setPicked] = useState(() => parseChosen(chosen));
  const offered = offeredOf(search, picked);
  return (
    <>
      {offer?.problem && (
        <p role="alert" className="notice text-warn">
          {GITHUB_PROBLEM[offer.problem]} Your connected repositories cannot be listed.
        </p>
      )}
      <fieldset className="grid gap-2" aria-describedby={error ? "repository-error" : undefined}>
        <legend className="font-medium">Repository</legend>
        {error && (
          <p id="repository-error" className="text-danger">
            {error}
          </p>
        )}
        <p aria-live="polite" className="text-sm text-muted">
          {foundText(offer, pending, text, offered.length)}
        </p>
        {offered.length > 0 && (
          <ul className="picker">
            {offered.map((repository) => (
              <li key={fullName(repository)}>
                <label className="flex items-center gap-2 px-3 py-1.5">
                  <input
                    type="radio"
                    name="repository"
                    value={fullName(repository)}
                    defaultChecked={fullName(repository) === chosen}
                    onChange={() => setPicked(repository)}
                  />
                  <span className="min-w-0 [overflow-wrap:anywhere]">{fullName(repository)}</span>
                  {repository.isPrivate && (
                    <span className="status icon-private ml-auto text-sm text-muted">private</span>
                  )}
                </label>
              </li>
            ))}
          </ul>
        )}
      </fieldset>
      {offer && <OtherOptions offer={offer} />}
    </>
  );
}

/**
 * @returns the repositories that match the typed text, and always the picked one, so that typing does not deselect it.
 *   The server checks that it is connected before it creates a session.
 */
function offeredOf(
  { text, offer }: Search,
  picked: ConnectedRepository | undefined,
): ConnectedRepository[] {
  const parts = text.toLowerCase().split(/\s+/);
  const listed = offer?.repositories ?? [];
  const matching = listed.filter((repository) => {
    const name = fullName(repository);
    const isPicked = picked !== undefined && name === fullName(picked);
    return isPicked || parts.every((part) => name.toLowerCase().includes(part));
  });
  const isListed = listed.some((one) => picked && fullName(one) === fullName(picked));
  return picked && offer && !offer.complete && !isListed ? [picked, ...matching] : matching;
}

function foundText(
  offer: Offer | undefined,
  pending: boolean,
  text: string,
  count: number,
): string {
  if (!offer) return "Looking for your repositories…";
  if (pending) return "Searching…";
  if (offer.problem) return "";
  if (count > 0 && !offer.complete && !offer.find) {
    return `The ${count} with the newest pushes. Search to find others.`;
  }
  if (count > 0) return count === 1 ? "1 repository" : `${count} repositories`;
  return text ? "No repository matches." : "No repository is connected to Ship yet.";
}

function OtherOptions({ offer: { problem, connectMore } }: { offer: Offer }) {
  return (
    <p className="flex flex-wrap gap-4">
      {problem === "refused" && (
        <button formAction="/login?to=/dashboard/new" name="intent" value="github" className="link">
          Connect GitHub
        </button>
      )}
      {problem === "unavailable" && (
        <Link to="" reloadDocument className="link">
          Try again
        </Link>
      )}
      {connectMore && (
        <a href={connectMore} className="link">
          Connect more repositories
        </a>
      )}
    </p>
  );
}

function fullName({ owner, name }: ConnectedRepository): string {
  return `${owner}/${name}`;
}

function parseChosen(chosen: string | undefined): ConnectedRepository | undefined {
  const [owner, name] = chosen?.split("/") ?? [];
  return owner && name ? { owner, name, isPrivate: false } : undefined;
}
