/** The names of the list's query parameters. */
export const LIST_PARAMS = ["status", "q", "repo", "idle", "sort", "cursor"] as const;

/** The default values of the list's query parameters, which are left out of every URL. */
const DEFAULTS = new Map<string, string>([
  ["status", "active"],
  ["sort", "activity"],
]);

/**
 * @param from the current query, of the list or of a dialog over it
 * @param page the dialog over the list, or "" for the list itself
 * @param change parameters to change; undefined removes one
 * @returns the path with the list's parameters
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
 * @param from the list's current query
 * @returns a function from a session's id to the path of its delete dialog; so the query is read once for all rows
 */
export function deletePaths(from: URLSearchParams): (id: string) => string {
  const path = listPath(from, "/delete");
  const joint = path.includes("?") ? "&" : "?";
  return (id) => `${path}${joint}id=${id}`;
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
  return `${path}${path.includes("?") ? "&" : "?"}${query}`;
}
