import type { AppLoadContext, ServerBuild } from "@remix-run/cloudflare";
import { matchRoutes, type AgnosticRouteObject } from "@remix-run/router";
import { logEvent } from "../log";

/** How often a request has called D1 and Durable Objects. */
export interface Calls {
  d1: number;
  objects: number;
}

/** @returns the same bindings, which count into `calls` each time they are called */
export function countCalls(env: Env, calls: Calls): Env {
  return {
    ...env,
    DB: onCall(env.DB, "batch", () => (calls.d1 += 1)),
    SESSION_DO: onCall(env.SESSION_DO, "get", () => (calls.objects += 1)),
    PERSON_DO: onCall(env.PERSON_DO, "get", () => (calls.objects += 1)),
  };
}

/** @returns a binding that calls `listener` each time its method `watched` is used */
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

/** @returns a function that names the route of a path, such as "/session/:id" for "/session/7" */
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
 * Logs one structured line about a request that was answered, if LOG_REQUESTS is "true". It does not say who asked, and
 * names the route instead of the path, because paths hold ids.
 *
 * @param patternOf from `routePatterns`
 * @param context of the request; its calls are counted until the response began
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
