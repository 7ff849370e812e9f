import type { AppLoadContext } from "@remix-run/cloudflare";
import { logEvent } from "../log";

/**
 * Writes one structured line about a request that was answered, where LOG_REQUESTS is "true". It says nothing about who
 * asked, and names the route instead of the path, because paths hold ids.
 *
 * @param route as the app's routes write it, such as "/session/:id"
 * @param context of the request: round trips and objects are those until the answer began
 */
export function logRequest(
  { method }: Request,
  { status }: Response,
  route: string,
  { env, now, calls }: Pick<AppLoadContext, "env" | "now" | "calls">,
): void {
  if (env.LOG_REQUESTS !== "true") return;
  logEvent("request", { method, route, status, ms: Date.now() - now, ...calls });
}
