/**
 * Writes one structured line about something that matters for security: a sign-in, a refusal, a deletion.
 *
 * @param event what happened, in kebab case
 * @param facts who and what; never a token, a cookie or what somebody wrote
 */
export function logEvent(event: string, facts: Record<string, string | number>): void {
  console.log(JSON.stringify({ event, ...facts }));
}

/**
 * Writes one structured line about something that failed: what was being done, and the error's own words.
 *
 * @param event what was being done, in kebab case
 */
export function logError(event: string, error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(JSON.stringify({ event, error: message }));
}

/** Remix's `handleError`: an aborted request is nobody's failure, and neither is a page that does not exist. */
export function logUnexpected(error: unknown, { request }: { request: Request }): void {
  if (request.signal.aborted || isClientError(error)) return;
  logError(`${request.method} ${new URL(request.url).pathname}`, error);
}

function isClientError(error: unknown): boolean {
  return (
    typeof error === "object" && error !== null && "status" in error && Number(error.status) < 500
  );
}

/**
 * Runs a step that may fail for reasons outside the app, such as a database that does not answer.
 *
 * @param step what is being done, in kebab case
 * @returns what it returned; undefined, with the error logged, where it threw
 */
export async function attempt<Result>(
  step: string,
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await run();
  } catch (error) {
    logError(step, error);
    return undefined;
  }
}
