/** Sign-in with GitHub, as a GitHub App: the web flow with state and PKCE. */
import { redirect, type AppLoadContext, type Cookie } from "@remix-run/cloudflare";
import { CodeChallengeMethod, generateCodeVerifier, generateState } from "arctic";
import * as z from "zod/mini";
import {
  askApi,
  askForTokens,
  gitHubPage,
  gitHubUserId,
  oauthClient,
  type GitHubAnswer,
  type GitHubTokens,
} from "../github/client.server";
import { saveTokens } from "../github/tokens.server";
import { readCookie, serializeFitting, signedCookie } from "../platform/http/cookies.server";
import { logEvent } from "../platform/log";
import { mayUseShip, type User } from "./auth.server";
import { signIn } from "./sign-in.server";

/** Messages that the sign-in page shows after a failed sign-in, by the key in its URL (`?problem=`). */
const PROBLEMS = {
  denied: "You did not let Ship see who you are at GitHub, so you are not signed in.",
  mismatch:
    "This sign-in was not begun in this browser, took too long or was finished before. Begin it again.",
  refused: "GitHub did not accept this sign-in. Begin it again.",
  unavailable: "GitHub did not answer, so you are not signed in. Try again in a moment.",
  deleting:
    "Your account is being deleted, which takes a few minutes. Signing in after that begins an empty one.",
  "not-allowed":
    "You may not use this Ship with this account. Ask whoever runs it to let you in, or sign in with another one.",
};

type SignInProblem = keyof typeof PROBLEMS;

/**
 * @param name key of a problem, from the sign-in page's URL
 * @returns its message; null for an unknown key
 */
export function signInProblem(name: string | null): string | null {
  return name !== null && Object.hasOwn(PROBLEMS, name) ? PROBLEMS[name as SignInProblem] : null;
}

/** Value of the cookie that the browser stores while the person is at GitHub. */
const begunValue = z.object({ state: z.string(), verifier: z.string(), to: z.string() });

/** In seconds. */
const TEN_MINUTES = 10 * 60;

/**
 * Begins the sign-in with GitHub: redirects to GitHub's authorization page and stores state and PKCE verifier in a
 * cookie.
 *
 * @param to path to go to after signing in; the dashboard is used if it is too long for a cookie
 */
export async function beginGitHubSignIn(request: Request, context: AppLoadContext, to: string) {
  const begun = { state: generateState(), verifier: generateCodeVerifier(), to };
  const url = client(request, context.env).createAuthorizationURLWithPKCE(
    gitHubPage(context.env, "/login/oauth/authorize"),
    begun.state,
    CodeChallengeMethod.S256,
    begun.verifier,
    [], // A GitHub App's permissions are its own; it takes no scopes.
  );
  const cookie = await serializeFitting(
    begunCookie(request, context),
    [begun, { ...begun, to: "/dashboard" }],
    { maxAge: TEN_MINUTES },
  );
  return redirect(url.href, { headers: { "Set-Cookie": cookie } });
}

/**
 * Handles the OAuth callback.
 *
 * @returns a redirect to where the person wanted to go, signed in; or to the sign-in page, with the problem
 */
export async function finishGitHubSignIn(
  request: Request,
  context: AppLoadContext,
): Promise<Response> {
  const held = await readCookie(request, begunCookie(request, context));
  const begun = begunValue.safeParse(held);
  const { searchParams } = new URL(request.url);
  if (!begun.success || searchParams.get("state") !== begun.data.state) {
    return refuseSignIn("mismatch", undefined);
  }
  const { verifier, to } = begun.data;
  const response = await finish(request, context, searchParams, verifier, to);
  // Deleted on failure too, so that a callback URL works only once.
  response.headers.append(
    "Set-Cookie",
    await begunCookie(request, context).serialize("", { maxAge: 0 }),
  );
  return response;
}

async function finish(
  request: Request,
  context: AppLoadContext,
  returned: URLSearchParams,
  verifier: string,
  to: string,
): Promise<Response> {
  const { env, now } = context;
  const code = returned.get("code");
  if (!code)
    return refuseSignIn(returned.get("error") === "access_denied" ? "denied" : "refused", to);

  const endpoint = gitHubPage(env, "/login/oauth/access_token");
  const tokens = await askForTokens("github-code", now, () =>
    client(request, env).validateAuthorizationCode(endpoint, code, verifier),
  );
  if (tokens.problem) return refuseSignIn(tokens.problem, to);
  const user = await fetchUser(env, tokens.value, now);
  if (user.problem) return refuseSignIn(user.problem, to);
  if (!mayUseShip(request, context, user.value)) {
    return refuseSignIn("not-allowed", to, { user: user.value.id });
  }
  const saved = await saveTokens(env, user.value.id, tokens.value, now);
  return signIn(request, context, user.value, to, [saved]);
}

function fetchUser(env: Env, { access }: GitHubTokens, now: number): Promise<GitHubAnswer<User>> {
  return askApi(env, "github-user", `bearer ${access}`, now, async (api) => {
    const { data } = await api.request("GET /user");
    const { id, login, name, avatar_url } = data;
    return { id: gitHubUserId(env, id), login, name: name ?? login, avatar: avatar_url };
  });
}

/** @param who the person's id if known, logged so that the operator can add it to ALLOWED_USERS */
function refuseSignIn(
  problem: SignInProblem,
  to: string | undefined,
  who?: { user: string },
): Response {
  logEvent("sign-in-refused", { problem, ...who });
  return redirect(`/login?${new URLSearchParams({ problem, ...(to && { to }) })}`);
}

function client(request: Request, env: Env) {
  return oauthClient(env, new URL("/login/callback", request.url).href);
}

function begunCookie(request: Request, context: AppLoadContext): Cookie {
  return signedCookie("sign_in", request, context);
}
