import { ErrorPanel } from "../ui/error-panel";

/** A page that there is not: with the person's name and colours around it, as on every other. */
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
