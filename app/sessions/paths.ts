/** The query parameters that belong to the list, as they stand in the URL. */

/** The query parameters that belong to the list, as they stand in the URL. */
export const LIST_PARAMS = ["status", "q", "repo", "idle", "sort", "cursor"] as const;

/** What a list shows unless its URL says otherwise; no URL says it. */
const DEFAULTS = new Map<string, string>([
  ["status", "active"],
  ["sort", "activity"],
]);

/**
 * @param from a URL's query, of the list or of a dialog over it
 * @param change parameters to set beside those kept; an undefined one is left out
 * @returns the path of the list, or of the page of that name over it
 */
export function listPath(
  from: URLSearchParams,
  page: "" | "/new" | "/delete" = "",
  change: Partial<Record<(typeof LIST_PARAMS)[number] | "id", string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const name of LIST_PARAMS) {
    const value = name in change ? change[name] : from.get(name);
    if (value && value !== DEFAULTS.get(name)) query.set(name, value);
  }
  if (change.id) query.set("id", change.id);
  return `/dashboard${page}${query.size > 0 ? `?${query}` : ""}`;
}

/**
 * @param from a URL's query, of the list
 * @returns what gives the path of the dialog that deletes a session over that list; the query is read once for all rows
 */
export function deletePaths(from: URLSearchParams): (id: string) => string {
  const path = listPath(from, "/delete");
  const joint = path.includes("?") ? "&" : "?";
  return (id) => `${path}${joint}id=${id}`;
}

/** @returns the path of a bulk's progress page, which leads back to the list that it came from */
export function bulkPath(from: URLSearchParams, id: string): string {
  return listPath(from).replace(/^\/dashboard/, `/bulk/${id}`);
}

/** @returns the path of the dialog that asks whether to delete many sessions of a list: these, or all that match */
export function deleteManyPath(from: URLSearchParams, chosen: string[] | "all"): string {
  const path = listPath(from, "/delete");
  const query = new URLSearchParams(
    chosen === "all" ? [["all", "1"]] : chosen.map((id) => ["id", id]),
  );
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}
