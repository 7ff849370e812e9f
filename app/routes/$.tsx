import { ErrorPanel } from "../ui/error-panel";

/** The 404 page: a route of its own, so that the root loader runs and the header shows the person's name and theme. */
export function loader(): never {
  throw new Response(null, { status: 404 });
}

export const action = loader;

export default function NoPage() {
  return null;
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}
