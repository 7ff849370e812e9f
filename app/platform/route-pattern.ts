import type { ServerBuild } from "@remix-run/cloudflare";

type Routes = Record<string, Pick<ServerBuild["routes"][string], "path" | "parentId"> | undefined>;

/**
 * Knows every path that the app answers.
 *
 * @returns what names the route of a path, such as "/session/:id" of "/session/7": for logs, which hold no ids
 */
export function routePatterns(routes: Routes): (pathname: string) => string {
  const patterns = Object.keys(routes).map((id) => fullPath(routes, id));
  const exactFirst = [...new Set(patterns)].sort((a, b) => parameters(a) - parameters(b));
  const known = exactFirst.map((pattern) => ({ pattern, matches: expression(pattern) }));
  return (pathname) => known.find(({ matches }) => matches.test(pathname))?.pattern ?? "none";
}

/** @returns the path of a route below those of its parents, with a slash in front */
function fullPath(routes: Routes, id: string | undefined): string {
  const route = id === undefined ? undefined : routes[id];
  if (!route) return "/";
  const above = fullPath(routes, route.parentId);
  return route.path ? `${above === "/" ? "" : above}/${route.path}` : above;
}

function parameters(pattern: string): number {
  return pattern.split("/:").length - 1;
}

/** As Remix matches: in any case, with or without a slash at the end. */
function expression(pattern: string): RegExp {
  const parts = pattern.split("/").filter(Boolean);
  const path = parts.map((part) => (part.startsWith(":") ? "/[^/]+" : `/${part}`));
  return new RegExp(`^${path.join("")}/?$`, "i");
}
