import type { AppLoadContext, ServerBuild } from "@remix-run/cloudflare";
import { matchRoutes, type AgnosticRouteObject } from "@remix-run/router";
import { logEvent } from "../log";

/** How many calls a request has made to D1 and to Durable Objects. */
export interface Calls {
  d1: number;
  objects: number;
}

/** Wraps D1 and the Durable Object bindings so that each use of them is counted in `calls`. */
export function countCalls(env: Env, calls: Calls): Env {
  return {
    ...env,
    DB: onCall(env.DB, "batch", () => (calls.d1 += 1)),
    SESSION_DO: onCall(env.SESSION_DO, "get", () => (calls.objects += 1)),
    PERSON_DO: onCall(env.PERSON_DO, "get", () => (calls.objects += 1)),
  };
}

/** @returns a proxy of `binding` that calls `listener` each time the method `watched` is accessed */
function onCall<Binding extends object>(
  binding: Binding,
  watched: keyof Binding,
  listener: () => void,
): Binding {
  return new Proxy(binding, {
    get(target, name) {
      if (name === watched) listener();
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

type Routes = Record<
  string,
  Pick<ServerBuild["routes"][string], "id" | "path" | "parentId"> | undefined
>;

/**
 * Prepares the matching of paths to route patterns.
 *
 * @returns a function that returns the pattern of a path, such as "/session/:id" for "/session/7"
 */
export function routePatterns(routes: Routes): (pathname: string) => string {
  const childrenOf = (parent: string | undefined): AgnosticRouteObject[] =>
    Object.values(routes).flatMap((route) =>
      route && route.parentId === parent
        ? { id: route.id, path: route.path, children: childrenOf(route.id) }
        : [],
    );
  const tree = childrenOf(undefined);
  return (pathname) => {
    const matches = matchRoutes(tree, pathname) ?? [];
    return `/${matches.flatMap(({ route }) => route.path || []).join("/")}`;
  };
}

/**
 * Logs one line of JSON about a request and its response, if LOG_REQUESTS is "true". For privacy, it has no user and
 * the route's pattern instead of the path, because paths contain ids.
 *
 * @param patternOf from `routePatterns`
 * @param context of the request; the line has the calls counted so far
 */
export function logRequest(
  { method, url }: Request,
  { status }: Response,
  patternOf: (pathname: string) => string,
  { env, now, calls }: Pick<AppLoadContext, "env" | "now" | "calls">,
): void {
  if (env.LOG_REQUESTS !== "true") return;
  const route = patternOf(new URL(url).pathname);
  logEvent("request", { method, route, status, ms: Date.now() - now, ...calls });
}
