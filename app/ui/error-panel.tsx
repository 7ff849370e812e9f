import { isRouteErrorResponse, Link, useRouteError } from "@remix-run/react";
import { usePolling } from "./hooks/use-polling";

const UNEXPECTED = {
  title: "Something went wrong",
  text: "Ship could not do this just now. Nothing you sent is half done; try again in a moment.",
};

const OFFLINE = {
  title: "Ship cannot be reached",
  text: "This page comes back by itself as soon as it can. If you have just sent something, see then whether it is there.",
};

const BY_STATUS: Record<number, { title: string; text: string }> = {
  400: { title: "That did not make sense", text: "Ship could not read this request." },
  404: { title: "Not found", text: "There is nothing here, or it is not yours." },
  405: { title: "Not possible here", text: "This page does not take what was sent." },
  415: { title: "Not a form", text: "Ship takes what is sent as a form only." },
};

/** @returns the message that Ship's code threw; undefined for Remix's own messages, which are meant for developers */
function shipMessage(data: unknown): string | undefined {
  return typeof data === "string" && !data.startsWith("Error: ") ? data : undefined;
}

/** How often the page is revalidated while Ship cannot be reached, in milliseconds. */
const RETRY_EVERY = 3_000;

/** The messages of `fetch` errors in Chrome, Firefox and Safari when a request gets no response. */
const NO_RESPONSE =
  /^(Failed to fetch|NetworkError when attempting to fetch resource\.|Load failed)/;

/**
 * The content of a route's `ErrorBoundary`: what happened, and links to continue. Retries while Ship cannot be reached.
 *
 * @param notFound a more specific message for a 404
 */
export function ErrorPanel({ notFound }: { notFound?: string | undefined }) {
  const error = useRouteError();
  const offline = error instanceof TypeError && NO_RESPONSE.test(error.message);
  usePolling(offline, RETRY_EVERY);
  const known = isRouteErrorResponse(error) ? BY_STATUS[error.status] : undefined;
  const { title, text } = offline ? OFFLINE : (known ?? UNEXPECTED);
  const message = known && isRouteErrorResponse(error) && shipMessage(error.data);
  const specific =
    isRouteErrorResponse(error) && error.status === 404 ? (notFound ?? message) : message;
  return (
    <section className="panel mx-auto grid w-full max-w-lg justify-items-start gap-3 p-6">
      <h1 className="text-xl font-semibold" tabIndex={-1}>
        {title}
      </h1>
      <p className="text-muted">{specific || text}</p>
      <div className="flex flex-wrap gap-2">
        <Link to="/dashboard?status=active" className="button button-primary">
          Go to your sessions
        </Link>
        {!known && (
          <Link to="." reloadDocument className="button">
            Try again
          </Link>
        )}
      </div>
    </section>
  );
}
