import type { AppLoadContext } from "@remix-run/cloudflare";
import { personObject } from "../platform/durable-objects.server";
import { attempt } from "../platform/log";

/** Tells the person's open pages, after the answer was sent, that sessions have changed. */
export function notifyChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  ...ids: string[]
): void {
  waitUntil(attempt("tell-changed", async () => personObject(env, userId).changed(ids)));
}

/** Tells the person's open lists, after the answer was sent, that the line of a session has changed. */
export function notifyListChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  id: string,
): void {
  waitUntil(attempt("tell-list", async () => personObject(env, userId).listChanged([id])));
}
