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
import { useEffect, type ReactNode } from "react";
import { claimedUser } from "./auth/auth-cookie.server";
import { readFlash } from "./platform/http/flash.server";
import { useNonce } from "./platform/http/nonce";
import { readTheme } from "./platform/http/theme.server";
import stylesheet from "./styles.css";
import { ErrorPanel } from "./ui/error-panel";
import { FlashMessage } from "./ui/flash-message";
import { unlessQueryChanges } from "./ui/hooks/should-revalidate";
import { useStepKey } from "./ui/hooks/use-step-key";
import { useSessionStorageOwner } from "./ui/hooks/use-session-storage-owner";
import { LocalTimes } from "./ui/time";

export const links: LinksFunction = () => [
  { rel: "stylesheet", href: stylesheet },
  { rel: "icon", href: "/favicon.svg", type: "image/svg+xml" },
];

export const meta: MetaFunction = () => [{ title: "Ship" }];

export async function loader({ request, context }: LoaderFunctionArgs) {
  const user = await claimedUser(request, context);
  const theme = await readTheme(request);
  const { flash, headers } = await readFlash(request, context);
  const shown = user && { id: user.id, name: user.name, avatar: user.avatar };
  return json({ user: shown, theme, flash }, { headers });
}

export const shouldRevalidate = unlessQueryChanges;

export default function App() {
  return <Outlet />;
}

export function ErrorBoundary() {
  return <ErrorPanel />;
}

/** The document around every page, and around the root's error page. */
export function Layout({ children }: { children: ReactNode }) {
  const page = useRouteLoaderData<typeof loader>("root");
  const nonce = useNonce();
  const { pathname } = useLocation();
  useFocusAfterNavigation();
  useSessionStorageOwner(page && (page.user?.id ?? ""));
  return (
    <html lang="en" data-theme={page?.theme ?? undefined}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content={page?.theme ?? "light dark"} />
        <Meta />
        <Links />
      </head>
      <body>
        <Progress />
        <header className="border-b border-line bg-surface">
          <div className="mx-auto flex max-w-6xl items-center justify-between gap-4 px-4 py-2">
            <Link to="/dashboard" className="wordmark icon-ship">
              Ship
            </Link>
            {/* Hidden on the sign-in page: an ended sign-in may have left its cookie. */}
            {page?.user && pathname !== "/login" && <SignedIn user={page.user} />}
          </div>
        </header>
        <FlashMessage flash={page?.flash ?? null} />
        <main className="mx-auto max-w-6xl px-4 py-6">
          <LocalTimes>{children}</LocalTimes>
        </main>
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
        <LiveReload nonce={nonce} />
      </body>
    </html>
  );
}

function SignedIn({ user }: { user: { name: string; avatar: string | null } }) {
  return (
    <Form method="post" action="/logout" className="flex min-w-0 items-center gap-3">
      <Link to="/account" className="flex min-w-0 items-center gap-2 text-muted hover:underline">
        {user.avatar && (
          <img src={user.avatar} alt="" width={24} height={24} className="rounded-full" />
        )}
        <span className="truncate">{user.name}</span>
        <span className="sr-only"> (your account)</span>
      </Link>
      <button className="button button-quiet">Sign out</button>
    </Form>
  );
}

function Progress() {
  const { state } = useNavigation();
  return state === "idle" ? null : <div className="progress" />;
}

/**
 * Moves the focus to the page's heading after a navigation, so that screen readers announce the page; not if the
 * focused element is still there, nor on the first load.
 */
function useFocusAfterNavigation() {
  const key = useStepKey();
  useEffect(() => {
    if (key === "default" || document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
  }, [key]);
}
