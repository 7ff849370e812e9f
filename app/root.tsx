import {
  json,
  type LinksFunction,
  type LoaderFunctionArgs,
  type MetaFunction,
} from "@remix-run/cloudflare";
import {
  Form,
  Link,
  Links,
  LiveReload,
  Meta,
  Outlet,
  Scripts,
  ScrollRestoration,
  useLocation,
  useNavigation,
  useRouteLoaderData,
} from "@remix-run/react";
import { Sailboat } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import { findUser } from "./auth/auth.server";
import { takeFlash } from "./platform/flash.server";
import { useNonce } from "./platform/nonce";
import stylesheet from "./styles.css";
import { ErrorPanel } from "./ui/error-panel";
import { FlashMessage } from "./ui/flash-message";

export const links: LinksFunction = () => [
  { rel: "stylesheet", href: stylesheet },
  { rel: "icon", href: "/favicon.svg", type: "image/svg+xml" },
];

export const meta: MetaFunction = () => [{ title: "Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const user = await findUser(request, context);
  const { flash, headers } = await takeFlash(request, context);
  return json({ userName: user?.name, flash }, { headers });
}

export default function App() {
  return <Outlet />;
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}

/** The document around every page, and around the error where a page failed. */
export function Layout({ children }: { children: ReactNode }) {
  const page = useRouteLoaderData<typeof loader>("root");
  const nonce = useNonce();
  useFocusAfterNavigation();
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <Meta />
        <Links />
      </head>
      <body>
        <Progress />
        <header className="border-b border-line bg-surface">
          <div className="mx-auto flex max-w-6xl items-center justify-between gap-4 px-4 py-2">
            <Link to="/dashboard" className="flex items-center gap-2 py-1 text-lg font-semibold">
              <Sailboat aria-hidden className="size-5 text-accent" />
              Ship
            </Link>
            {page?.userName && <SignedIn userName={page.userName} />}
          </div>
        </header>
        <FlashMessage flash={page?.flash ?? null} />
        <main className="mx-auto max-w-6xl px-4 py-6">{children}</main>
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
        <LiveReload nonce={nonce} />
      </body>
    </html>
  );
}

function SignedIn({ userName }: { userName: string }) {
  return (
    <Form method="post" action="/logout" className="flex min-w-0 items-center gap-3">
      <span className="truncate text-muted">{userName}</span>
      <button className="button button-quiet">Sign out</button>
    </Form>
  );
}

function Progress() {
  const { state } = useNavigation();
  return state === "idle" ? null : <div className="progress" />;
}

/** Where a change of page or data took the focused element away, the page's heading is next to be read. */
function useFocusAfterNavigation() {
  const { key } = useLocation();
  useEffect(() => {
    if (key === "default" || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [key]);
}
