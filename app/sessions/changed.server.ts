import type { AppLoadContext } from "@remix-run/cloudflare";
import { attempt } from "../platform/log";
import { personOf } from "../platform/person.server";

/** Tells the person's open pages, after the answer was sent, that these sessions have changed. */
export function tellChanged(
  { env, waitUntil }: AppLoadContext,
  userId: string,
  ...sessions: string[]
): void {
  waitUntil(attempt("tell-changed", async () => personOf(env, userId).changed(sessions)));
}
