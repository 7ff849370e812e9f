import { Link, useLocation } from "@remix-run/react";
import type { Connection } from "../ui/hooks/live-socket";
import { listPath } from "./paths";
import { CLOSED } from "./protocol/live-messages";

/** Shows why a page receives no more updates, with a link that helps. */
export function ConnectionClosed({ code, reason }: Extract<Connection, { state: "closed" }>) {
  return (
    <>
      {reason} <NextStep code={code} />
    </>
  );
}

function NextStep({ code }: { code: number }) {
  const { pathname, search } = useLocation();
  switch (code) {
    case CLOSED.signedOut.code: {
      const to = `/login?${new URLSearchParams({ to: pathname + search })}`;
      return (
        <Link to={to} reloadDocument className="link">
          Sign in again
        </Link>
      );
    }
    case CLOSED.deleted.code:
    case CLOSED.notFound.code:
      return (
        <Link to={listPath(new URLSearchParams())} className="link">
          Go to your sessions
        </Link>
      );
    default:
      return (
        <Link to="." reloadDocument className="link">
          Reload the page
        </Link>
      );
  }
}
