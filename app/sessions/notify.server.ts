import type { AppLoadContext } from "@remix-run/cloudflare";
import { attempt } from "../platform/log";
import { personOf } from "../platform/person.server";

/** Tells the person's open pages, after the answer was sent, that sessions have changed. */
export function tellChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  ...ids: string[]
): void {
  waitUntil(attempt("tell-changed", async () => personOf(env, userId).changed(ids)));
}

/** Tells the person's open lists, after the answer was sent, that the line of a session has changed. */
export function tellListChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  id: string,
): void {
  waitUntil(attempt("tell-list", async () => personOf(env, userId).listChanged([id])));
}
