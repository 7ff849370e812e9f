import { Form } from "@remix-run/react";
import { useEffect, useRef, type ReactNode } from "react";
import { useClientLinks } from "../../ui/hooks/use-client-links";
import { numberText } from "../../ui/number";
import { listPath } from "../paths";
import {
  IDLE_DAYS,
  LIST_SORTS,
  SEARCH_LENGTH,
  useListQuery,
  type IdleDays,
  type ListView,
  type RepositoryCount,
} from "./list-view";

interface ListFiltersProps {
  view: ListView;
  repositories: RepositoryCount[];
  /** How many sessions have been idle for each number of days; null unless the view filters by idle time. */
  idle: Record<IdleDays, number> | null;
}

const SORT_LABELS = { activity: "Last activity", created: "Created", repository: "Repository" };

/** The search form of the list, and links that filter and sort it. */
export function ListFilters({ view, repositories, idle }: ListFiltersProps) {
  const query = useListQuery(view);
  const followLink = useClientLinks();
  const linkTo = (change: Parameters<typeof listPath>[2]) =>
    listPath(query, "", { cursor: undefined, ...change });
  return (
    <Form action="/dashboard" role="search" className="mb-4 grid gap-3" onClick={followLink}>
      {/* Only active sessions can be idle, so a search covers all sessions unless an idle time is set. */}
      <input type="hidden" name="status" value={view.idle === null ? "all" : "active"} />
      {view.idle !== null && <input type="hidden" name="idle" value={view.idle} />}
      {view.repo && <input type="hidden" name="repo" value={view.repo} />}
      {view.sort !== "activity" && <input type="hidden" name="sort" value={view.sort} />}
      <div className="flex flex-wrap gap-2">
        <SearchField searched={query.get("q") ?? ""} view={view} />
        <button className="button">Find</button>
        {query.get("q") && (
          <a href={linkTo({ q: undefined, status: undefined })} className="button button-quiet">
            Clear search
          </a>
        )}
      </div>
      <details className="filters">
        <summary className="link">
          Filter and sort
          {view.repo && <span className="text-muted"> · {view.repo}</span>}
        </summary>
        <div className="grid gap-2 pt-2 text-sm">
          <div className="flex flex-wrap gap-x-8 gap-y-2">
            {view.status !== "needs-you" && (
              <Choices label="Sort by">
                {LIST_SORTS.map((sort) => (
                  <FilterChoice key={sort} to={linkTo({ sort })} chosen={sort === view.sort}>
                    {SORT_LABELS[sort]}
                  </FilterChoice>
                ))}
              </Choices>
            )}
            {view.status === "active" && (
              <Choices label="Idle for">
                {view.idle !== null && (
                  <FilterChoice to={linkTo({ idle: undefined })} chosen={false}>
                    Any time
                  </FilterChoice>
                )}
                {IDLE_DAYS.map((days) => (
                  <FilterChoice
                    key={days}
                    to={linkTo({ idle: String(days) })}
                    chosen={days === view.idle}
                    count={idle?.[days]}
                  >
                    {`${days} days`}
                  </FilterChoice>
                ))}
              </Choices>
            )}
          </div>
          {(repositories.length > 1 || view.repo) && (
            <Choices label="Repository">
              {view.repo && (
                <FilterChoice to={linkTo({ repo: undefined })} chosen={false}>
                  All repositories
                </FilterChoice>
              )}
              {repositories.map(({ name, count }) => (
                <FilterChoice
                  key={name}
                  to={linkTo({ repo: name })}
                  chosen={name.toLowerCase() === view.repo?.toLowerCase()}
                  count={count}
                >
                  {name}
                </FilterChoice>
              ))}
            </Choices>
          )}
        </div>
      </details>
    </Form>
  );
}

/**
 * Keeps what the user is typing while the list reloads, and is reset when the searched text changes, as by the back
 * button.
 */
function SearchField({ searched, view }: { searched: string; view: ListView }) {
  const field = useRef<HTMLInputElement>(null);
  const shown = useRef(searched); // Not at first: somebody may have typed before the page was hydrated.
  useEffect(() => {
    if (field.current && searched !== shown.current) field.current.value = searched;
    shown.current = searched;
  }, [searched]);
  return (
    <>
      <label htmlFor="search" className="sr-only">
        Search
      </label>
      <input
        ref={field}
        id="search"
        type="search"
        name="q"
        defaultValue={searched}
        maxLength={SEARCH_LENGTH}
        placeholder={searchPlace(view)}
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
        className="field min-w-0 flex-1 basis-48 sm:max-w-md"
      />
    </>
  );
}

/** @returns the placeholder of the search field, which names the current filter */
function searchPlace({ repo, idle }: ListView): string {
  if (repo) return `Search in ${repo}`;
  return idle === null ? "Search: title, owner or name" : `Search those idle for ${idle} days`;
}

/** A labelled group of links. */
function Choices({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav aria-label={label} className="flex flex-wrap items-baseline gap-1">
      <span aria-hidden className="mr-1 text-muted">
        {label}
      </span>
      {children}
    </nav>
  );
}

interface ChoiceProps {
  to: string;
  chosen: boolean;
  count?: number | undefined;
  children: string;
}

/** A link that sets one filter or order, with the number of sessions that it would show. */
function FilterChoice({ to, chosen, count, children }: ChoiceProps) {
  return (
    <a href={to} aria-current={chosen ? "true" : undefined} className="chip">
      {children}
      {count !== undefined && <span> {numberText(count)}</span>}
    </a>
  );
}
