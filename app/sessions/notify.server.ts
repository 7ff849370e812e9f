import type { AppLoadContext } from "@remix-run/cloudflare";
import { personObject } from "../platform/durable-objects.server";
import { attempt } from "../platform/log";

/** Notifies the user's open lists and session pages that sessions have changed, after the response was sent. */
export function notifyChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  ...ids: string[]
): void {
  waitUntil(attempt("tell-changed", async () => personObject(env, userId).changed(ids, userId)));
}

/** Notifies the user's open lists that the row of a session has changed, after the response was sent. */
export function notifyListChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  id: string,
): void {
  waitUntil(attempt("tell-list", async () => personObject(env, userId).listChanged([id], userId)));
}
