/** The names of the list's query parameters. */
const LIST_PARAMS = ["status", "q", "repo", "idle", "sort", "cursor"] as const;

/** @returns whether a URL leaves it to the list which tab it shows, as where a person arrives: all other links name it */
export function isLanding({ pathname, searchParams }: URL): boolean {
  return pathname === "/dashboard" && !LIST_PARAMS.some((name) => searchParams.get(name));
}

/**
 * @param from the current query, of the list or of a dialog over it
 * @param page the dialog over the list, or "" for the list itself
 * @param change parameters to change; undefined removes one
 * @returns the path with the list's parameters; it always names a tab
 */
export function listPath(
  from: URLSearchParams,
  page: "" | "/new" | "/delete" = "",
  change: Partial<Record<(typeof LIST_PARAMS)[number] | "id", string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const name of LIST_PARAMS) {
    const value = name in change ? change[name] : from.get(name);
    if (value && !(name === "sort" && value === "activity")) query.set(name, value);
    else if (name === "status") query.set(name, "active");
  }
  if (change.id) query.set("id", change.id);
  return `/dashboard${page}?${query}`;
}

/**
 * @param from the list's current query
 * @returns a function from a session's id to the path of its delete dialog; so the query is read once for all rows
 */
export function deletePaths(from: URLSearchParams): (id: string) => string {
  const path = listPath(from, "/delete");
  return (id) => `${path}&id=${id}`;
}

/** @returns the path of a bulk's progress page, with the list's parameters for the way back */
export function bulkPath(from: URLSearchParams, id: string): string {
  return listPath(from).replace(/^\/dashboard/, `/bulk/${id}`);
}

/** @param chosen the ids of sessions, or "all" that match @returns the path of the dialog that deletes them */
export function deleteManyPath(from: URLSearchParams, chosen: string[] | "all"): string {
  const path = listPath(from, "/delete");
  const query = new URLSearchParams(
    chosen === "all" ? [["all", "1"]] : chosen.map((id) => ["id", id]),
  );
  return `${path}&${query}`;
}
