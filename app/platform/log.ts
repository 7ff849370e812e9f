/**
 * Logs one line of JSON: security events such as a sign-in, a refusal or a deletion, and requests.
 *
 * @param event name of the event, in kebab case
 * @param facts further fields of the line; never a token, a cookie or text that a user wrote
 */
export function logEvent(event: string, facts: Record<string, string | number>): void {
  console.log(JSON.stringify({ event, ...facts }));
}

/**
 * Logs one line of JSON about a failure, with the error's stack or message.
 *
 * @param event name of the step that failed, in kebab case
 */
export function logError(event: string, error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(JSON.stringify({ event, error: message }));
}

/** Remix's `handleError`: logs an error, except for aborted requests and for client errors (status below 500). */
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
 * Runs a step that may fail for reasons outside the app, such as an unreachable database. If it throws, logs the error.
 *
 * @param step name of the step in the log, in kebab case
 * @returns the result of `run`; undefined if it threw
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
